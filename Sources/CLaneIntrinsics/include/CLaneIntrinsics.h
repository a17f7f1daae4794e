// The one file with machine-specific operations. Every function has a portable definition with the same result.
#ifndef C_LANE_INTRINSICS_H
#define C_LANE_INTRINSICS_H

#include <stdint.h>
#include <stddef.h>
#include <sys/mman.h>

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

typedef int32_t glint_int4 __attribute__((vector_size(16), aligned(16)));
typedef int32_t glint_int8 __attribute__((vector_size(32), aligned(32)));
typedef float glint_float8 __attribute__((vector_size(32), aligned(32)));

// Lane i's sign bit becomes bit i.
static inline __attribute__((always_inline)) uint32_t glint_movemask4(glint_int4 m) {
#if defined(__SSE4_1__)
  return (uint32_t)_mm_movemask_ps((__m128)m);
#else
  uint32_t r = 0;
  for (int i = 0; i < 4; i++) r |= ((uint32_t)m[i] >> 31) << i;
  return r;
#endif
}

static inline __attribute__((always_inline)) uint32_t glint_movemask8(glint_int8 m) {
#if defined(__AVX__)
  return (uint32_t)_mm256_movemask_ps((__m256)m);
#else
  uint32_t r = 0;
  for (int i = 0; i < 8; i++) r |= ((uint32_t)m[i] >> 31) << i;
  return r;
#endif
}

// Largest integer not above each lane.
static inline __attribute__((always_inline)) glint_float8 glint_floor8(glint_float8 x) {
#if defined(__AVX__)
  return (glint_float8)_mm256_floor_ps((__m256)x);
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = __builtin_floorf(x[i]);
  return r;
#endif
}

// Rounds towards zero; lanes that do not fit, and NaN, become INT32_MIN.
static inline __attribute__((always_inline)) glint_int8 glint_truncate8(glint_float8 x) {
#if defined(__AVX__)
  return (glint_int8)_mm256_cvttps_epi32((__m256)x);
#else
  glint_int8 r;
  for (int i = 0; i < 8; i++) r[i] = x[i] >= -2147483648.0f && x[i] < 2147483648.0f ? (int32_t)x[i] : INT32_MIN;
  return r;
#endif
}

static inline __attribute__((always_inline)) glint_float8 glint_convert8(glint_int8 x) {
#if defined(__AVX__)
  return (glint_float8)_mm256_cvtepi32_ps((__m256i)x);
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = (float)x[i];
  return r;
#endif
}

static inline __attribute__((always_inline)) glint_float8 glint_gather8(const float *base, glint_int8 index) {
#if defined(__AVX2__)
  return (glint_float8)_mm256_i32gather_ps(base, (__m256i)index, 4);
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = base[index[i]];
  return r;
#endif
}

// Correctly rounded; NaN below zero. Without the call for errno that the library's square root carries.
static inline __attribute__((always_inline)) glint_float8 glint_sqrt8(glint_float8 x) {
#if defined(__AVX__)
  return (glint_float8)_mm256_sqrt_ps((__m256)x);
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = __builtin_sqrtf(x[i]);
  return r;
#endif
}

static inline __attribute__((always_inline)) void glint_prefetch(const void *address) {
  __builtin_prefetch(address, 0, 3);
}

// Asks for huge pages behind a large, aligned allocation; a refusal costs nothing.
static inline void glint_advise_huge_pages(void *address, size_t byteCount) {
#if defined(MADV_HUGEPAGE)
  (void)madvise(address, byteCount, MADV_HUGEPAGE);
#else
  (void)address; (void)byteCount;
#endif
}

// Sets round-to-nearest and keeps denormals, whatever the thread inherited.
static inline void glint_set_float_environment(void) {
#if defined(__SSE4_1__)
  _mm_setcsr(0x1f80);
#elif defined(__aarch64__)
  uint64_t zero = 0;
  __asm__ volatile("msr fpcr, %0" : : "r"(zero));
#endif
}

#endif
