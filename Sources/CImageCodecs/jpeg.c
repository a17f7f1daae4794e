#include "CImageCodecs.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf escape;
  char *message;
} error_manager;

typedef struct {
  struct jpeg_progress_mgr base;
  int maximumScanCount;
} progress_manager;

static void on_error(j_common_ptr jpeg) {
  error_manager *errors = (error_manager *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(jpeg, text);
  snprintf(errors->message, GLINT_CODEC_MESSAGE_SIZE, "%s", text);
  longjmp(errors->escape, 1);
}

// libjpeg goes on with grey where a file ends too early; a texture with a missing half is an error here. Other damage is
// only worth a warning, which other decoders do not show either.
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  jpeg->err->num_warnings++;
  if (jpeg->err->msg_code != JWRN_JPEG_EOF) return;
  error_manager *errors = (error_manager *)jpeg->err;
  snprintf(errors->message, GLINT_CODEC_MESSAGE_SIZE, "the file ends too early");
  longjmp(errors->escape, 1);
}

static void on_progress(j_common_ptr jpeg) {
  progress_manager *progress = (progress_manager *)jpeg->progress;
  if (!jpeg->is_decompressor) return;
  if (((j_decompress_ptr)jpeg)->input_scan_number <= progress->maximumScanCount) return;
  error_manager *errors = (error_manager *)jpeg->err;
  snprintf(
    errors->message, GLINT_CODEC_MESSAGE_SIZE, "the file has more than %d scans", progress->maximumScanCount);
  longjmp(errors->escape, 1);
}

static void start(struct jpeg_decompress_struct *jpeg, error_manager *errors, char *message) {
  memset(jpeg, 0, sizeof *jpeg);
  message[0] = 0;
  jpeg->err = jpeg_std_error(&errors->base);
  errors->base.error_exit = on_error;
  errors->base.emit_message = on_message;
  errors->message = message;
}

int glint_jpeg_read_header(const uint8_t *bytes, size_t count, glint_codec_info *info) {
  struct jpeg_decompress_struct jpeg;
  error_manager errors;
  memset(info, 0, sizeof *info);
  start(&jpeg, &errors, info->message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, (unsigned char *)bytes, (unsigned long)count);
  jpeg_read_header(&jpeg, TRUE);
  info->width = jpeg.image_width;
  info->height = jpeg.image_height;
  jpeg_destroy_decompress(&jpeg);
  return 1;
}

// a × b ÷ 255, rounded to nearest.
static inline uint8_t product(unsigned a, unsigned b) {
  unsigned t = a * b + 128;
  return (uint8_t)((t + (t >> 8)) >> 8);
}

int glint_jpeg_read(
  const uint8_t *bytes, size_t count, glint_codec_info *info, uint8_t *rgba, int maximumScanCount) {
  struct jpeg_decompress_struct jpeg;
  error_manager errors;
  progress_manager progress;
  memset(&progress, 0, sizeof progress);
  progress.base.progress_monitor = on_progress;
  progress.maximumScanCount = maximumScanCount;
  start(&jpeg, &errors, info->message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress.base;
  jpeg_mem_src(&jpeg, (unsigned char *)bytes, (unsigned long)count);
  jpeg_read_header(&jpeg, TRUE);
  int isCmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  // Grey goes through the same path as colour: every library version can widen it to RGB.
  jpeg.out_color_space = isCmyk ? JCS_CMYK : JCS_RGB;
  jpeg.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&jpeg);
  int channelCount = jpeg.output_components;
  if (jpeg.output_width != info->width || jpeg.output_height != info->height || channelCount != (isCmyk ? 4 : 3)) {
    snprintf(info->message, GLINT_CODEC_MESSAGE_SIZE, "the picture is not RGB, grey or CMYK as its header says");
    jpeg_destroy_decompress(&jpeg);
    return 0;
  }
  // Adobe writes ink inverted: 255 is none.
  unsigned flip = jpeg.saw_Adobe_marker ? 0 : 255;
  while (jpeg.output_scanline < jpeg.output_height) {
    uint8_t *row = rgba + (size_t)jpeg.output_scanline * info->width * 4;
    JSAMPROW target = row;
    jpeg_read_scanlines(&jpeg, &target, 1);
    if (isCmyk) {
      for (uint32_t x = 0; x < info->width; x++) {
        uint8_t *p = row + 4 * (size_t)x;
        unsigned k = p[3] ^ flip;
        p[0] = product(p[0] ^ flip, k);
        p[1] = product(p[1] ^ flip, k);
        p[2] = product(p[2] ^ flip, k);
        p[3] = 255;
      }
    } else {
      // From the right, so that widening RGB to RGBA in place overwrites only what was read.
      for (uint32_t x = info->width; x-- > 0;) {
        uint8_t r = row[3 * (size_t)x], g = row[3 * (size_t)x + 1], b = row[3 * (size_t)x + 2];
        uint8_t *p = row + 4 * (size_t)x;
        p[0] = r;
        p[1] = g;
        p[2] = b;
        p[3] = 255;
      }
    }
  }
  jpeg_destroy_decompress(&jpeg);
  return 1;
}
