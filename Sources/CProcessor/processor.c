#include "CProcessor.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

struct registers {
  uint32_t a, b, c, d;
};

// All zero where the processor does not know the leaf.
static struct registers leaf(uint32_t number, uint32_t part) {
  struct registers r = {0, 0, 0, 0};
  if (__get_cpuid_count(number, part, &r.a, &r.b, &r.c, &r.d) == 0) memset(&r, 0, sizeof r);
  return r;
}

// Register files that the operating system saves; only where OSXSAVE says that it may be asked.
static uint32_t saved_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static int has(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

int glint_x86_64_level(void) {
  const uint32_t level2_c = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT;
  const uint32_t level3_c = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C;
  const uint32_t level3_b = bit_BMI | bit_AVX2 | bit_BMI2;
  const uint32_t level4_b = bit_AVX512F | bit_AVX512DQ | bit_AVX512CD | bit_AVX512BW | bit_AVX512VL;
  const uint32_t lahf = 1, lzcnt = 1u << 5;        // leaf 0x80000001, ecx
  const uint32_t ymm = 0x6, zmm = 0xe0 | ymm;      // XCR0: SSE and AVX; opmask, upper halves, upper registers
  const struct registers basic = leaf(1, 0), wide = leaf(7, 0), more = leaf(0x80000001, 0);
  if (!has(basic.c, level2_c) || !has(more.c, lahf)) return 1;
  if (!has(basic.c, level3_c) || !has(wide.b, level3_b) || !has(more.c, lzcnt)) return 2;
  const uint32_t saved = saved_state();
  if (!has(saved, ymm)) return 2;
  return has(wide.b, level4_b) && has(saved, zmm) ? 4 : 3;
}

// Ends the program on a processor that cannot run it, before anything else of it runs: functions that several modules
// share, such as arrays of integers, may have been taken from those that are compiled for level 3.
__attribute__((constructor(101))) static void require_level3(void) {
  if (glint_x86_64_level() >= 3) return;
  static const char text[] =
      "glint: error: this processor cannot run Glint. It needs x86-64 with AVX2, FMA, BMI2 and F16C (x86-64-v3: Intel\n"
      "since Haswell, 2013; AMD since Excavator, 2015), switched on by operating system and hypervisor.\n";
  ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
  (void)written;
  _exit(70);
}

#else

int glint_x86_64_level(void) { return 0; }

#endif
