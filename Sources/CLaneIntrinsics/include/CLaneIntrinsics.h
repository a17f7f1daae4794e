// The one file with instructions of a machine. Each of them has a portable definition with the same result
// (`LaneIntrinsicsTests`), which other machines use; GLINT_PORTABLE makes all of them do so.
#ifndef C_LANE_INTRINSICS_H
#define C_LANE_INTRINSICS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#pragma clang diagnostic push
// Vectors are wider than registers where a module is compiled for any x86-64. No call passes them: all is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define GLINT_INLINE static inline __attribute__((always_inline))

// MARK: Portable, on vectors of N lanes

#define GLINT_LANES(N, ...)                                                                                            \
  typedef int32_t glint_int##N __attribute__((vector_size(4 * N), aligned(4 * N)));                                    \
  typedef float glint_float##N __attribute__((vector_size(4 * N), aligned(4 * N)));                                    \
                                                                                                                       \
  /* Lane i's sign bit becomes bit i. */                                                                               \
  GLINT_INLINE uint32_t glint_portable_movemask##N(glint_int##N m) {                                                   \
    const glint_int##N powers = {__VA_ARGS__};                                                                         \
    return (uint32_t)__builtin_reduce_or((m >> 31) & powers);                                                          \
  }                                                                                                                    \
                                                                                                                       \
  /* Rounds towards zero; lanes that do not fit, and NaN, become INT32_MIN. */                                         \
  GLINT_INLINE glint_int##N glint_portable_truncate##N(glint_float##N x) {                                             \
    const glint_int##N fits = (x >= -2147483648.0f) & (x < 2147483648.0f);                                             \
    const glint_float##N safe = (glint_float##N)((glint_int##N)x & fits);                                              \
    return (__builtin_convertvector(safe, glint_int##N) & fits) | (~fits & INT32_MIN);                                 \
  }                                                                                                                    \
                                                                                                                       \
  GLINT_INLINE glint_float##N glint_portable_gather##N(const float *base, glint_int##N index) {                        \
    glint_float##N r;                                                                                                  \
    for (int i = 0; i < N; i++) r[i] = base[index[i]];                                                                 \
    return r;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  /* Largest integer not above each lane. */                                                                           \
  GLINT_INLINE glint_float##N glint_floor##N(glint_float##N x) { return __builtin_elementwise_floor(x); }              \
                                                                                                                       \
  GLINT_INLINE glint_float##N glint_convert##N(glint_int##N x) { return __builtin_convertvector(x, glint_float##N); }  \
                                                                                                                       \
  /* Correctly rounded; NaN below zero. */                                                                             \
  GLINT_INLINE glint_float##N glint_sqrt##N(glint_float##N x) { return __builtin_elementwise_sqrt(x); }

GLINT_LANES(4, 1, 2, 4, 8)
GLINT_LANES(8, 1, 2, 4, 8, 16, 32, 64, 128)
GLINT_LANES(16, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)

// MARK: With the machine's own instructions, where it has them

GLINT_INLINE uint32_t glint_movemask4(glint_int4 m) {
#if defined(__SSE2__) && !defined(GLINT_PORTABLE)
  return (uint32_t)_mm_movemask_ps((__m128)m);
#else
  return glint_portable_movemask4(m);
#endif
}

GLINT_INLINE uint32_t glint_movemask8(glint_int8 m) {
#if defined(__AVX__) && !defined(GLINT_PORTABLE)
  return (uint32_t)_mm256_movemask_ps((__m256)m);
#else
  return glint_portable_movemask8(m);
#endif
}

GLINT_INLINE uint32_t glint_movemask16(glint_int16 m) {
#if defined(__AVX512DQ__) && !defined(GLINT_PORTABLE)
  return (uint32_t)_mm512_movepi32_mask((__m512i)m);
#else
  return glint_portable_movemask16(m);
#endif
}

GLINT_INLINE glint_int8 glint_truncate8(glint_float8 x) {
#if defined(__AVX__) && !defined(GLINT_PORTABLE)
  return (glint_int8)_mm256_cvttps_epi32((__m256)x);
#else
  return glint_portable_truncate8(x);
#endif
}

GLINT_INLINE glint_int16 glint_truncate16(glint_float16 x) {
#if defined(__AVX512F__) && !defined(GLINT_PORTABLE)
  return (glint_int16)_mm512_cvttps_epi32((__m512)x);
#else
  return glint_portable_truncate16(x);
#endif
}

GLINT_INLINE glint_float8 glint_gather8(const float *base, glint_int8 index) {
#if defined(__AVX2__) && !defined(GLINT_PORTABLE)
  return (glint_float8)_mm256_i32gather_ps(base, (__m256i)index, 4);
#else
  return glint_portable_gather8(base, index);
#endif
}

GLINT_INLINE glint_float16 glint_gather16(const float *base, glint_int16 index) {
#if defined(__AVX512F__) && !defined(GLINT_PORTABLE)
  return (glint_float16)_mm512_i32gather_ps((__m512i)index, base, 4);
#else
  return glint_portable_gather16(base, index);
#endif
}

GLINT_INLINE void glint_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#pragma clang diagnostic pop

// MARK: Operating system and thread

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
#if defined(__x86_64__)
  _mm_setcsr(0x1f80);
#elif defined(__aarch64__)
  uint64_t zero = 0;
  __asm__ volatile("msr fpcr, %0" : : "r"(zero));
#endif
}

#endif
