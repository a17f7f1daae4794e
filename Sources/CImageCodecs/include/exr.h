// Files in memory for OpenEXRCore. Its stream callbacks take a variadic function, which Swift cannot express.
#ifndef C_IMAGE_CODECS_EXR_H
#define C_IMAGE_CODECS_EXR_H

#include <stddef.h>
#include <stdint.h>

struct _priv_exr_context_t;

typedef struct {
  // The file to read; not owned.
  const uint8_t *input;
  size_t inputCount;
  // The file as written so far, from malloc. The caller frees it with `glint_codec_free`, whatever happened.
  uint8_t *output;
  size_t outputCount;
  size_t outputCapacity;
  // The first fault that the library reported in reading, zero-terminated; empty if there was no fault.
  char message[256];
} glint_exr_stream;

// Both return OpenEXRCore's result code, 0 on success. On success `*context` must be ended with `exr_finish` before `stream`
// goes away.

// Larger pictures and tiles than `maximumWidth × maximumHeight` are refused. Incomplete files are refused, not mended.
int32_t glint_exr_start_read(
  glint_exr_stream *stream, int maximumWidth, int maximumHeight, struct _priv_exr_context_t **context);

int32_t glint_exr_start_write(glint_exr_stream *stream, int zipLevel, struct _priv_exr_context_t **context);

#endif
