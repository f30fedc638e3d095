// SPDX-License-Identifier: MIT
#include "tests/converter/gguf/builder.h"

#include <utility>

namespace quanta::converter::testing {
namespace {

std::string Str(std::string_view text) { return Raw(uint64_t{text.size()}) + std::string(text); }

template <class T>
std::string List(uint32_t type, const std::vector<T>& values) {
  std::string bytes = Raw(type) + Raw(uint64_t{values.size()});
  for (const T value : values) bytes += Raw(value);
  return bytes;
}

constexpr uint32_t kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9;

}  // namespace

GgufBuilder& GgufBuilder::Setting(std::string_view key, uint32_t type, std::string_view bytes) {
  settings_ += Str(key) + Raw(type) + std::string(bytes);
  ++settings_count_;
  return *this;
}

GgufBuilder& GgufBuilder::Text(std::string_view key, std::string_view text) {
  return Setting(key, kString, Str(text));
}

GgufBuilder& GgufBuilder::Texts(std::string_view key, const std::vector<std::string>& texts) {
  std::string bytes = Raw(kString) + Raw(uint64_t{texts.size()});
  for (const std::string& text : texts) bytes += Str(text);
  return Setting(key, kArray, bytes);
}

GgufBuilder& GgufBuilder::Count(std::string_view key, uint32_t value) {
  return Setting(key, kUint32, Raw(value));
}

GgufBuilder& GgufBuilder::Float(std::string_view key, float value) {
  return Setting(key, kFloat32, Raw(value));
}

GgufBuilder& GgufBuilder::Bool(std::string_view key, bool value) {
  return Setting(key, kBool, Raw(static_cast<uint8_t>(value)));
}

GgufBuilder& GgufBuilder::Ints(std::string_view key, const std::vector<int32_t>& values) {
  return Setting(key, kArray, List(kInt32, values));
}

GgufBuilder& GgufBuilder::Floats(std::string_view key, const std::vector<float>& values) {
  return Setting(key, kArray, List(kFloat32, values));
}

GgufBuilder& GgufBuilder::Tensor(std::string_view name, std::vector<uint64_t> shape, uint32_t type,
                                 std::string_view bytes) {
  data_.resize((data_.size() + alignment - 1) / alignment * alignment);
  entries_.push_back({std::string(name), std::move(shape), type, data_.size()});
  data_ += bytes;
  return *this;
}

GgufBuilder& GgufBuilder::TensorF32(std::string_view name, std::vector<uint64_t> shape,
                                    const std::vector<float>& values) {
  return Tensor(name, std::move(shape), 0,
                {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

GgufBuilder& GgufBuilder::At(uint64_t offset) {
  entries_.back().offset = offset;
  return *this;
}

std::string GgufBuilder::Bytes() const {
  std::string settings = settings_;
  int64_t settings_count = settings_count_;
  if (alignment != 32) {
    settings += Str("general.alignment") + Raw(kUint32) + Raw(alignment);
    ++settings_count;
  }
  const auto tensors_count = static_cast<int64_t>(entries_.size());
  std::string bytes = magic + Raw(version) +
                      Raw(claimed_tensors < 0 ? tensors_count : claimed_tensors) +
                      Raw(claimed_settings < 0 ? settings_count : claimed_settings) + settings;
  for (const Entry& entry : entries_) {
    bytes += Str(entry.name) + Raw(static_cast<uint32_t>(entry.shape.size()));
    for (size_t i = entry.shape.size(); i-- > 0;) bytes += Raw(entry.shape[i]);
    bytes += Raw(entry.type) + Raw(entry.offset);
  }
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  return bytes + data_;
}

}  // namespace quanta::converter::testing
