// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

static_assert(kRoles <= 32, "a set of roles is a uint32_t");
constexpr uint32_t Bit(Role role) { return 1u << static_cast<uint32_t>(role); }

constexpr uint32_t kGlobalRoles = Bit(Role::kEmbedding) | Bit(Role::kPosition) | Bit(Role::kHead) |
                                  Bit(Role::kHeadBias) | Bit(Role::kFinalNorm) |
                                  Bit(Role::kFinalNormBias);

constexpr uint32_t kVectorRoles =
    Bit(Role::kHeadBias) | Bit(Role::kFinalNorm) | Bit(Role::kFinalNormBias) |
    Bit(Role::kAttentionNorm) | Bit(Role::kAttentionNormBias) | Bit(Role::kQBias) |
    Bit(Role::kKBias) | Bit(Role::kVBias) | Bit(Role::kQNorm) | Bit(Role::kKNorm) |
    Bit(Role::kOBias) | Bit(Role::kAttentionPostNorm) | Bit(Role::kAttentionPostNormBias) |
    Bit(Role::kFfnNorm) | Bit(Role::kFfnNormBias) | Bit(Role::kGateBias) | Bit(Role::kUpBias) |
    Bit(Role::kDownBias) | Bit(Role::kFfnPostNorm) | Bit(Role::kFfnPostNormBias);

/// The roles that one layer (or the model outside its layers) must and may have.
struct RoleSets {
  uint32_t required = 0;
  uint32_t allowed = 0;

  void Require(Role role) {
    required |= Bit(role);
    allowed |= Bit(role);
  }
  void Allow(Role role) { allowed |= Bit(role); }
  void RequireWithBias(Role role, Role bias) {
    Require(role);
    Allow(bias);
  }
};

RoleSets GlobalRoles(const Architecture& a) {
  RoleSets sets;
  sets.Require(Role::kEmbedding);
  sets.Allow(Role::kPosition);
  sets.Allow(Role::kHead);
  sets.Allow(Role::kHeadBias);
  if (a.final_norm) sets.RequireWithBias(Role::kFinalNorm, Role::kFinalNormBias);
  return sets;
}

RoleSets LayerRoles(const Architecture& a) {
  RoleSets sets;
  if (a.norm_placement != NormPlacement::kPost) {
    sets.RequireWithBias(Role::kAttentionNorm, Role::kAttentionNormBias);
    sets.RequireWithBias(Role::kFfnNorm, Role::kFfnNormBias);
  }
  if (a.norm_placement != NormPlacement::kPre) {
    sets.RequireWithBias(Role::kAttentionPostNorm, Role::kAttentionPostNormBias);
    sets.RequireWithBias(Role::kFfnPostNorm, Role::kFfnPostNormBias);
  }
  sets.RequireWithBias(Role::kQ, Role::kQBias);
  sets.RequireWithBias(Role::kK, Role::kKBias);
  sets.RequireWithBias(Role::kV, Role::kVBias);
  sets.Allow(Role::kQNorm);
  sets.Allow(Role::kKNorm);
  sets.RequireWithBias(Role::kO, Role::kOBias);
  if (a.gated) sets.RequireWithBias(Role::kGate, Role::kGateBias);
  sets.RequireWithBias(Role::kUp, Role::kUpBias);
  sets.RequireWithBias(Role::kDown, Role::kDownBias);
  return sets;
}

struct Shape {
  uint32_t rows, columns;
};

Shape ShapeOf(const Architecture& a, Role role) {
  const uint32_t q = a.heads * a.head_dim;  // at most kMaxWidth
  const uint32_t kv = a.kv_heads * a.head_dim;
  switch (role) {
    case Role::kEmbedding:
    case Role::kHead:
      return {a.vocab, a.hidden};
    case Role::kPosition:
      return {a.context, a.hidden};
    case Role::kHeadBias:
      return {1, a.vocab};
    case Role::kQ:
      return {q, a.hidden};
    case Role::kQBias:
      return {1, q};
    case Role::kK:
    case Role::kV:
      return {kv, a.hidden};
    case Role::kKBias:
    case Role::kVBias:
      return {1, kv};
    case Role::kQNorm:
    case Role::kKNorm:
      return {1, a.head_dim};
    case Role::kO:
      return {a.hidden, q};
    case Role::kGate:
    case Role::kUp:
      return {a.ffn, a.hidden};
    case Role::kGateBias:
    case Role::kUpBias:
      return {1, a.ffn};
    case Role::kDown:
      return {a.hidden, a.ffn};
    case Role::kFinalNorm:
    case Role::kFinalNormBias:
    case Role::kAttentionNorm:
    case Role::kAttentionNormBias:
    case Role::kOBias:
    case Role::kAttentionPostNorm:
    case Role::kAttentionPostNormBias:
    case Role::kFfnNorm:
    case Role::kFfnNormBias:
    case Role::kDownBias:
    case Role::kFfnPostNorm:
    case Role::kFfnPostNormBias:
      break;
  }
  return {1, a.hidden};
}

/// An error about one tensor begins with its place and name.
#define QUANTA_TENSOR "tensors[%zu] '%.*s': "
#define QUANTA_TENSOR_ARGS(index, tensor) \
  index, static_cast<int>((tensor).name.size()), (tensor).name.data()

