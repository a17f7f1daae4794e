// What this machine's processor can run. Compiled for the oldest processor of its kind.
#ifndef C_PROCESSOR_H
#define C_PROCESSOR_H

// Level of x86-64 (System V psABI, "micro-architecture levels") that processor and operating system support together: 1 to
// 4. On other architectures 0.
int glint_x86_64_level(void);

#endif
