// SPDX-License-Identifier: MIT
#include "train_host/plot/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "converter/error.h"

namespace quanta::train {
namespace {

/// The least of 1, 2, 5 times a power of ten that is at least `about`.
double RoundStep(double about) {
  const double power = std::pow(10, std::floor(std::log10(about)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (digit * power >= about * 0.999) return digit * power;
  }
  return 10 * power;
}

}  // namespace

Axis::Axis(Kind kind, double low, double high) : low_(low), high_(high) {
  if (kind == Kind::kFromZero) {
    low_ = std::min(low, 0.0);
    high_ = std::max(high, 0.0);
  }
  logarithmic_ = kind == Kind::kAutomatic && low > 0 && high >= 10 * low;
  if (logarithmic_) {
    low_ = std::log10(low);
    high_ = std::log10(high);
  }
  if (high_ - low_ > 1e-12 * std::max(std::abs(low_), std::abs(high_))) return;
  const double room = low_ == 0 ? 1 : std::abs(low_) / 10;
  low_ -= room;
  high_ += room;
}

double Axis::Place(double value) const {
  // What is not positive lies below a logarithmic axis.
  if (logarithmic_) value = value > 0 ? std::log10(value) : low_;
  return std::clamp((value - low_) / (high_ - low_), 0.0, 1.0);
}

std::vector<double> Axis::Ticks(int count) const {
  std::vector<double> ticks;
  if (logarithmic_) {
    // 1, 2, 5 of each decade, or whole decades if these are too many.
    const bool few = high_ - low_ < count / 2.0;
    const auto every = static_cast<int>(std::ceil((high_ - low_) / count));
    for (int decade = static_cast<int>(std::floor(low_)); decade <= high_; decade += every) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        if (digit > 1 && !few) break;
        const double value = digit * std::pow(10, decade);
        if (std::log10(value) >= low_ - 1e-9 && std::log10(value) <= high_ + 1e-9) {
          ticks.push_back(value);
        }
      }
    }
    return ticks;
  }
  const double step = RoundStep((high_ - low_) / count);
  const double first = std::ceil(low_ / step - 1e-9);
  for (int i = 0; (first + i) * step <= high_ + 1e-9 * step; ++i) {
    ticks.push_back((first + i) * step);
  }
  return ticks;
}

std::string TickText(double value) {
  using converter::Format;
  // What rounding left of 0.
  if (std::abs(value) < 1e-300) return "0";
  const double size = std::abs(value);
  if (size >= 1e9 || size < 1e-4) return Format("%.3g", value);
  if (size >= 1e6) return Format("%gM", std::round(value / 1e3) / 1e3);
  if (size >= 1e4) return Format("%gk", std::round(value / 10) / 100);
  return Format("%.4g", value);
}

}  // namespace quanta::train
