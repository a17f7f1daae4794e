#include "CImageCodecs.h"

#include <OpenEXR/openexr.h>
#include <stdlib.h>
#include <string.h>

// Some decoders of OpenEXR 3.1 look a few bytes past their input before they see that it has ended.
#define ALLOCATION_PADDING 64

// Zeroed, so that a chunk which unpacks to less than it should never shows old memory.
static void *allocate(size_t count) {
  return count > SIZE_MAX - ALLOCATION_PADDING ? NULL : calloc(1, count + ALLOCATION_PADDING);
}

static void on_error(exr_const_context_t context, exr_result_t code, const char *text) {
  (void)code;
  void *data = NULL;
  if (!context || exr_get_user_data(context, &data) != EXR_ERR_SUCCESS || !data) return;
  glint_exr_stream *stream = data;
  // The first report is the most exact; later ones only say what failed in consequence.
  if (!stream->message[0] && text) strncpy(stream->message, text, sizeof stream->message - 1);
}

// While a header is written the library reports with its lock held, and asking it for the stream would take that again.
static void ignore_error(exr_const_context_t context, exr_result_t code, const char *text) {
  (void)context;
  (void)code;
  (void)text;
}

// Set so that the library does not take a stream for a file of its own, which it would delete after a failure.
static void keep_stream(exr_const_context_t context, void *data, int hasFailed) {
  (void)context;
  (void)data;
  (void)hasFailed;
}

static int64_t query_size(exr_const_context_t context, void *data) {
  (void)context;
  return (int64_t)((const glint_exr_stream *)data)->inputCount;
}

static int64_t read_bytes(
  exr_const_context_t context, void *data, void *target, uint64_t count, uint64_t offset,
  exr_stream_error_func_ptr_t report) {
  (void)context;
  (void)report;
  const glint_exr_stream *stream = data;
  if (offset >= stream->inputCount) return 0;
  uint64_t rest = stream->inputCount - offset;
  if (count > rest) count = rest;
  memcpy(target, stream->input + offset, count);
  return (int64_t)count;
}

// The library goes back to fill in the table of chunks, so offsets need not grow.
static int64_t write_bytes(
  exr_const_context_t context, void *data, const void *source, uint64_t count, uint64_t offset,
  exr_stream_error_func_ptr_t report) {
  (void)context;
  (void)report;
  glint_exr_stream *stream = data;
  if (count > SIZE_MAX / 4 || offset > SIZE_MAX / 4) return -1;
  size_t end = (size_t)(offset + count);
  if (end > stream->outputCapacity) {
    size_t capacity = stream->outputCapacity * 2 > end ? stream->outputCapacity * 2 : end;
    uint8_t *grown = realloc(stream->output, capacity);
    if (!grown) return -1;
    stream->output = grown;
    stream->outputCapacity = capacity;
  }
  if (offset > stream->outputCount) memset(stream->output + stream->outputCount, 0, offset - stream->outputCount);
  memcpy(stream->output + offset, source, count);
  if (end > stream->outputCount) stream->outputCount = end;
  return (int64_t)count;
}

static exr_context_initializer_t initializer(glint_exr_stream *stream) {
  exr_context_initializer_t result = EXR_DEFAULT_CONTEXT_INITIALIZER;
  result.destroy_fn = keep_stream;
  result.alloc_fn = allocate;
  result.free_fn = free;
  result.user_data = stream;
  return result;
}

int32_t glint_exr_start_read(
  glint_exr_stream *stream, int maximumWidth, int maximumHeight, struct _priv_exr_context_t **context) {
  exr_context_initializer_t settings = initializer(stream);
  settings.error_handler_fn = on_error;
  settings.read_fn = read_bytes;
  settings.size_fn = query_size;
  settings.max_image_width = settings.max_tile_width = maximumWidth;
  settings.max_image_height = settings.max_tile_height = maximumHeight;
  settings.flags = EXR_CONTEXT_FLAG_DISABLE_CHUNK_RECONSTRUCTION;
  return exr_start_read(context, "picture", &settings);
}

int32_t glint_exr_start_write(glint_exr_stream *stream, int zipLevel, struct _priv_exr_context_t **context) {
  exr_context_initializer_t settings = initializer(stream);
  settings.error_handler_fn = ignore_error;
  settings.write_fn = write_bytes;
  settings.zip_level = zipLevel;
  return exr_start_write(context, "picture", EXR_WRITE_FILE_DIRECTLY, &settings);
}
