#include "CImageCodecs.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MAXIMUM_PNG_SIDE 0x7fffffff
// Text and colour profiles are of no use here; larger ones are not worth their memory.
#define MAXIMUM_ANCILLARY_CHUNK (8u << 20)

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
} source;

static void set_message(char *message, const char *text) {
  strncpy(message, text, GLINT_CODEC_MESSAGE_SIZE - 1);
  message[GLINT_CODEC_MESSAGE_SIZE - 1] = 0;
}

static void on_error(png_structp png, png_const_charp text) {
  char *message = png_get_error_ptr(png);
  if (message) set_message(message, text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->count - from->position) png_error(png, "the file ends too early");
  memcpy(target, from->bytes + from->position, count);
  from->position += count;
}

static png_structp start_reading(source *from, char *message, png_infop *info) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, on_error, on_warning);
  if (!png) {
    if (!message[0]) set_message(message, "out of memory");
    return NULL;
  }
  *info = png_create_info_struct(png);
  if (!*info) {
    set_message(message, "out of memory");
    png_destroy_read_struct(&png, NULL, NULL);
    return NULL;
  }
  png_set_read_fn(png, from, read_bytes);
  png_set_user_limits(png, MAXIMUM_PNG_SIDE, MAXIMUM_PNG_SIDE);
  png_set_chunk_malloc_max(png, MAXIMUM_ANCILLARY_CHUNK);
  return png;
}

int glint_png_read_header(const uint8_t *bytes, size_t count, glint_codec_info *result) {
  source from = {bytes, count, 0};
  png_infop info = NULL;
  memset(result, 0, sizeof *result);
  png_structp png = start_reading(&from, result->message, &info);
  if (!png) return 0;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_read_info(png, info);
  result->width = png_get_image_width(png, info);
  result->height = png_get_image_height(png, info);
  uint64_t bitsPerPixel = (uint64_t)png_get_channels(png, info) * png_get_bit_depth(png, info);
  result->minimumRawByteCount = (uint64_t)result->height * ((bitsPerPixel * result->width) / 8);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

int glint_png_read(const uint8_t *bytes, size_t count, glint_codec_info *result, uint8_t *rgba) {
  source from = {bytes, count, 0};
  png_infop info = NULL;
  result->message[0] = 0;
  png_structp png = start_reading(&from, result->message, &info);
  if (!png) return 0;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  png_read_info(png, info);
  size_t stride = (size_t)result->width * 4;
  if (png_get_image_width(png, info) != result->width || png_get_image_height(png, info) != result->height)
    png_error(png, "the size changed between two readings");

  png_set_expand(png);
  png_set_scale_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
  int passCount = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != stride) png_error(png, "the pixels do not convert to 8-bit RGBA");

  for (int pass = 0; pass < passCount; pass++)
    for (uint32_t y = 0; y < result->height; y++) png_read_row(png, rgba + y * stride, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} sink;

static void write_bytes(png_structp png, png_bytep from, size_t count) {
  sink *to = png_get_io_ptr(png);
  if (count > to->capacity - to->count) {
    size_t capacity = to->capacity * 2 > to->count + count ? to->capacity * 2 : to->count + count;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->count, from, count);
  to->count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

static int is_ascii(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text >= 0x80) return 0;
  return 1;
}

int glint_png_write(
  const void *pixels, uint32_t width, uint32_t height, int channelCount, int bitDepth, int compressionLevel,
  const glint_png_text *texts, int textCount, uint8_t **output, size_t *outputCount, char *message) {
  message[0] = 0;
  size_t stride = (size_t)width * (size_t)channelCount * (size_t)(bitDepth / 8);
  sink to = {NULL, 0, stride * height / 2 + 4096};
  png_infop info = NULL;
  png_structp png = NULL;
  to.bytes = malloc(to.capacity);
  if (to.bytes) png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, on_error, on_warning);
  if (png) info = png_create_info_struct(png);
  if (!info) {
    set_message(message, "out of memory");
    png_destroy_write_struct(&png, NULL);
    free(to.bytes);
    return 0;
  }
  // The sink changes between setjmp and longjmp, so its members are read through this pointer only.
  sink *volatile keep = &to;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(keep->bytes);
    return 0;
  }
  png_set_write_fn(png, keep, write_bytes, flush_bytes);
  png_set_user_limits(png, MAXIMUM_PNG_SIDE, MAXIMUM_PNG_SIDE);
  png_set_IHDR(
    png, info, width, height, bitDepth, channelCount == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // sRGB with the gAMA and cHRM that the PNG specification recommends beside it.
  png_set_sRGB_gAMA_and_cHRM(png, info, PNG_sRGB_INTENT_PERCEPTUAL);

  // cICP (ITU-T H.273): BT.709 primaries, sRGB transfer, RGB, full range.
#if defined(PNG_cICP_SUPPORTED)
  png_set_cICP(png, info, 1, 13, 0, 1);
#elif defined(PNG_WRITE_UNKNOWN_CHUNKS_SUPPORTED)
  png_byte codePoints[4] = {1, 13, 0, 1};
  png_unknown_chunk cicp = {{'c', 'I', 'C', 'P', 0}, codePoints, sizeof codePoints, PNG_HAVE_IHDR};
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, NULL, 0);
  png_set_unknown_chunks(png, info, &cicp, 1);
  png_set_unknown_chunk_location(png, info, 0, PNG_HAVE_IHDR);
#endif

  for (int i = 0; i < textCount; i++) {
    png_text text;
    memset(&text, 0, sizeof text);
    text.key = (png_charp)texts[i].keyword;
    text.text = (png_charp)texts[i].text;
    text.lang = text.lang_key = (png_charp) "";
    text.compression = is_ascii(texts[i].text) ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    png_set_text(png, info, &text, 1);
  }

  png_set_compression_level(png, compressionLevel);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB | PNG_FILTER_PAETH);
  png_write_info(png, info);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (bitDepth == 16) png_set_swap(png);
#endif
  for (uint32_t y = 0; y < height; y++) png_write_row(png, (png_const_bytep)pixels + y * stride);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *output = keep->bytes;
  *outputCount = keep->count;
  return 1;
}

size_t glint_zlib_compress(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity, int level) {
  uLongf size = (uLongf)capacity;
  return compress2(output, &size, bytes, (uLong)count, level) == Z_OK ? (size_t)size : 0;
}

void glint_codec_free(void *memory) { free(memory); }
