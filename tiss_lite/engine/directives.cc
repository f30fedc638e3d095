// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/directives.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/number.h"

namespace quanta::lite {
namespace {

constexpr std::string_view kKnown[] = {
    "persona", "output",   "language", "lens",         "source_task",  "source_agent",
    "limits",  "seed",     "stop",     "compute.mode", "local.only",   "time.budget_ms",
    "quality", "retrieve", "sources",  "plan",         "cache.prefer", "requires"};

constexpr std::string_view kHints[] = {"quality", "retrieve", "sources", "cache.prefer", "plan"};

struct Mode {
  std::string_view name;
  double temperature, top_p;
};
constexpr Mode kModes[] = {{"sip", 0.1, 0.9}, {"balanced", 0.5, 0.95}, {"burst", 0.8, 0.98}};

std::string TextOf(const DirectiveStack& stack, std::string_view name) {
  const Value* value = FindDirective(stack, name);
  return value == nullptr ? std::string() : TextForm(*value);
}

/// A member of @limits, at most `most`; 0 of `most` stands for no limit.
uint32_t Clamped(const DirectiveStack& stack, std::string_view key, uint32_t fallback,
                 uint32_t most) {
  const Value* limits = FindDirective(stack, "limits");
  const Value* value = limits == nullptr ? nullptr : limits->Find(key);
  double wanted = fallback;
  if (value != nullptr) wanted = NumberOf(*value).value_or(fallback);
  const double top = most == 0 ? 1e9 : most;
  return static_cast<uint32_t>(std::clamp(std::floor(wanted), 0.0, top));
}

}  // namespace

bool IsKnownDirective(std::string_view name) {
  return std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
}

const Value* FindDirective(const DirectiveStack& stack, std::string_view name) {
  for (auto at = stack.rbegin(); at != stack.rend(); ++at) {
    if ((*at)->text == name) return &(*at)->value;
  }
  return nullptr;
}

uint32_t TokenLimit(const DirectiveStack& stack, const Limits& limits) {
  constexpr uint32_t kDefault = 128;
  return Clamped(stack, "tokens", std::min(kDefault, limits.new_tokens), limits.new_tokens);
}

void ApplyDirectives(const DirectiveStack& stack, const Limits& limits, uint64_t seed,
                     uint64_t call, AgentRequest* request) {
  constexpr double kMaxSeed = 9007199254740991;  // 2^53 - 1: whole in a double
  request->persona = TextOf(stack, "persona");
  request->lens = TextOf(stack, "lens");
  request->language = TextOf(stack, "language");
  request->json = TextOf(stack, "output") == "json";
  request->max_tokens = TokenLimit(stack, limits);
  request->context = Clamped(stack, "context", limits.context_tokens, limits.context_tokens);
  const std::string mode = TextOf(stack, "compute.mode");
  for (const Mode& known : kModes) {
    if (mode != known.name) continue;
    request->temperature = known.temperature;
    request->top_p = known.top_p;
  }
  request->seed = seed + call;
  if (const Value* value = FindDirective(stack, "seed")) {
    const double number = NumberOf(*value).value_or(-1);
    if (number >= 0 && number <= kMaxSeed) request->seed = static_cast<uint64_t>(number);
  }
  if (const Value* stop = FindDirective(stack, "stop")) {
    if (stop->is_text()) request->stop.push_back(stop->text);
    if (stop->is(Value::Kind::kList)) {
      for (const Value& item : stop->items) request->stop.push_back(TextForm(item));
    }
  }
  for (const std::string_view hint : kHints) {
    if (const Value* value = FindDirective(stack, hint)) request->hints.Set(hint, *value);
  }
}

std::string ReadRequires(const Value& value, Capabilities* wanted) {
  const bool one = value.is_text();
  if (!one && !value.is(Value::Kind::kList)) return "@requires takes a list of capabilities";
  const auto grant = [&](const Value& item) -> std::string {
    if (!item.is_text()) return "@requires takes a list of capabilities";
    const char* why = wanted->Grant(item.text);
    return why == nullptr ? std::string() : Concat("capability \"", item.text, "\": ", why);
  };
  if (one) return grant(value);
  for (const Value& item : value.items) {
    if (std::string wrong = grant(item); !wrong.empty()) return wrong;
  }
  return {};
}

bool ParseDuration(const Value& value, double* seconds) {
  double unit = 1;
  std::optional<double> number = NumberOf(value);
  if (!number && value.is_text()) {
    std::string_view text = Trim(value.text);
    const size_t length = NumberLength(text);
    const std::string_view suffix = TrimBlanks(text.substr(length));
    unit = suffix == "ms"  ? 1e-3
           : suffix == "s" ? 1
           : suffix == "m" ? 60
           : suffix == "h" ? 3600
                           : 0;
    if (unit == 0) return false;
    number = ParseNumber(text.substr(0, length));
  }
  if (!number || *number < 0) return false;
  *seconds = *number * unit;
  return true;
}

}  // namespace quanta::lite
