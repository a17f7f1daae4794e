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
typedef float glint_float4 __attribute__((vector_size(16), aligned(16)));
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

// Lane by lane `a` where the mask's sign bit is set, else `b`. The vector types' own replacement of lanes becomes a loop for
// four lanes.
static inline __attribute__((always_inline)) glint_float4 glint_select4(glint_int4 m, glint_float4 a, glint_float4 b) {
#if defined(__SSE4_1__)
  return (glint_float4)_mm_blendv_ps((__m128)b, (__m128)a, (__m128)m);
#else
  glint_float4 r;
  for (int i = 0; i < 4; i++) r[i] = m[i] < 0 ? a[i] : b[i];
  return r;
#endif
}

// Eight bytes, zero-extended, as numbers.
static inline __attribute__((always_inline)) glint_float8 glint_load_bytes8(const void *source) {
#if defined(__AVX2__)
  return (glint_float8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)source)));
#else
  glint_float8 r;
  for (int i = 0; i < 8; i++) r[i] = (float)((const uint8_t *)source)[i];
  return r;
#endif
}

// Writes the lanes of `near` (not negative) whose bit is set in `hits`, with their references, farthest first, the last three
// bits of the mantissa cleared. Writes eight entries whatever the number of hits. Lanes as near as each other come in
// any order.
static inline __attribute__((always_inline)) void glint_store_farthest_first8(
    glint_float8 near, glint_int8 hits, const uint32_t *references, float *nearTarget, uint32_t *referenceTarget) {
#if defined(__AVX2__)
  // A key is a distance's bits with the lane's number in the last three; lanes without a hit have the least key. Bitonic
  // sorting network.
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i low = _mm256_set1_epi32(7);
  __m256i v = _mm256_or_si256(_mm256_andnot_si256(low, (__m256i)near), lanes);
  v = _mm256_and_si256(v, (__m256i)hits);
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
static inline __attribute__((always_inline)) void glint_store_hits8(
    glint_float8 near, uint32_t hits, const uint32_t *references, float *nearTarget, uint32_t *referenceTarget) {
#if defined(__AVX2__) && defined(__BMI2__)
  // Lane numbers of the set bits, packed: a byte for each.
  uint64_t expanded = _pdep_u64(hits, 0x0101010101010101ull) * 0xFF;
  uint64_t packed = _pext_u64(0x0706050403020100ull, expanded);
  __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)packed));
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
