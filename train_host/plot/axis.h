// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace quanta::train {

/// An axis that holds all it was shown: linear, or logarithmic for positive values over a wide
/// range.
class Axis {
 public:
  enum class Kind {
    kTight,      ///< linear, from the least to the largest value
    kFromZero,   ///< linear, 0 included
    kAutomatic,  ///< logarithmic if all values are positive and the largest is 10 times the least
  };

  /// `low` <= `high`, both finite; if equal, there is room on both sides.
  Axis(Kind kind, double low, double high);

  /// 0 at the low end, 1 at the high one.
  double Place(double value) const;
  bool logarithmic() const { return logarithmic_; }

  /// Round values between the ends, about `count` of them.
  std::vector<double> Ticks(int count) const;

 private:
  double low_, high_;  // of values, or of their logarithms
  bool logarithmic_ = false;
};

/// A number as a person would write it at a tick: 0.003, 1200, 1.5e-05, 25k.
std::string TickText(double value);

}  // namespace quanta::train
