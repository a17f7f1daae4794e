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

// Lane by lane `a` where the mask's sign bit is set, else `b`. The vector types' own replacement of lanes becomes a loop for
// four lanes.
GLINT_INLINE glint_float4 glint_select4(glint_int4 m, glint_float4 a, glint_float4 b) {
#if defined(__SSE4_1__) && !defined(GLINT_PORTABLE)
  return (glint_float4)_mm_blendv_ps((__m128)b, (__m128)a, (__m128)m);
#else
  glint_float4 r;
  for (int i = 0; i < 4; i++) r[i] = m[i] < 0 ? a[i] : b[i];
  return r;
#endif
}

GLINT_INLINE glint_float8 glint_select8(glint_int8 m, glint_float8 a, glint_float8 b) {
#if defined(__AVX__) && !defined(GLINT_PORTABLE)
  return (glint_float8)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)m);
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = m[i] < 0 ? a[i] : b[i];
  return r;
#endif
}

// Writes column i of the eight rows to `target + i * stride`, of any alignment.
GLINT_INLINE void glint_store_columns8(
    glint_float8 a, glint_float8 b, glint_float8 c, glint_float8 d, glint_float8 e, glint_float8 f, glint_float8 g,
    glint_float8 h, float *target, size_t stride) {
#if defined(__AVX__) && !defined(GLINT_PORTABLE)
#define GLINT_LOW(x, y) _mm256_unpacklo_ps((__m256)(x), (__m256)(y))
#define GLINT_HIGH(x, y) _mm256_unpackhi_ps((__m256)(x), (__m256)(y))
  // Pairs of rows, then fours, in halves of four columns each.
  const __m256 ab0 = GLINT_LOW(a, b), ab2 = GLINT_HIGH(a, b), cd0 = GLINT_LOW(c, d), cd2 = GLINT_HIGH(c, d);
  const __m256 ef0 = GLINT_LOW(e, f), ef2 = GLINT_HIGH(e, f), gh0 = GLINT_LOW(g, h), gh2 = GLINT_HIGH(g, h);
  const __m256 upper[4] = {
      _mm256_shuffle_ps(ab0, cd0, 0x44), _mm256_shuffle_ps(ab0, cd0, 0xEE), _mm256_shuffle_ps(ab2, cd2, 0x44),
      _mm256_shuffle_ps(ab2, cd2, 0xEE)};
  const __m256 lower[4] = {
      _mm256_shuffle_ps(ef0, gh0, 0x44), _mm256_shuffle_ps(ef0, gh0, 0xEE), _mm256_shuffle_ps(ef2, gh2, 0x44),
      _mm256_shuffle_ps(ef2, gh2, 0xEE)};
  for (size_t i = 0; i < 4; i++) {
    _mm256_storeu_ps(target + i * stride, _mm256_permute2f128_ps(upper[i], lower[i], 0x20));
    _mm256_storeu_ps(target + (i + 4) * stride, _mm256_permute2f128_ps(upper[i], lower[i], 0x31));
  }
#undef GLINT_LOW
#undef GLINT_HIGH
#else
  for (size_t i = 0; i < 8; i++) {
    float *column = target + i * stride;
    column[0] = a[i], column[1] = b[i], column[2] = c[i], column[3] = d[i];
    column[4] = e[i], column[5] = f[i], column[6] = g[i], column[7] = h[i];
  }
#endif
}

// The least and the greatest lane. No lane is NaN.
GLINT_INLINE float glint_least8(glint_float8 a) {
#if defined(__AVX__) && !defined(GLINT_PORTABLE)
  __m128 m = _mm_min_ps(_mm256_castps256_ps128((__m256)a), _mm256_extractf128_ps((__m256)a, 1));
  m = _mm_min_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_min_ss(m, _mm_movehdup_ps(m)));
#else
  float r = a[0];
  for (int i = 1; i < 8; i++) r = a[i] < r ? a[i] : r;
  return r;
#endif
}

GLINT_INLINE float glint_greatest8(glint_float8 a) { return -glint_least8(-a); }

// Numbers of a byte's set bits, lowest first, a byte each; behind them a bit that is not set, where there is one.
extern const uint64_t glint_set_bits[256];

