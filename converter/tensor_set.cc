// SPDX-License-Identifier: MIT
#include "converter/tensor_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include "converter/error.h"

namespace quanta::converter {
namespace {

constexpr Dtype kDtypes[] = {Dtype::kF32, Dtype::kF16, Dtype::kBF16};

std::string Show(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

Dtype KnownDtype(const std::string& name, const RawTensor& tensor) {
  for (const Dtype dtype : kDtypes) {
    if (tensor.dtype == DtypeName(dtype)) return dtype;
  }
  throw Error(
      Code::kUnsupported, tensor.place,
      "tensor '" + name + "' has dtype " + tensor.dtype + ": only F32, F16 and BF16 are read",
      "save the checkpoint in one of those");
}

}  // namespace

void TensorSet::Add(std::string name, RawTensor tensor) {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) {
    throw Error(Code::kCorrupt, tensor.place,
                "tensor '" + name + "' is also in " + found->second.tensor.place);
  }
  tensors_.emplace(std::move(name), Entry{std::move(tensor)});
}

SourceTensor TensorSet::TakeShaped(const std::string& name, format::Role role, int32_t layer,
                                   std::span<const uint64_t> shape) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw Error(Code::kCorrupt, place_,
                "tensor '" + name + "' is missing: expected shape " + Show(shape));
  }
  found->second.used = true;
  const RawTensor& raw = found->second.tensor;
  if (!std::equal(raw.shape.begin(), raw.shape.end(), shape.begin(), shape.end())) {
    throw Error(Code::kCorrupt, raw.place,
                "tensor '" + name + "' has shape " + Show(raw.shape) + ": config.json implies " +
                    Show(shape));
  }
  SourceTensor tensor;
  tensor.name = name;
  tensor.place = raw.place;
  tensor.role = role;
  tensor.layer = layer;
  tensor.dtype = KnownDtype(name, raw);
  tensor.bytes = raw.bytes;
  tensor.mapped = true;
  return tensor;
}

SourceTensor TensorSet::Take(const std::string& name, format::Role role, int32_t layer,
                             Matrix shape) {
  const std::array<uint64_t, 2> wanted{shape.rows, shape.columns};
  SourceTensor tensor = TakeShaped(name, role, layer, wanted);
  tensor.matrix = true;
  tensor.rows = shape.rows;
  tensor.columns = shape.columns;
  return tensor;
}

SourceTensor TensorSet::TakeVector(const std::string& name, format::Role role, int32_t layer,
                                   uint32_t length) {
  const std::array<uint64_t, 1> wanted{length};
  SourceTensor tensor = TakeShaped(name, role, layer, wanted);
  tensor.columns = length;
  return tensor;
}

void TensorSet::Drop(std::string_view name) {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) found->second.used = true;
}

std::vector<std::string> TensorSet::Left() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tensors_) {
    if (!entry.used) names.push_back(name);
  }
  return names;
}

void TensorSet::RefuseLeftOver(std::string_view hint) const {
  const std::vector<std::string> left = Left();
  if (left.empty()) return;
  const RawTensor& first = tensors_.find(left.front())->second.tensor;
  const std::string more =
      left.size() > 1 ? " and " + std::to_string(left.size() - 1) + " more" : std::string();
  throw Error(
      Code::kUnsupported, first.place,
      "unknown tensor '" + left.front() + "' " + first.dtype + " " + Show(first.shape) + more,
      hint);
}

}  // namespace quanta::converter
