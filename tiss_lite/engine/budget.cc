// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/budget.h"

#include <cmath>

#include "tiss_lite/engine/directives.h"

namespace quanta::lite {

bool Budget::FindUnit(std::string_view name, Unit* unit) {
  for (const Unit each : {Unit::kApiCalls, Unit::kSeconds, Unit::kTokens}) {
    if (name != NameOf(each)) continue;
    *unit = each;
    return true;
  }
  return false;
}

const char* Budget::NameOf(Unit unit) {
  switch (unit) {
    case Unit::kApiCalls:
      return "API_CALLS";
    case Unit::kSeconds:
      return "EXECUTION_TIME";
    case Unit::kTokens:
      return "TOKEN_COUNT";
  }
  return "";
}

bool Budget::ReadLimit(Unit unit, const Value& value, double* limit) {
  if (unit == Unit::kSeconds) return ParseDuration(value, limit);
  const auto number = NumberOf(value);
  if (!number || *number < 0 || *number != std::floor(*number)) return false;
  *limit = *number;
  return true;
}

double Budget::UsedOf(Unit unit, const Usage& usage) {
  switch (unit) {
    case Unit::kApiCalls:
      return static_cast<double>(usage.api_calls);
    case Unit::kSeconds:
      return usage.seconds;
    case Unit::kTokens:
      return static_cast<double>(usage.tokens);
  }
  return 0;
}

}  // namespace quanta::lite
