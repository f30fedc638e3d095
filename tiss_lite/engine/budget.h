// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tiss_lite/base/value.h"
#include "tiss_lite/engine/state.h"

namespace quanta::lite {

/// A limit on what a run uses from some moment on.
struct Budget {
  enum class Unit : uint8_t { kApiCalls, kSeconds, kTokens };
  Unit unit = Unit::kApiCalls;
  double limit = 0;
  double used_before = 0;  ///< what had been used when it was set

  /// Whether `name` is a unit.
  static bool FindUnit(std::string_view name, Unit* unit);
  static const char* NameOf(Unit unit);
  /// Reads a value of SET_BUDGET; false if a budget of that unit cannot have it.
  static bool ReadLimit(Unit unit, const Value& value, double* limit);
  static double UsedOf(Unit unit, const Usage& usage);

  double Left(const Usage& usage) const { return limit - (UsedOf(unit, usage) - used_before); }
};

}  // namespace quanta::lite
