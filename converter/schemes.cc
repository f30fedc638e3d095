// SPDX-License-Identifier: MIT
#include "converter/schemes.h"

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

}  // namespace

Panel Schemes::For(Role role) const {
  if (role == Role::kEmbedding || role == Role::kPosition) return embedding.value_or(all);
  return role == Role::kHead ? head.value_or(all) : all;
}

std::string Schemes::Text() const {
  std::string text = PanelName(all);
  if (embedding && *embedding != all) text += std::string(", embedding ") + PanelName(*embedding);
  if (head && *head != all) text += std::string(", head ") + PanelName(*head);
  return text;
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
