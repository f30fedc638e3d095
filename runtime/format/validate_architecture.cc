// SPDX-License-Identifier: MIT
#include <cmath>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

Status InRange(const char* name, uint64_t value, uint64_t max, ErrorDetail* detail) {
  if (value >= 1 && value <= max) return {};
  return Corrupt(detail, "architecture.%s is %llu, expected 1 to %llu", name,
                 static_cast<unsigned long long>(value), static_cast<unsigned long long>(max));
}

Status ValidateSizes(const Architecture& a, ErrorDetail* detail) {
  QUANTA_TRY(InRange("vocab", a.vocab, kMaxVocab, detail));
  QUANTA_TRY(InRange("hidden", a.hidden, kMaxWidth, detail));
  QUANTA_TRY(InRange("heads", a.heads, kMaxWidth, detail));
  QUANTA_TRY(InRange("kv_heads", a.kv_heads, a.heads, detail));
  QUANTA_TRY(InRange("head_dim", a.head_dim, kMaxWidth / a.heads, detail));
  QUANTA_TRY(InRange("ffn", a.ffn, kMaxWidth, detail));
  QUANTA_TRY(InRange("context", a.context, kMaxContext, detail));
  QUANTA_TRY(InRange("layers", a.layers.size(), kMaxLayers, detail));
  if (a.heads % a.kv_heads != 0) {
    return Corrupt(detail, "architecture.heads (%u) is not a multiple of kv_heads (%u)", a.heads,
                   a.kv_heads);
  }
  return {};
}

Status Positive(const char* name, float value, ErrorDetail* detail) {
  if (std::isfinite(value) && value > 0) return {};
  return Corrupt(detail, "architecture.%s is %g, expected a positive number", name,
                 static_cast<double>(value));
}

Status NotNegative(const char* name, float value, ErrorDetail* detail) {
  if (std::isfinite(value) && value >= 0) return {};
  return Corrupt(detail, "architecture.%s is %g, expected 0 or a positive number", name,
                 static_cast<double>(value));
}

Status ValidateFactors(const Architecture& a, ErrorDetail* detail) {
  QUANTA_TRY(Positive("norm_eps", a.norm_eps, detail));
  QUANTA_TRY(Positive("attention_scale", a.attention_scale, detail));
  QUANTA_TRY(NotNegative("attention_softcap", a.attention_softcap, detail));
  QUANTA_TRY(NotNegative("logit_softcap", a.logit_softcap, detail));
  QUANTA_TRY(Positive("embedding_scale", a.embedding_scale, detail));
  QUANTA_TRY(Positive("residual_scale", a.residual_scale, detail));
  return Positive("logit_scale", a.logit_scale, detail);
}

Status ValidateRope(const Rope& rope, size_t index, uint32_t head_dim, ErrorDetail* detail) {
  if (rope.inv_freq.empty() || rope.inv_freq.size() > head_dim / 2) {
    return Corrupt(detail, "architecture.ropes[%zu] has %zu frequencies, expected 1 to %u", index,
                   rope.inv_freq.size(), head_dim / 2);
  }
  for (size_t i = 0; i < rope.inv_freq.size(); ++i) {
    const float frequency = rope.inv_freq[i];
    if (std::isfinite(frequency) && frequency >= 0) continue;
    return Corrupt(detail, "architecture.ropes[%zu].inv_freq[%zu] is %g", index, i,
                   static_cast<double>(frequency));
  }
  if (!std::isfinite(rope.magnitude) || rope.magnitude <= 0) {
    return Corrupt(detail, "architecture.ropes[%zu].magnitude is %g", index,
                   static_cast<double>(rope.magnitude));
  }
  return {};
}

Status ValidateRopes(const Architecture& a, ErrorDetail* detail) {
  for (size_t i = 0; i < a.ropes.size(); ++i) {
    QUANTA_TRY(ValidateRope(a.ropes[i], i, a.head_dim, detail));
  }
  for (size_t i = 0; i < a.layers.size(); ++i) {
    const int32_t rope = a.layers[i].rope;
    if (rope >= -1 && rope < static_cast<int64_t>(a.ropes.size())) continue;
    return Corrupt(detail, "architecture.layers[%zu].rope is %d, there are %zu ropes", i, rope,
                   a.ropes.size());
  }
  return {};
}

}  // namespace

Status ValidateArchitecture(const Architecture& architecture, ErrorDetail* detail) {
  QUANTA_TRY(ValidateSizes(architecture, detail));
  QUANTA_TRY(ValidateFactors(architecture, detail));
  return ValidateRopes(architecture, detail);
}

}  // namespace quanta::format
