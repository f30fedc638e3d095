// SPDX-License-Identifier: MIT
#include "converter/gguf/write_gguf.h"

#include <type_traits>

#include "quanta/check.h"

namespace quanta::converter {
namespace {

template <class Number>
void Append(Number number, std::string* to) {
  static_assert(std::is_arithmetic_v<Number>);
  to->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void AppendText(std::string_view text, std::string* to) {
  Append(uint64_t{text.size()}, to);
  to->append(text);
}

void AppendType(GgufType type, std::string* to) { Append(static_cast<uint32_t>(type), to); }

template <class Number>
void AppendAll(std::span<const Number> numbers, std::string* to) {
  to->append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
}

}  // namespace

void GgufHeader::Begin(std::string_view key, GgufType type) {
  ++settings_count_;
  AppendText(key, &settings_);
  AppendType(type, &settings_);
}

void GgufHeader::BeginArray(std::string_view key, GgufType type, size_t count) {
  Begin(key, GgufType::kArray);
  AppendType(type, &settings_);
  Append(uint64_t{count}, &settings_);
}

void GgufHeader::Add(std::string_view key, std::string_view text) {
  Begin(key, GgufType::kString);
  AppendText(text, &settings_);
}

void GgufHeader::Add(std::string_view key, uint32_t number) {
  Begin(key, GgufType::kUint32);
  Append(number, &settings_);
}

void GgufHeader::Add(std::string_view key, float number) {
  Begin(key, GgufType::kFloat32);
  Append(number, &settings_);
}

void GgufHeader::Add(std::string_view key, bool flag) {
  Begin(key, GgufType::kBool);
  Append(static_cast<uint8_t>(flag), &settings_);
}

void GgufHeader::Add(std::string_view key, std::span<const std::string> texts) {
  BeginArray(key, GgufType::kString, texts.size());
  for (const std::string& text : texts) AppendText(text, &settings_);
}

void GgufHeader::Add(std::string_view key, std::span<const float> numbers) {
  BeginArray(key, GgufType::kFloat32, numbers.size());
  AppendAll(numbers, &settings_);
}

void GgufHeader::Add(std::string_view key, std::span<const int32_t> numbers) {
  BeginArray(key, GgufType::kInt32, numbers.size());
  AppendAll(numbers, &settings_);
}

void GgufHeader::AddJson(std::string_view key, const Json& value) {
  if (value.is_string()) return Add(key, std::string_view(value.get_ref<const std::string&>()));
  if (value.is_boolean()) return Add(key, value.get<bool>());
  if (value.is_number_integer()) return Add(key, value.get<uint32_t>());
  QUANTA_CHECK(value.is_number());
  Add(key, value.get<float>());
}

void GgufHeader::AddTensor(std::string_view name, std::span<const uint64_t> shape,
                           const ElementType& type) {
  ++tensors_;
  AppendText(name, &directory_);
  Append(static_cast<uint32_t>(shape.size()), &directory_);
  uint64_t count = 1;
  for (size_t i = shape.size(); i-- > 0;) {  // innermost first in the file
    Append(shape[i], &directory_);
    count *= shape[i];
  }
  Append(GgufTypeNumber(type.name), &directory_);
  Append(data_bytes_, &directory_);
  const uint64_t bytes = type.Bytes(count);
  data_bytes_ += bytes + Padding(bytes);
}

std::string GgufHeader::Bytes() const {
  std::string bytes(kGgufMagic);
  Append(kGgufVersion, &bytes);
  Append(tensors_, &bytes);
  Append(settings_count_, &bytes);
  bytes += settings_;
  bytes += directory_;
  bytes.append(static_cast<size_t>(Padding(bytes.size())), '\0');
  return bytes;
}

}  // namespace quanta::converter
