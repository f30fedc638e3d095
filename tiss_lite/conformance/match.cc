// SPDX-License-Identifier: MIT
#include "tiss_lite/conformance/case.h"

namespace quanta::lite::conformance {
namespace {

std::string Differs(const Json& expected, const Json& actual, const std::string& place) {
  constexpr auto kReplace = Json::error_handler_t::replace;
  return place + ": expected " + expected.dump(-1, ' ', false, kReplace) + ", got " +
         actual.dump(-1, ' ', false, kReplace);
}

}  // namespace

std::string Mismatch(const Json& expected, const Json& actual, const std::string& place) {
  if (expected.is_object()) {
    if (!actual.is_object()) return Differs(expected, actual, place);
    for (const auto& [key, value] : expected.items()) {
      if (!actual.contains(key)) return place + ": has no " + key;
      std::string wrong = Mismatch(value, actual[key], place + "." + key);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  if (expected.is_array()) {
    if (!actual.is_array() || actual.size() != expected.size()) {
      return Differs(expected, actual, place);
    }
    for (size_t i = 0; i < expected.size(); ++i) {
      std::string wrong = Mismatch(expected[i], actual[i], place + "[" + std::to_string(i) + "]");
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  return expected == actual ? std::string() : Differs(expected, actual, place);
}

}  // namespace quanta::lite::conformance
