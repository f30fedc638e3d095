// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/kernels/kernels.h"

/// Two ways of the same product, of which the processor decides which is the faster one: where its
/// maker cannot be asked, as in a browser, they are tried. Their results are the same to the bit,
/// so that a wrong guess costs time only.
namespace quanta::kernels {

/// What the trials say so far. Any thread may call anything at any time.
class SpeedTrial {
 public:
  /// Bytes of weights that each way takes in a trial: a few milliseconds, while the clocks of
  /// browsers step by 0.1 or 1. (One that steps by more makes the choice a guess.)
  static constexpr int64_t kTrial = int64_t{32} << 20;
  /// Bytes that the better one takes until the next trial, as the machine's other work changes: a
  /// fraction of a second. A way that is half as fast then costs less than a hundredth.
  static constexpr int64_t kStay = 128 * kTrial;

  struct Turn {
    int way;     ///< 0 or 1
    bool timed;  ///< Record() is to be told
  };
  /// The way for the next product, with weights of so many bytes.
  Turn Next(int64_t bytes);

  /// `way` took so many nanoseconds for that many bytes.
  void Record(int way, int64_t bytes, int64_t time);

 private:
  struct Total {
    std::atomic<int64_t> bytes{0}, time{0};
  };

  void Decide();

  Total totals_[2];
  std::atomic<uint32_t> turns_{0};
  std::atomic<int64_t> stay_{0};  ///< bytes until the next trial
  std::atomic<int8_t> better_{0};
  std::atomic<int8_t> doubts_{1};  ///< trials that the other one won, one after the other
  std::atomic<bool> deciding_{false};
};

/// KernelTable::matmul by the faster of two, for one row.
class FasterWay {
 public:
  using Function = void (*)(const MatMulTile&);
  constexpr FasterWay(Function first, Function second) : ways_{first, second} {}

  void MatMul(const MatMulTile& tile);

  /// For tests: all go this way, 0 or 1; with -1 the faster one again.
  static void Force(int way) { forced_.store(way, std::memory_order_relaxed); }

 private:
  static constinit inline std::atomic<int> forced_ = -1;

  Function ways_[2];
  SpeedTrial trial_;
};

}  // namespace quanta::kernels
