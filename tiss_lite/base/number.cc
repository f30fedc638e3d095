// SPDX-License-Identifier: MIT
#include "tiss_lite/base/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

size_t Digits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

double Convert(std::string_view text) {
#if defined(__cpp_lib_to_chars)
  double number = HUGE_VAL;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc::result_out_of_range)
    return std::strtod(std::string(text).c_str(), nullptr);
  return number;
#else  // libc++ has no std::from_chars for double yet
  return std::strtod(std::string(text).c_str(), nullptr);
#endif
}

}  // namespace

size_t NumberLength(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = Digits(text, at);
  if (whole == at) return 0;
  at = whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = Digits(text, at + 1);
    if (fraction > at + 1) at = fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
    const size_t begin = at + (sign ? 2 : 1);
    const size_t exponent = Digits(text, begin);
    if (exponent > begin) at = exponent;
  }
  return at;
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.empty() || NumberLength(text) != text.size()) return std::nullopt;
  const double number = Convert(text);
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

std::string NumberText(double number) {
  constexpr double kExactWhole = 1e15;
  char buffer[64];
  std::to_chars_result result{};
  if (number == std::floor(number) && std::fabs(number) < kExactWhole) {
    result = std::to_chars(buffer, buffer + sizeof buffer, static_cast<long long>(number));
  } else {
    result = std::to_chars(buffer, buffer + sizeof buffer, number);
  }
  return {buffer, result.ptr};
}

}  // namespace quanta::lite
