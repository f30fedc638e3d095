// SPDX-License-Identifier: MIT
#include "converter/schemes.h"

#include <algorithm>
#include <string_view>

#include "converter/error.h"
#include "converter/quantize.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

using format::Panel;
using format::PanelName;
using format::Role;

/// Why a matrix is not stored in this scheme; empty if nothing is against it.
std::string Against(const SourceTensor& tensor, Panel panel) {
  if (panel == Panel::kQ8 && tensor.columns > format::kMaxQ8Columns) {
    return "it has more columns than q8 can add up";
  }
  if (panel != Panel::kQ8 && panel != Panel::kQ4) return {};
  const uint64_t bytes = format::PanelBytes(panel, tensor.rows, tensor.columns);
  if (bytes < format::PanelBytes(Panel::kF16, tensor.rows, tensor.columns)) return {};
  return "it is so small that it would take more room";
}

bool ReadsValues(const SourceTensor& tensor, Panel wanted) {
  return tensor.matrix && wanted != Panel::kF32;
}

/// Whether all of `text` matches. Without going back further than to the last `*`, so that the
/// time is at most the product of the lengths.
bool MatchesGlob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace

bool SchemeRule::Matches(const SourceTensor& tensor) const {
  return tensor.matrix &&
         (MatchesGlob(pattern, tensor.name) || MatchesGlob(pattern, RoleName(tensor.role)));
}

Panel Schemes::For(const SourceTensor& tensor) const {
  const auto rule = std::find_if(rules.rbegin(), rules.rend(),
                                 [&](const SchemeRule& each) { return each.Matches(tensor); });
  if (rule != rules.rend()) return rule->panel;
  if (tensor.role == Role::kEmbedding || tensor.role == Role::kPosition) {
    return embedding.value_or(all);
  }
  return tensor.role == Role::kHead ? head.value_or(all) : all;
}

void Schemes::CheckRules(const std::vector<SourceTensor>& tensors) const {
  for (const SchemeRule& rule : rules) {
    const bool used = std::any_of(tensors.begin(), tensors.end(),
                                  [&](const SourceTensor& tensor) { return rule.Matches(tensor); });
    if (used) continue;
    throw Error(Code::kInvalidArgument, "",
                "--quant-for " + rule.pattern + " matches no matrix of this model",
                "patterns are names like those in the report of --json, or roles like 'down'");
  }
}

std::string Schemes::Text() const {
  std::string text = PanelName(all);
  if (embedding && *embedding != all) text += std::string(", embedding ") + PanelName(*embedding);
  if (head && *head != all) text += std::string(", head ") + PanelName(*head);
  for (const SchemeRule& rule : rules) text += ", " + rule.pattern + " " + PanelName(rule.panel);
  return text;
}

SchemeRule ParseSchemeRule(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == text.npos || equals == 0) {
    throw Error(Code::kInvalidArgument, "", "--quant-for " + text + " is not PATTERN=SCHEME",
                "write it like *.down_proj.*=q8");
  }
  return {text.substr(0, equals), ParseScheme(text.substr(equals + 1), "--quant-for")};
}

Panel ParseScheme(const std::string& name, const char* option) {
  for (const Panel panel : {Panel::kF32, Panel::kF16, Panel::kQ8, Panel::kQ4}) {
    if (name == PanelName(panel)) return panel;
  }
  throw Error(Code::kInvalidArgument, "", std::string("unknown ") + option + " " + name,
              "use f32, f16, q8 or q4");
}

Choice ChooseScheme(const SourceTensor& tensor, Panel wanted, Progress* progress) {
  if (!tensor.matrix) return {Panel::kF32, {}};
  if (!ReadsValues(tensor, wanted)) return {wanted, {}};
  if (!FitsF16(tensor, progress)) {
    return {Panel::kF32,
            "'" + tensor.name + "' is stored as f32: it has values beyond the range of f16"};
  }
  const std::string against = Against(tensor, wanted);
  if (against.empty()) return {wanted, {}};
  return {Panel::kF16, "'" + tensor.name + "' is stored as f16: " + against};
}

uint64_t ChooseSchemeBytes(const SourceTensor& tensor, Panel wanted) {
  return ReadsValues(tensor, wanted) ? FitsF16Bytes(tensor) : 0;
}

}  // namespace quanta::converter
