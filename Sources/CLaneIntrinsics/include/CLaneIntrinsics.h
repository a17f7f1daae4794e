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
