// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "converter/checkpoint.h"

namespace quanta::converter {

/// A tensor as a file format describes it.
struct RawTensor {
  std::string place;                 ///< the file it lies in
  std::string dtype;                 ///< an ElementType's name, or one that is not supported
  std::vector<uint64_t> shape;       ///< [outputs, inputs] of a matrix
  std::span<const std::byte> bytes;  ///< of a mapped file
  /// How its numbers are read, where they do not simply lie there row by row. Null: they do.
  TensorSourcePtr source = nullptr;
};

/// The tensors of a checkpoint by name. A family takes those it knows; none may be
/// left over in the end.
/// Every function throws Error naming the tensor.
class TensorSet {
 public:
  /// `place`: the checkpoint, for errors about tensors that no file has.
  explicit TensorSet(std::string place) : place_(std::move(place)) {}

  void Add(std::string name, RawTensor tensor);
  bool Has(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }
  size_t size() const { return tensors_.size(); }

  /// Shapes that a tensor must have.
  struct Matrix {
    uint32_t rows, columns;
  };
  SourceTensor Take(const std::string& name, format::Role role, int32_t layer, Matrix shape);
  /// Some rows of a tensor that holds several matrices: those from `begin` on, `rows` of
  /// the `whole`.
  SourceTensor TakeRows(const std::string& name, format::Role role, int32_t layer, Matrix whole,
                        uint32_t begin, uint32_t rows);
  SourceTensor TakeVector(const std::string& name, format::Role role, int32_t layer,
                          uint32_t length);

  /// Lets a tensor be left over.
  void Drop(std::string_view name);
  /// The names not yet taken or dropped, in order.
  std::vector<std::string> Left() const;
  /// Throws Error(kUnsupported) if a tensor is left over. `hint`: of the family.
  void RefuseLeftOver(std::string_view hint) const;

 private:
  SourceTensor TakeShaped(const std::string& name, format::Role role, int32_t layer,
                          std::span<const uint64_t> shape);

  struct Entry {
    RawTensor tensor;
    bool used = false;
  };
  std::string place_;
  std::map<std::string, Entry, std::less<>> tensors_;
};

}  // namespace quanta::converter
