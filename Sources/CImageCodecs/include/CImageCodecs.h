// libpng and libjpeg report errors with longjmp, which must not cross a Swift frame. Here each call is one C function that
// catches its own errors and says what was wrong in plain words.
#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

#include <stddef.h>
#include <stdint.h>

#include "exr.h"

#define GLINT_CODEC_MESSAGE_SIZE 256

typedef struct {
  uint32_t width;
  uint32_t height;
  // Only of PNG: bytes that the compressed stream must unpack to at least, for a check before memory is allocated.
  uint64_t minimumRawByteCount;
  // Zero-terminated, set where a function returned 0.
  char message[GLINT_CODEC_MESSAGE_SIZE];
} glint_codec_info;

// All functions return 1, or 0 with `info->message` set.

int glint_png_read_header(const uint8_t *bytes, size_t count, glint_codec_info *info);
// `info` as filled by the header function; writes `height × width × 4` bytes RGBA, straight alpha, top row first. Values
// stay as encoded in the file: no gamma is applied; 16 bits are rounded to 8.
int glint_png_read(const uint8_t *bytes, size_t count, glint_codec_info *info, uint8_t *rgba);

int glint_jpeg_read_header(const uint8_t *bytes, size_t count, glint_codec_info *info);
// As `glint_png_read`; alpha is 255. `maximumScanCount` bounds the work that a progressive file can ask for.
int glint_jpeg_read(
  const uint8_t *bytes, size_t count, glint_codec_info *info, uint8_t *rgba, int maximumScanCount);

typedef struct {
  const char *keyword;  // 1 to 79 bytes of printable ASCII
  const char *text;     // UTF-8
} glint_png_text;

// Encodes 8- or 16-bit RGB or RGBA with sRGB colour chunks. `pixels` are bytes, or native-endian 16-bit values.
// On success `*output` is memory from malloc that the caller frees with `glint_codec_free`.
int glint_png_write(
  const void *pixels, uint32_t width, uint32_t height, int channelCount, int bitDepth, int compressionLevel,
  const glint_png_text *texts, int textCount, uint8_t **output, size_t *outputCount, char *message);

// zlib stream of `bytes` into `output`, which holds `capacity`; returns its size, or 0 where it does not fit.
size_t glint_zlib_compress(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity, int level);

void glint_codec_free(void *memory);

#endif