// Writes the lanes of `near` (not negative) whose bit is set in `hits`, with their references, farthest first, the last three
// bits of the mantissa cleared. May write eight entries whatever the number of hits. Lanes as near as each other come in
// any order.
GLINT_INLINE void glint_store_farthest_first8(
    glint_float8 near, glint_int8 hits, const uint32_t *references, float *nearTarget, uint32_t *referenceTarget) {
#if defined(__AVX2__) && !defined(GLINT_PORTABLE)
  // A key is a distance's bits with the lane's number in the last three; lanes without a hit have the least key.
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i low = _mm256_set1_epi32(7);
  __m256i v = _mm256_or_si256(_mm256_andnot_si256(low, (__m256i)near), lanes);
  v = _mm256_and_si256(v, (__m256i)hits);
  const uint32_t bits = (uint32_t)_mm256_movemask_ps((__m256)hits);
  if (__builtin_expect(__builtin_popcount(bits) <= 4, 1)) {
    // Those that are hit to the front; the four of them in a bitonic network.
    __m128i x = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(
        v, _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&glint_set_bits[bits]))));
#define GLINT_STEP4(shuffle, larger)                                                                            \
  {                                                                                                             \
    __m128i p = _mm_shuffle_epi32(x, shuffle);                                                                  \
    x = _mm_blend_epi32(_mm_min_epu32(x, p), _mm_max_epu32(x, p), larger);                                      \
  }
    GLINT_STEP4(0xB1, 0x9)
    GLINT_STEP4(0x4E, 0x3)
    GLINT_STEP4(0xB1, 0x5)
#undef GLINT_STEP4
    __m256i r = _mm256_permutevar8x32_epi32(
        _mm256_loadu_si256((const __m256i *)references), _mm256_castsi128_si256(x));
    _mm_storeu_si128((__m128i *)nearTarget, _mm_andnot_si128(_mm_set1_epi32(7), x));
    _mm_storeu_si128((__m128i *)referenceTarget, _mm256_castsi256_si128(r));
    return;
  }
#define GLINT_STEP(permuted, larger)                                                                            \
  {                                                                                                             \
    __m256i p = permuted;                                                                                       \
    v = _mm256_blend_epi32(_mm256_min_epu32(v, p), _mm256_max_epu32(v, p), larger);                             \
  }
  GLINT_STEP(_mm256_shuffle_epi32(v, 0xB1), 0x99)
  GLINT_STEP(_mm256_shuffle_epi32(v, 0x4E), 0xC3)
  GLINT_STEP(_mm256_shuffle_epi32(v, 0xB1), 0xA5)
  GLINT_STEP(_mm256_permute2x128_si256(v, v, 1), 0x0F)
  GLINT_STEP(_mm256_shuffle_epi32(v, 0x4E), 0x33)
  GLINT_STEP(_mm256_shuffle_epi32(v, 0xB1), 0x55)
#undef GLINT_STEP
  __m256i r = _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)references), v);
  _mm256_storeu_si256((__m256i *)nearTarget, _mm256_andnot_si256(low, v));
  _mm256_storeu_si256((__m256i *)referenceTarget, r);
#else
  uint32_t keys[8];
  int count = 0;
  for (int i = 0; i < 8; i++) {
    if (!hits[i]) continue;
    uint32_t key = ((uint32_t)((glint_int8)near)[i] & ~7u) | (uint32_t)i;
    int place = count++;
    while (place > 0 && keys[place - 1] < key) { keys[place] = keys[place - 1]; place--; }
    keys[place] = key;
  }
  for (int i = 0; i < count; i++) {
    uint32_t bits = keys[i] & ~7u;
    __builtin_memcpy(nearTarget + i, &bits, 4);
    referenceTarget[i] = references[keys[i] & 7];
  }
#endif
}

// As glint_store_farthest_first8, but in the order of the lanes.
GLINT_INLINE void glint_store_hits8(
    glint_float8 near, uint32_t hits, const uint32_t *references, float *nearTarget, uint32_t *referenceTarget) {
#if defined(__AVX2__) && !defined(GLINT_PORTABLE)
  __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)&glint_set_bits[hits]));
  _mm256_storeu_ps(nearTarget, _mm256_permutevar8x32_ps((__m256)near, order));
  _mm256_storeu_si256((__m256i *)referenceTarget,
      _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)references), order));
#else
  int count = 0;
  for (int i = 0; i < 8; i++) {
    if (!(hits >> i & 1)) continue;
    nearTarget[count] = near[i];
    referenceTarget[count++] = references[i];
  }
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
