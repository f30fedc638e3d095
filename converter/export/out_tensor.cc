// SPDX-License-Identifier: MIT
#include "converter/export/out_tensor.h"

#include "converter/error.h"
#include "converter/quantize.h"

namespace quanta::converter {
namespace {

void StorePart(const SourceTensor& part, const OutTensor& out, Progress* progress,
               const std::function<void(std::span<const std::byte>)>& sink, Report* report) {
  // Blocks have scales of f16.
  const bool needs_f16 = out.type->name == "F16" || out.type->block != 1;
  if (needs_f16 && !FitsF16(part, progress)) {
    throw Error(Code::kUnsupported, part.place,
                "tensor '" + part.name + "' has values beyond the range of f16",
                "use --quant bf16 or f32");
  }
  const StoreError error = StoreTensor(part, *out.type, progress, sink);
  TensorReport entry;
  entry.name = out.name;
  entry.role = part.role;
  entry.layer = part.layer;
  entry.source_dtype = part.dtype;
  entry.scheme = Lower(out.type->name);
  entry.rows = part.rows;
  entry.columns = part.columns;
  entry.bytes = out.type->Bytes(part.count());
  entry.error_rms = error.rms;
  entry.error_max = error.max;
  report->tensors.push_back(std::move(entry));
}

}  // namespace

uint64_t OutTensor::rows() const {
  uint64_t sum = 0;
  for (const SourceTensor& part : parts) sum += part.rows;
  return sum;
}

std::vector<uint64_t> OutTensor::Shape() const {
  if (!parts[0].matrix) return {parts[0].columns};
  return {rows(), parts[0].columns};
}

const ElementType& OutType(const SourceTensor& tensor, const std::string& dtype) {
  const ElementType* type = FindElementType("F32");
  if (!tensor.matrix) return *type;
  if (!dtype.empty()) return *FindElementType(dtype);
  if (tensor.dtype == "F64") return *type;
  const bool plain = tensor.dtype == "F32" || tensor.dtype == "F16" || tensor.dtype == "BF16";
  return *FindElementType(plain ? tensor.dtype : "F16");
}

std::vector<OutTensor> PlanTensors(const Checkpoint& checkpoint, const std::string& dtype,
                                   const std::function<std::string(const SourceTensor&)>& name) {
  std::vector<OutTensor> out;
  for (const SourceTensor& tensor : checkpoint.tensors) {
    const std::string its_name = name(tensor);
    const ElementType& type = OutType(tensor, dtype);
    if (out.empty() || out.back().name != its_name) out.push_back({its_name, &type, {}});
    if (out.back().type->name != type.name) out.back().type = FindElementType("F32");
    out.back().parts.push_back(tensor);
  }
  return out;
}

OptionalRoles OptionalRolesOf(const Checkpoint& checkpoint) {
  OptionalRoles roles;
  for (const SourceTensor& tensor : checkpoint.tensors) {
    (format::IsModelRole(tensor.role) ? roles.model : roles.layer) |= format::RoleBit(tensor.role);
  }
  roles.model &= ~format::ModelRoles(checkpoint.architecture).required;
  roles.layer &= ~format::LayerRoles(checkpoint.architecture).required;
  return roles;
}

void StoreOutTensor(const OutTensor& tensor, Progress* progress,
                    const std::function<void(std::span<const std::byte>)>& sink, Report* report) {
  for (const SourceTensor& part : tensor.parts) StorePart(part, tensor, progress, sink, report);
}

}  // namespace quanta::converter
