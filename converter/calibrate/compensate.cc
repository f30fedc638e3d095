// SPDX-License-Identifier: MIT
#include "converter/calibrate/compensate.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "runtime/core/thread_pool.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/quant/bf16.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"
#include "runtime/kernels/quant/scale_fit.h"

namespace quanta::converter {
namespace {

using kernels::kGroupColumns;
using kernels::kStripRows;
using kernels::Q4;

constexpr size_t kTileRows = 2 * kStripRows;

/// Scales that are tried on both sides of the one that fits a group by itself. More, or finer
/// ones, gained nothing.
constexpr int kTrials = 8;
constexpr float kTrialStep = 0.03f;

/// A number for each row of a strip: side by side, for vectors.
using Lane = float[kStripRows];
using Lanes = Lane[kGroupColumns];

/// A group of a strip.
struct Group {
  size_t begin, width;  ///< its columns
  Lanes own = {};       ///< the weights
  Lanes wanted = {};    ///< with the feedback of later groups
};

/// What became of it.
struct Rounded {
  Lanes q, error;  ///< error = own - scale * q
  Lane loss;       ///< summed over its columns
};

/// Rounds the columns of a group from the last to the first.
void RoundGroup(const Feedback& feedback, const Group& group, const Lane& scale, Rounded* out) {
  std::fill(std::begin(out->loss), std::end(out->loss), 0.0f);
  for (size_t j = group.width; j-- > 0;) {
    const float* factors = feedback.factors.Row(group.begin + j) + group.begin;
    const float weight = feedback.weights[group.begin + j];
    Lane target;
    std::copy(std::begin(group.wanted[j]), std::end(group.wanted[j]), target);
    for (size_t k = j + 1; k < group.width; ++k) {
      for (size_t row = 0; row < kStripRows; ++row) target[row] += factors[k] * out->error[k][row];
    }
    for (size_t row = 0; row < kStripRows; ++row) {
      const float q = kernels::Quantized<Q4>(target[row], scale[row]);
      const float lost = target[row] - scale[row] * q;
      out->loss[row] += weight * lost * lost;
      out->q[j][row] = q;
      out->error[j][row] = group.own[j][row] - scale[row] * q;
    }
  }
}

/// For each row the scale with the least loss.
void SearchScales(const Feedback& feedback, const Group& group, Lane& scale) {
  Lane middle;
  for (size_t row = 0; row < kStripRows; ++row) {
    float weights[kGroupColumns];
    for (size_t j = 0; j < group.width; ++j) weights[j] = group.wanted[j][row];
    middle[row] = kernels::Bf16ToFloat(kernels::QuantizeQ4(weights, group.width).scale);
  }
  std::copy(std::begin(middle), std::end(middle), scale);
  Rounded rounded;
  RoundGroup(feedback, group, scale, &rounded);
  Lane least, trial;
  std::copy(std::begin(rounded.loss), std::end(rounded.loss), least);
  for (int step = -kTrials; step <= kTrials; ++step) {
    for (size_t row = 0; row < kStripRows; ++row) {
      trial[row] = Q4::Storable(middle[row] * (1 + static_cast<float>(step) * kTrialStep));
    }
    RoundGroup(feedback, group, trial, &rounded);
    for (size_t row = 0; row < kStripRows; ++row) {
      if (rounded.loss[row] >= least[row]) continue;
      least[row] = rounded.loss[row];
      scale[row] = trial[row];
    }
  }
}

}  // namespace

void Compensation::Sums::Add(const Sums& other) {
  squares += other.squares;
  largest = std::max(largest, other.largest);
  output += other.output;
  rounding += other.rounding;
  signal += other.signal;
}

/// Rounds up to kTileRows rows at a time: the scratch of one thread.
class Compensation::Tile {
 public:
  explicit Tile(const Feedback& feedback)
      : feedback_(feedback),
        columns_(feedback.weights.size()),
        groups_(kernels::GroupsOf(columns_)),
        errors_(kTileRows * columns_),
        pulled_(kTileRows * columns_),
        q_(kTileRows * groups_ * kGroupColumns),
        scales_(kTileRows * groups_) {}

  /// `panels`: zeros.
  Sums Round(std::span<float> weights, std::byte* panels) {
    weights_ = weights;
    Sums sums;
    sums.signal = OutputSquares(weights);
    RoundAlone();
    sums.rounding = OutputSquares(std::span(errors_).first(weights.size()));
    std::fill(errors_.begin(), errors_.end(), 0.0f);
    for (size_t group = groups_; group-- > 0;) sums.output += RoundColumns(group);
    Pack(panels, &sums);
    return sums;
  }

 private:
  size_t rows() const { return weights_.size() / columns_; }

  /// pulled_ = x F^T, its columns [begin, end).
  void Pull(std::span<const float> x, size_t begin, size_t end) {
    constexpr auto kF32 = kernels::Panel::kF32;
    const auto width = static_cast<uint32_t>(columns_);
    const kernels::Weights factors = {reinterpret_cast<const std::byte*>(feedback_.factors.data()),
                                      width, width, kF32};
    kernels::Best().matmul[static_cast<size_t>(kF32)](
        {.w = &factors,
         .bias = nullptr,
         .x = x.data(),
         .y = pulled_.data(),
         .y_stride = columns_,
         .rows = static_cast<uint32_t>(x.size() / columns_),
         .begin = static_cast<uint32_t>(begin),
         .end = static_cast<uint32_t>(end)});
  }

