// SPDX-License-Identifier: MIT
#include "converter/tensor_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include "converter/error.h"

namespace quanta::converter {
namespace {

std::string Show(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

const ElementType& KnownType(const std::string& name, const RawTensor& tensor) {
  const ElementType* type = FindElementType(tensor.dtype);
  if (type == nullptr) {
    throw Error(Code::kUnsupported, tensor.place,
                "tensor '" + name + "' has dtype " + tensor.dtype + ": only " + ElementTypeNames() +
                    " are read",
                "save the checkpoint in one of those");
  }
  if (tensor.shape.back() % type->block != 0) {
    throw Error(
        Code::kCorrupt, tensor.place,
        Format("tensor '%s' has rows of %llu, which are not whole blocks of %u", name.c_str(),
               static_cast<unsigned long long>(tensor.shape.back()), type->block));
  }
  return *type;
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
                "tensor '" + name + "' has shape " + Show(raw.shape) +
                    ": the configuration implies " + Show(shape));
  }
  SourceTensor tensor;
  tensor.name = name;
  tensor.place = raw.place;
  tensor.role = role;
  tensor.layer = layer;
  const ElementType& type = KnownType(name, raw);
  tensor.dtype = raw.dtype;
  tensor.fits_f16 = type.fits_f16;
  tensor.columns = static_cast<uint32_t>(raw.shape.back());
  tensor.bytes = raw.bytes.size();
  tensor.source =
      raw.source != nullptr ? raw.source : StoredRows(raw.bytes, type, tensor.columns, true);
  return tensor;
}

SourceTensor TensorSet::Take(const std::string& name, format::Role role, int32_t layer,
                             Matrix shape) {
  const std::array<uint64_t, 2> wanted{shape.rows, shape.columns};
  SourceTensor tensor = TakeShaped(name, role, layer, wanted);
  tensor.matrix = true;
  tensor.rows = shape.rows;
  return tensor;
}

SourceTensor TensorSet::TakeRows(const std::string& name, format::Role role, int32_t layer,
                                 Matrix whole, uint32_t begin, uint32_t rows) {
  SourceTensor tensor = Take(name, role, layer, whole);
  tensor.rows = rows;
  tensor.bytes = tensor.bytes / whole.rows * rows;
  if (begin != 0) tensor.source = SliceRows(std::move(tensor.source), begin);
  return tensor;
}

SourceTensor TensorSet::TakeVector(const std::string& name, format::Role role, int32_t layer,
                                   uint32_t length) {
  const std::array<uint64_t, 1> wanted{length};
  return TakeShaped(name, role, layer, wanted);
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
