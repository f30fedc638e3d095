// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "converter/element_type.h"

namespace quanta::converter {

/// A tensor's numbers as a checkpoint holds them, read row by row as f32, so that no
/// reader has to rearrange or widen a whole tensor. Immutable; borrows the bytes of the
/// checkpoint's files.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// Writes the rows [first, first + count) to `out` [count, columns].
  virtual void Read(uint32_t first, uint32_t count, float* out) const = 0;
  /// These rows will not be read again soon: the pages they lie in may go.
  virtual void Release(uint32_t first, uint32_t count) const = 0;
};

using TensorSourcePtr = std::shared_ptr<const TensorSource>;

/// Rows as they lie: `bytes` hold them one after the other, each of whole blocks.
/// `mapped`: in a mapped file, whose pages may be released.
TensorSourcePtr StoredRows(std::span<const std::byte> bytes, const ElementType& type,
                           uint32_t columns, bool mapped);

/// A matrix that is stored transposed: `bytes` hold its columns, `rows` numbers each of a
/// type without blocks, as frameworks store it that compute y = x W.
TensorSourcePtr StoredColumns(std::span<const std::byte> bytes, const ElementType& type,
                              uint32_t rows, uint32_t columns, bool mapped);

/// The rows of `source` from `begin` on: a part of a tensor that holds several.
TensorSourcePtr SliceRows(TensorSourcePtr source, uint32_t begin);

/// Row i is row `row(i)` of `source`, whose rows have `columns` numbers.
TensorSourcePtr PermuteRows(TensorSourcePtr source, uint32_t columns,
                            std::function<uint32_t(uint32_t)> row);

/// `apply` is called on what was read, cut anywhere between rows (a gain stored less 1, say).
TensorSourcePtr Transformed(TensorSourcePtr source, uint32_t columns,
                            std::function<void(std::span<float>)> apply);

}  // namespace quanta::converter
