// SPDX-License-Identifier: MIT
#include "runtime/kernels/quant/faster_way.h"

#include <bit>
#include <chrono>

#include "runtime/kernels/quant/panels.h"

namespace quanta::kernels {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// Less is over in the time that it takes to ask for the time.
constexpr int64_t kLeastBytes = 64 << 10;

/// One lost trial may be the machine's doing.
constexpr int8_t kDoubts = 2;

int64_t Now() {
  using std::chrono::steady_clock, std::chrono::nanoseconds;
  return std::chrono::duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

SpeedTrial::Turn SpeedTrial::Next(int64_t bytes) {
  if (bytes < kLeastBytes) return {better_.load(kRelaxed), false};
  if (stay_.load(kRelaxed) > 0 && stay_.fetch_sub(bytes, kRelaxed) > 0) {
    return {better_.load(kRelaxed), false};
  }
  // Thue and Morse's sequence: however the shapes of a model repeat, both ways meet all of them.
  return {std::popcount(turns_.fetch_add(1, kRelaxed)) & 1, true};
}

void SpeedTrial::Record(int way, int64_t bytes, int64_t time) {
  totals_[way].time.fetch_add(time, kRelaxed);
  totals_[way].bytes.fetch_add(bytes, kRelaxed);
  if (totals_[0].bytes.load(kRelaxed) < kTrial || totals_[1].bytes.load(kRelaxed) < kTrial) return;
  if (deciding_.exchange(true, std::memory_order_acquire)) return;
  Decide();
  deciding_.store(false, std::memory_order_release);
}

void SpeedTrial::Decide() {
  double speed[2];
  for (int way : {0, 1}) {
    const auto bytes = static_cast<double>(totals_[way].bytes.exchange(0, kRelaxed));
    speed[way] = bytes / (static_cast<double>(totals_[way].time.exchange(0, kRelaxed)) + 1);
    // Another thread has just decided.
    if (bytes == 0) return;
  }
  const int8_t better = better_.load(kRelaxed), other = better ^ 1;
  int8_t doubts = speed[other] > speed[better] ? doubts_.load(kRelaxed) + 1 : 0;
  if (doubts == kDoubts) {
    better_.store(other, kRelaxed);
    doubts = 0;
  }
  doubts_.store(doubts, kRelaxed);
  stay_.store(kStay, kRelaxed);
}

void FasterWay::MatMul(const MatMulTile& tile) {
  if (const int forced = forced_.load(kRelaxed); forced >= 0) return ways_[forced](tile);
  const auto strips = static_cast<int64_t>((tile.end - tile.begin + kStripRows - 1) / kStripRows);
  const auto bytes = strips * static_cast<int64_t>(StripBytes(tile.w->panel, tile.w->k));
  const SpeedTrial::Turn turn = trial_.Next(bytes);
  const int64_t begin = turn.timed ? Now() : 0;
  ways_[turn.way](tile);
  if (turn.timed) trial_.Record(turn.way, bytes, Now() - begin);
}

}  // namespace quanta::kernels
