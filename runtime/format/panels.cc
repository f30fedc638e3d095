// SPDX-License-Identifier: MIT
#include "runtime/format/bytes.h"
#include "runtime/format/model_view.h"

namespace quanta::format {
namespace {

constexpr const char* kPanelNames[] = {"f32", "f16", "q8", "q4"};
static_assert(sizeof(kPanelNames) / sizeof(*kPanelNames) == kPanelKinds);

constexpr const char* kRoleNames[] = {
    "embedding",
    "position",
    "head",
    "head_bias",
    "final_norm",
    "final_norm_bias",
    "attention_norm",
    "attention_norm_bias",
    "q",
    "q_bias",
    "k",
    "k_bias",
    "v",
    "v_bias",
    "q_norm",
    "k_norm",
    "o",
    "o_bias",
    "attention_post_norm",
    "attention_post_norm_bias",
    "ffn_norm",
    "ffn_norm_bias",
    "gate",
    "gate_bias",
    "up",
    "up_bias",
    "down",
    "down_bias",
    "ffn_post_norm",
    "ffn_post_norm_bias",
};
static_assert(sizeof(kRoleNames) / sizeof(*kRoleNames) == kRoles);

/// Bytes of one column strip's share: what a row of the padded matrix takes.
uint64_t BytesPerRow(Panel panel, uint64_t columns) {
  switch (panel) {
    case Panel::kF32:
      return columns * 4;
    case Panel::kF16:
      return columns * 2;
    case Panel::kQ8:
      return RoundUp(columns, 8) + 12;
    case Panel::kQ4:
      return RoundUp(columns, 32) / 32 * 18 + 8;
  }
  return 0;
}

}  // namespace

uint64_t PanelBytes(Panel panel, uint32_t rows, uint32_t columns) {
  if (rows == 0 || columns == 0) return 0;
  const bool quantized = panel == Panel::kQ8 || panel == Panel::kQ4;
  const uint64_t padded_rows = quantized ? RoundUp(rows, 16) : rows;
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(padded_rows, BytesPerRow(panel, columns), &bytes)) return 0;
  return bytes;
}

const char* PanelName(Panel panel) {
  const auto index = static_cast<size_t>(panel);
  return index < kPanelKinds ? kPanelNames[index] : "?";
}

const char* RoleName(Role role) {
  const auto index = static_cast<size_t>(role);
  return index < kRoles ? kRoleNames[index] : "?";
}

}  // namespace quanta::format