Status ValidateShape(const Architecture& a, const Tensor& t, size_t index, ErrorDetail* detail) {
  const Shape shape = ShapeOf(a, t.role);
  // A model may have learned more positions than it is used with.
  const bool rows_fit = t.role == Role::kPosition ? t.rows >= shape.rows && t.rows <= kMaxContext
                                                  : t.rows == shape.rows;
  if (!rows_fit || t.columns != shape.columns) {
    return Corrupt(detail, QUANTA_TENSOR "%s is [%u, %u], the architecture implies [%u, %u]",
                   QUANTA_TENSOR_ARGS(index, t), RoleName(t.role), t.rows, t.columns, shape.rows,
                   shape.columns);
  }
  if ((kVectorRoles & Bit(t.role)) != 0 && t.panel != Panel::kF32) {
    return Corrupt(detail, QUANTA_TENSOR "%s is stored as %s, expected f32",
                   QUANTA_TENSOR_ARGS(index, t), RoleName(t.role), PanelName(t.panel));
  }
  return {};
}

Status ValidatePlace(const Tensor& t, size_t index, uint64_t data_bytes, ErrorDetail* detail) {
  const uint64_t expected = PanelBytes(t.panel, t.rows, t.columns);
  if (expected == 0 || t.bytes != expected) {
    return Corrupt(detail, QUANTA_TENSOR "%llu bytes, %s of [%u, %u] takes %llu",
                   QUANTA_TENSOR_ARGS(index, t), static_cast<unsigned long long>(t.bytes),
                   PanelName(t.panel), t.rows, t.columns,
                   static_cast<unsigned long long>(expected));
  }
  if (t.offset % kAlign != 0) {
    return Corrupt(detail, QUANTA_TENSOR "offset %llu is not a multiple of 64",
                   QUANTA_TENSOR_ARGS(index, t), static_cast<unsigned long long>(t.offset));
  }
  if (t.offset > data_bytes || t.bytes > data_bytes - t.offset) {
    return Corrupt(detail, QUANTA_TENSOR "%llu bytes at %llu end after the data (%llu bytes)",
                   QUANTA_TENSOR_ARGS(index, t), static_cast<unsigned long long>(t.bytes),
                   static_cast<unsigned long long>(t.offset),
                   static_cast<unsigned long long>(data_bytes));
  }
  if (!std::isfinite(t.error_rms) || !std::isfinite(t.error_max) || t.error_rms < 0 ||
      t.error_max < 0) {
    return Corrupt(detail, QUANTA_TENSOR "its stated errors are %g and %g",
                   QUANTA_TENSOR_ARGS(index, t), static_cast<double>(t.error_rms),
                   static_cast<double>(t.error_max));
  }
  return {};
}

/// Which roles were seen: [0] outside the layers, [1 + layer] in each layer.
class Inventory {
 public:
  Status Init(size_t layers) {
    QUANTA_ASSIGN(seen_, Array<uint32_t>::Create(layers + 1));
    return {};
  }

  Status Add(const Tensor& t, size_t index, ErrorDetail* detail) {
    const bool global = (kGlobalRoles & Bit(t.role)) != 0;
    const bool in_range =
        global ? t.layer == -1 : t.layer >= 0 && static_cast<size_t>(t.layer) + 1 < seen_.size();
    if (!in_range) {
      return Corrupt(detail, QUANTA_TENSOR "%s cannot be in layer %d", QUANTA_TENSOR_ARGS(index, t),
                     RoleName(t.role), t.layer);
    }
    uint32_t& seen = seen_[static_cast<size_t>(t.layer + 1)];
    if ((seen & Bit(t.role)) != 0) {
      return Corrupt(detail, QUANTA_TENSOR "a second %s of layer %d", QUANTA_TENSOR_ARGS(index, t),
                     RoleName(t.role), t.layer);
    }
    seen |= Bit(t.role);
    return {};
  }

  Status Check(const Architecture& a, ErrorDetail* detail) const {
    for (size_t i = 0; i < seen_.size(); ++i) {
      const RoleSets sets = i == 0 ? GlobalRoles(a) : LayerRoles(a);
      const int layer = static_cast<int>(i) - 1;
      if (const uint32_t missing = sets.required & ~seen_[i]; missing != 0) {
        return Corrupt(detail, "tensor %s of layer %d is missing", FirstName(missing), layer);
      }
      if (const uint32_t extra = seen_[i] & ~sets.allowed; extra != 0) {
        return Corrupt(detail, "tensor %s of layer %d has no use in this architecture",
                       FirstName(extra), layer);
      }
    }
    return {};
  }

 private:
  static const char* FirstName(uint32_t roles) {
    return RoleName(static_cast<Role>(std::countr_zero(roles)));
  }

  Array<uint32_t> seen_;
};

Status CheckOverlap(const Array<Tensor>& tensors, ErrorDetail* detail) {
  QUANTA_ASSIGN(auto order, Array<uint32_t>::Create(tensors.size()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return tensors[a].offset < tensors[b].offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    const Tensor& before = tensors[order[i - 1]];
    const Tensor& t = tensors[order[i]];
    if (t.offset - before.offset >= before.bytes) continue;
    return Corrupt(detail, QUANTA_TENSOR "overlaps tensors[%u]",
                   QUANTA_TENSOR_ARGS(size_t{order[i]}, t), order[i - 1]);
  }
  return {};
}

}  // namespace

Status ValidateTensors(const Header& header, ErrorDetail* detail) {
  Inventory inventory;
  QUANTA_TRY(inventory.Init(header.architecture.layers.size()));
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    const Tensor& tensor = header.tensors[i];
    QUANTA_TRY(inventory.Add(tensor, i, detail));
    QUANTA_TRY(ValidateShape(header.architecture, tensor, i, detail));
    QUANTA_TRY(ValidatePlace(tensor, i, header.data_bytes, detail));
  }
  QUANTA_TRY(inventory.Check(header.architecture, detail));
  return CheckOverlap(header.tensors, detail);
}

}  // namespace quanta::format
