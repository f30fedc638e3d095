// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "converter/checkpoint.h"
#include "converter/families/family.h"
#include "converter/progress.h"
#include "converter/report.h"

/// What the ways out share: which tensors to write, and how.
namespace quanta::converter {

/// A tensor of another program's file: one of ours, or several whose rows follow one
/// another.
struct OutTensor {
  std::string name;
  const ElementType* type;
  std::vector<SourceTensor> parts;

  uint64_t rows() const;
  uint64_t bytes() const { return type->Bytes(rows() * parts[0].columns); }
  /// As files state it: [rows, columns] of a matrix.
  std::vector<uint64_t> Shape() const;
};

/// The type to store a tensor in: F32 for vectors; for matrices `dtype`, or if that is empty the
/// source's where it is F32, F16 or BF16, F16 where it is in blocks, else F32.
const ElementType& OutType(const SourceTensor& tensor, const std::string& dtype);

/// The tensors of `checkpoint` in order; those of one name become one, in the widest of their
/// types.
std::vector<OutTensor> PlanTensors(const Checkpoint& checkpoint, const std::string& dtype,
                                   const std::function<std::string(const SourceTensor&)>& name);

/// The optional tensors that it has: for DescribeConfig.
OptionalRoles OptionalRolesOf(const Checkpoint& checkpoint);

/// Hands `sink` the bytes of `tensor`, and adds what became of its parts to the report.
/// Throws Error(kUnsupported) for numbers beyond the range of f16 where the type needs it.
void StoreOutTensor(const OutTensor& tensor, Progress* progress,
                    const std::function<void(std::span<const std::byte>)>& sink, Report* report);

}  // namespace quanta::converter