  /// |X x^T|^2 of rows x.
  double OutputSquares(std::span<const float> x) {
    Pull(x, 0, columns_);
    double sum = 0;
    for (size_t at = 0; at < x.size(); ++at) {
      const double part = double{x[at]} + double{pulled_[at]};
      sum += double{feedback_.weights[at % columns_]} * part * part;
    }
    return sum;
  }

  /// errors_ as without feedback.
  void RoundAlone() {
    for (size_t at = 0; at < weights_.size();) {
      const size_t width = std::min(kGroupColumns, columns_ - at % columns_);
      const kernels::Q4Group group = kernels::QuantizeQ4(weights_.data() + at, width);
      const float scale = kernels::Bf16ToFloat(group.scale);
      for (size_t j = 0; j < width; ++j, ++at) {
        errors_[at] = weights_[at] - scale * static_cast<float>(group.q[j]);
      }
    }
  }

  /// Rounds a group of all rows; returns its loss.
  double RoundColumns(size_t group) {
    const size_t begin = group * kGroupColumns;
    const size_t end = std::min(columns_, begin + kGroupColumns);
    Pull(std::span(errors_).first(weights_.size()), begin, end);
    double loss = 0;
    for (size_t first = 0; first < rows(); first += kStripRows) {
      loss += RoundStrip(first, std::min(kStripRows, rows() - first), group, end - begin);
    }
    return loss;
  }

  double RoundStrip(size_t first, size_t rows, size_t group, size_t width) {
    Group strip = {group * kGroupColumns, width};
    const auto at = [&](size_t row, size_t j) {
      return (first + row) * columns_ + strip.begin + j;
    };
    for (size_t row = 0; row < rows; ++row) {
      for (size_t j = 0; j < width; ++j) {
        strip.own[j][row] = weights_[at(row, j)];
        strip.wanted[j][row] = weights_[at(row, j)] + pulled_[at(row, j)];
      }
    }
    Lane scale;
    Rounded rounded;
    SearchScales(feedback_, strip, scale);
    RoundGroup(feedback_, strip, scale, &rounded);
    double loss = 0;
    for (size_t row = 0; row < rows; ++row) {
      const size_t slot = (first + row) * groups_ + group;
      scales_[slot] = kernels::FloatToBf16(scale[row]);
      for (size_t j = 0; j < width; ++j) {
        q_[slot * kGroupColumns + j] = static_cast<int8_t>(rounded.q[j][row]);
        errors_[at(row, j)] = rounded.error[j][row];
      }
      loss += double{rounded.loss[row]};
    }
    return loss;
  }

  void Pack(std::byte* panels, Sums* sums) {
    constexpr auto kPanel = kernels::Panel::kQ4;
    for (size_t row = 0; row < rows(); ++row) {
      const size_t in_strip = row % kStripRows;
      std::byte* strip = panels + row / kStripRows * kernels::StripBytes(kPanel, columns_);
      for (size_t group = 0; group < groups_; ++group) {
        const size_t slot = row * groups_ + group;
        kernels::PackQ4Group(q_.data() + slot * kGroupColumns, scales_[slot], group, in_strip,
                             strip);
      }
      const std::span<float> weights = weights_.subspan(row * columns_, columns_);
      kernels::UnpackRow(kPanel, strip, columns_, in_strip, weights.data());
      for (size_t j = 0; j < columns_; ++j) {
        const double error = std::abs(double{errors_[row * columns_ + j]});
        sums->squares += error * error;
        sums->largest = std::max(sums->largest, error);
      }
    }
  }

  const Feedback& feedback_;
  size_t columns_, groups_;
  std::span<float> weights_;      ///< [rows, columns]
  std::vector<float> errors_;     ///< [rows, columns] weight - stored; 0: not rounded yet
  std::vector<float> pulled_;     ///< [rows, columns]
  std::vector<int8_t> q_;         ///< [rows, groups, 32], 0 beyond the columns
  std::vector<uint16_t> scales_;  ///< [rows, groups]
};

Compensation::Compensation(const Feedback& feedback, int threads)
    : feedback_(feedback), threads_(threads) {}

void Compensation::Add(std::span<float> rows) {
  const size_t columns = feedback_.weights.size();
  QUANTA_CHECK(count_ % (kStripRows * columns) == 0 && rows.size() % columns == 0);
  count_ += rows.size();
  const size_t strip_bytes = kernels::StripBytes(kernels::Panel::kQ4, columns);
  const size_t old = panels_.size();
  const size_t count = rows.size() / columns;
  panels_.resize(old + (count + kStripRows - 1) / kStripRows * strip_bytes);

  std::vector<Tile> workers(static_cast<size_t>(threads_), Tile(feedback_));
  std::vector<Sums> parts((count + kTileRows - 1) / kTileRows);
  ParallelFor(ThreadPool::Process(), parts.size(), threads_, [&](size_t tile, int worker) {
    const size_t first = tile * kTileRows;
    parts[tile] = workers[static_cast<size_t>(worker)].Round(
        rows.subspan(first * columns, std::min(kTileRows, count - first) * columns),
        panels_.data() + old + first / kStripRows * strip_bytes);
  });
  for (const Sums& part : parts) sums_.Add(part);
}

CompensatedMatrix Compensation::Finish() {
  CompensatedMatrix matrix;
  matrix.panels = std::move(panels_);
  matrix.error = {std::sqrt(sums_.squares / static_cast<double>(std::max<size_t>(count_, 1))),
                  sums_.largest};
  if (sums_.signal > 0) {
    matrix.output_error = std::sqrt(sums_.output / sums_.signal);
    matrix.rounding_error = std::sqrt(sums_.rounding / sums_.signal);
  }
  return matrix;
}

}  // namespace quanta::converter
