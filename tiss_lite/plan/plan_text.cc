// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/number.h"
#include "tiss_lite/plan/planner.h"

namespace quanta::lite {
namespace {

void AddNames(const char* what, const std::set<std::string>& names, std::string* out) {
  if (names.empty()) return;
  std::string line;
  for (const std::string& name : names) {
    line.append(line.empty() ? "" : ", ").append(name);
    if (name.find("{{") != name.npos) line.append(" (depends on the run)");
  }
  out->append("  ").append(what).append(": ").append(line).append("\n");
}

void WriteNames(const char* key, const std::set<std::string>& names, JsonWriter* json) {
  json->Key(key).BeginList();
  for (const std::string& name : names) json->String(name);
  json->EndList();
}

}  // namespace

std::string PlanText(const Plan& plan) {
  constexpr size_t kIndent = 2, kNumberWidth = 5;
  std::string text;
  for (const Plan::Item& item : plan.items) {
    std::string line = std::to_string(item.line);
    line.insert(0, kNumberWidth - std::min(kNumberWidth, line.size()), ' ');
    line.append("  ").append(kIndent * item.depth, ' ').append(item.text);
    if (!item.note.empty()) line.append("  [").append(item.note).append("]");
    text.append(line).append("\n");
  }
  text += "\nneeds\n";
  AddNames("capabilities", plan.capabilities, &text);
  AddNames("tools", plan.tools, &text);
  AddNames("reads", plan.reads, &text);
  AddNames("writes", plan.writes, &text);
  const Estimate& total = plan.total;
  text += Concat("total, at most: ", std::to_string(total.api_calls), " prompts, ",
                 std::to_string(total.runs), " runs, ", std::to_string(total.writes), " writes, ",
                 std::to_string(total.tokens), " tokens\n");
  return text;
}

void WritePlan(const Plan& plan, JsonWriter* json) {
  json->BeginObject();
  json->Key("plan").BeginList();
  for (const Plan::Item& item : plan.items) {
    json->BeginObject();
    json->Key("depth").Number(static_cast<double>(item.depth));
    json->Key("line").Number(item.line);
    json->Key("text").String(item.text);
    if (!item.note.empty()) json->Key("note").String(item.note);
    json->EndObject();
  }
  json->EndList();
  json->Key("needs").BeginObject();
  WriteNames("capabilities", plan.capabilities, json);
  WriteNames("tools", plan.tools, json);
  WriteNames("reads", plan.reads, json);
  WriteNames("writes", plan.writes, json);
  json->EndObject();
  json->Key("total").BeginObject();
  json->Key("api_calls").Number(static_cast<double>(plan.total.api_calls));
  json->Key("runs").Number(static_cast<double>(plan.total.runs));
  json->Key("writes").Number(static_cast<double>(plan.total.writes));
  json->Key("tokens").Number(static_cast<double>(plan.total.tokens));
  json->Key("seconds").Number(plan.total.seconds);
  json->EndObject();
  json->Key("problems").BeginList();
  for (const Diagnostic& problem : plan.problems) WriteDiagnostic(problem, json);
  json->EndList();
  json->EndObject();
}

}  // namespace quanta::lite
