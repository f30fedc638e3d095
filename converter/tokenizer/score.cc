// SPDX-License-Identifier: MIT
#include "converter/tokenizer/score.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace quanta::converter {
namespace {

// 10^n, which is exact up to 22, and as exact as a literal beyond.
double PowerOfTen(int n) {
  double power = 1;
  char text[8] = "1e";
  const auto end = std::to_chars(text + 2, text + sizeof(text), n).ptr;
  std::from_chars(text, end, power);
  return power;
}

}  // namespace

double AsReferenceReads(double nearest) {
  if (nearest == 0 || !std::isfinite(nearest)) return nearest;
  // d.ddde[+-]dd
  char text[32];
  const auto end =
      std::to_chars(text, text + sizeof(text), std::fabs(nearest), std::chars_format::scientific)
          .ptr;
  uint64_t digits = 0;
  int exponent = 0;
  const char* p = text;
  for (bool fraction = false; p != end && *p != 'e'; ++p) {
    if (*p == '.') {
      fraction = true;
      continue;
    }
    digits = digits * 10 + static_cast<uint64_t>(*p - '0');
    exponent -= fraction ? 1 : 0;
  }
  int written = 0;
  std::from_chars(p + (p[1] == '+' ? 2 : 1), end, written);
  exponent += written;

  constexpr int kLargestPower = 308;
  double value = static_cast<double>(digits);
  for (; exponent < -kLargestPower; exponent += kLargestPower) value /= PowerOfTen(kLargestPower);
  value = exponent < 0 ? value / PowerOfTen(-exponent) : value * PowerOfTen(exponent);
  return std::copysign(value, nearest);
}

double ToBeReadAs(double score) {
  constexpr int kNeighbours = 4;
  double above = score, below = score;
  for (int i = 0; i <= kNeighbours; ++i) {
    if (AsReferenceReads(above) == score) return above;
    if (AsReferenceReads(below) == score) return below;
    above = std::nextafter(above, INFINITY);
    below = std::nextafter(below, -INFINITY);
  }
  return score;
}

}  // namespace quanta::converter
