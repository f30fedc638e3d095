// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/format/bytes.h"
#include "runtime/format/limits.h"
#include "runtime/format/roles.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

/// An error about one tensor begins with its place and name.
#define QUANTA_TENSOR "tensors[%zu] '%.*s': "
#define QUANTA_TENSOR_ARGS(index, tensor) \
  index, static_cast<int>((tensor).name.size()), (tensor).name.data()

Status ValidateShape(const Architecture& a, const Tensor& t, size_t index, ErrorDetail* detail) {
  const RoleShape shape = ShapeOf(a, t.role);
  // A model may have learned more positions than it is used with.
  const bool rows_fit = t.role == Role::kPosition ? t.rows >= shape.rows && t.rows <= kMaxContext
                                                  : t.rows == shape.rows;
  if (!rows_fit || t.columns != shape.columns) {
    return Corrupt(detail, QUANTA_TENSOR "%s is [%u, %u], the architecture implies [%u, %u]",
                   QUANTA_TENSOR_ARGS(index, t), RoleName(t.role), t.rows, t.columns, shape.rows,
                   shape.columns);
  }
  if (IsVectorRole(t.role) && t.panel != Panel::kF32) {
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
    const bool global = IsModelRole(t.role);
    const bool in_range =
        global ? t.layer == -1 : t.layer >= 0 && static_cast<size_t>(t.layer) + 1 < seen_.size();
    if (!in_range) {
      return Corrupt(detail, QUANTA_TENSOR "%s cannot be in layer %d", QUANTA_TENSOR_ARGS(index, t),
                     RoleName(t.role), t.layer);
    }
    uint32_t& seen = seen_[static_cast<size_t>(t.layer + 1)];
    if ((seen & RoleBit(t.role)) != 0) {
      return Corrupt(detail, QUANTA_TENSOR "a second %s of layer %d", QUANTA_TENSOR_ARGS(index, t),
                     RoleName(t.role), t.layer);
    }
    seen |= RoleBit(t.role);
    return {};
  }

  Status Check(const Architecture& a, ErrorDetail* detail) const {
    for (size_t i = 0; i < seen_.size(); ++i) {
      const RoleSets sets = i == 0 ? ModelRoles(a) : LayerRoles(a);
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
    if (tensor.panel == Panel::kQ8 && tensor.columns > kMaxQ8Columns) {
      return Corrupt(detail, QUANTA_TENSOR "q8 of %u columns, at most %u",
                     QUANTA_TENSOR_ARGS(i, tensor), tensor.columns, kMaxQ8Columns);
    }
    QUANTA_TRY(ValidateShape(header.architecture, tensor, i, detail));
    QUANTA_TRY(ValidatePlace(tensor, i, header.data_bytes, detail));
  }
  QUANTA_TRY(inventory.Check(header.architecture, detail));
  return CheckOverlap(header.tensors, detail);
}

}  // namespace quanta::format
