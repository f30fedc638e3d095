// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

/// Loops that the compiler turns into vector code for the CPU at hand: a layer writes its loop
/// once, as a template that is inlined into one function per instruction set.
///
///   template <class T> QUANTA_LOOP void Forward(const Task<T>& task) { ... }
///   QUANTA_VECTORIZED(NormForward, Forward, Task)
///
/// defines NormForward(const Task<float>&) and NormForward(const Task<double>&). The file is
/// compiled with the options of quanta_vectorized() in CMakeLists.txt. Sums are then made in an
/// order of the compiler's choice, which is the same in every run of one build on one machine.
namespace quanta::train {

#define QUANTA_LOOP inline __attribute__((always_inline))

#if defined(__x86_64__)
enum class VectorLevel { kBase, kAvx2, kAvx512 };

/// Of the CPU at hand; looked up once.
inline VectorLevel BestVectorLevel() {
  static const VectorLevel level = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
      return VectorLevel::kAvx512;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? VectorLevel::kAvx2
                                                                           : VectorLevel::kBase;
  }();
  return level;
}

// Both compilers think 256 bits enough unless told otherwise, each in its own way.
#if defined(__clang__)
#define QUANTA_AVX512 \
  __attribute__((target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq"), min_vector_width(512)))
#else
#define QUANTA_AVX512 \
  __attribute__((target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq,prefer-vector-width=512")))
#endif

#define QUANTA_VECTORIZED(name, loop, Task)                                             \
  __attribute__((target("avx2,fma"))) static void name##Avx2(const Task<float>& task) { \
    loop(task);                                                                         \
  }                                                                                     \
  QUANTA_AVX512 static void name##Avx512(const Task<float>& task) { loop(task); }       \
  void name(const Task<float>& task) {                                                  \
    switch (BestVectorLevel()) {                                                        \
      case VectorLevel::kAvx512:                                                        \
        return name##Avx512(task);                                                      \
      case VectorLevel::kAvx2:                                                          \
        return name##Avx2(task);                                                        \
      case VectorLevel::kBase:                                                          \
        break;                                                                          \
    }                                                                                   \
    loop(task);                                                                         \
  }                                                                                     \
  void name(const Task<double>& task) { loop(task); }
#else
#define QUANTA_VECTORIZED(name, loop, Task)          \
  void name(const Task<float>& task) { loop(task); } \
  void name(const Task<double>& task) { loop(task); }
#endif

/// e^x in a form that vectorizes; NaN stays NaN. Relative error below 2e-7; x below -87 counts
/// as -87, above 88 as 88.
QUANTA_LOOP float Exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  constexpr float kLn2High = 0.693359375f;  // few bits: n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float scaled = (x >= -87.0f ? x : -87.0f) * kLog2E;  // a number also of NaN
  const int32_t n = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
  const float whole = static_cast<float>(n);
  const float r = x - whole * kLn2High - whole * kLn2Low;
  // Taylor's series to the seventh power: |r| <= 0.35.
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>((n + 127) << 23);
}
QUANTA_LOOP double Exp(double x) { return std::exp(x); }

/// The largest of x [count], at least 1; in lanes, so that it vectorizes.
template <class T>
QUANTA_LOOP T Largest(const T* x, size_t count) {
  constexpr size_t kLanes = 16;
  T best[kLanes];
  for (size_t lane = 0; lane < kLanes; ++lane) best[lane] = x[0];
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      best[lane] = x[i + lane] > best[lane] ? x[i + lane] : best[lane];
    }
  }
  for (; i < count; ++i) best[0] = x[i] > best[0] ? x[i] : best[0];
  for (size_t lane = 1; lane < kLanes; ++lane) {
    best[0] = best[lane] > best[0] ? best[lane] : best[0];
  }
  return best[0];
}

}  // namespace quanta::train
