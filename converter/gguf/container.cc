// SPDX-License-Identifier: MIT
#include "converter/gguf/container.h"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <set>

#include "converter/error.h"
#include "quanta/check.h"

namespace quanta::converter {
namespace {

constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint64_t kMaxNameBytes = 512;
constexpr uint32_t kMaxRank = 4;
constexpr uint32_t kMaxAlignment = 1u << 20;
/// The least that a setting and an entry of the directory take: a count beyond the file's
/// bytes by these is a lie.
constexpr uint64_t kLeastSettingBytes = 13, kLeastTensorBytes = 24;

struct StoredType {
  uint32_t number;
  std::string_view name;
};
/// ggml's types; those that no ElementType has the name of are not read.
constexpr StoredType kStoredTypes[] = {
    {0, "F32"},       {1, "F16"},       {2, "Q4_0"},   {3, "Q4_1"},    {6, "Q5_0"},
    {7, "Q5_1"},      {8, "Q8_0"},      {9, "Q8_1"},   {10, "Q2_K"},   {11, "Q3_K"},
    {12, "Q4_K"},     {13, "Q5_K"},     {14, "Q6_K"},  {15, "Q8_K"},   {16, "IQ2_XXS"},
    {17, "IQ2_XS"},   {18, "IQ3_XXS"},  {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"},
    {22, "IQ2_S"},    {23, "IQ4_XS"},   {24, "I8"},    {25, "I16"},    {26, "I32"},
    {27, "I64"},      {28, "F64"},      {29, "IQ1_M"}, {30, "BF16"},   {31, "Q4_0_4_4"},
    {32, "Q4_0_4_8"}, {33, "Q4_0_8_8"}, {34, "TQ1_0"}, {35, "TQ2_0"},  {39, "MXFP4"},
};

template <class T>
T Load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

/// Goes through the file from its beginning.
class Cursor {
 public:
  Cursor(std::span<const std::byte> file, std::string_view place) : file_(file), place_(place) {}

  size_t position() const { return position_; }
  uint64_t left() const { return file_.size() - position_; }

  std::span<const std::byte> Take(uint64_t bytes, std::string_view what) {
    if (bytes > left()) {
      throw Error(
          Code::kCorrupt, place_,
          Format("truncated: the file ends at byte %zu, in ", file_.size()) + std::string(what),
          "download or copy it again");
    }
    const auto taken = file_.subspan(position_, static_cast<size_t>(bytes));
    position_ += taken.size();
    return taken;
  }
  template <class T>
  T Number(std::string_view what) {
    return Load<T>(Take(sizeof(T), what).data());
  }
  std::string_view Text(std::string_view what) {
    const auto bytes = Take(Number<uint64_t>(what), what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  [[noreturn]] void Corrupt(std::string_view what) const {
    throw Error(Code::kCorrupt, place_, what);
  }

 private:
  std::span<const std::byte> file_;
  std::string_view place_;
  size_t position_ = 0;
};

void CheckStart(Cursor& at, std::string_view place) {
  if (at.left() < kGgufMagic.size() || std::memcmp(at.Take(kGgufMagic.size(), "").data(),
                                                   kGgufMagic.data(), kGgufMagic.size()) != 0) {
    throw Error(Code::kCorrupt, place, "not a GGUF file");
  }
  const auto version = at.Number<uint32_t>("its version");
  if (version == 2 || version == 3) return;
  if (version != 0 && version % 65536 == 0) {
    throw Error(Code::kUnsupported, place, "a big-endian GGUF file is not read",
                "convert it with gguf_convert_endian.py");
  }
  throw Error(Code::kUnsupported, place,
              Format("GGUF version %u is not read, only 2 and 3 are", version),
              "convert the model again with a current llama.cpp");
}

GgufType ReadType(Cursor& at, const std::string& key) {
  const auto number = at.Number<uint32_t>("setting " + key);
  if (number > static_cast<uint32_t>(GgufType::kFloat64)) {
    at.Corrupt(Format("setting %s has the unknown type %u", key.c_str(), number));
  }
  return static_cast<GgufType>(number);
}

GgufValue ReadValue(Cursor& at, const std::string& key) {
  const std::string what = "setting " + key;
  GgufValue value;
  value.type = ReadType(at, key);
  if (value.type == GgufType::kArray) {
    value.is_array = true;
    value.type = ReadType(at, key);
    if (value.type == GgufType::kArray) at.Corrupt(what + " is an array of arrays");
    value.count = at.Number<uint64_t>(what);
  }
  const size_t element = GgufTypeBytes(value.type);
  if (element != 0) {
    if (value.count > at.left() / element) at.Take(UINT64_MAX, what);
    value.bytes = at.Take(value.count * element, what);
    return value;
  }
  if (value.count > at.left() / sizeof(uint64_t)) at.Take(UINT64_MAX, what);
  value.texts.reserve(static_cast<size_t>(value.count));
  for (uint64_t i = 0; i < value.count; ++i) value.texts.push_back(at.Text(what));
  return value;
}

void ReadSettings(Cursor& at, uint64_t count, GgufFile* file) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view text = at.Text("the name of a setting");
    if (text.empty() || text.size() > kMaxKeyBytes) {
      at.Corrupt(Format("a setting has a name of %zu bytes", text.size()));
    }
    const std::string key(text);
    const bool fresh = file->settings.emplace(key, ReadValue(at, key)).second;
    if (!fresh) at.Corrupt("setting " + key + " occurs twice");
  }
}

struct Entry {
  GgufTensor tensor;
  uint64_t offset = 0, bytes = 0;
};

const ElementType& TypeOf(uint32_t number, const std::string& tensor, std::string_view place) {
  const auto known = std::find_if(std::begin(kStoredTypes), std::end(kStoredTypes),
                                  [&](const StoredType& type) { return type.number == number; });
  const std::string name =
      known == std::end(kStoredTypes) ? Format("number %u", number) : std::string(known->name);
  const ElementType* type = FindElementType(name);
  if (type == nullptr || known == std::end(kStoredTypes)) {
    throw Error(Code::kUnsupported, place,
                "tensor '" + tensor + "' has the type " + name + ", which is not read",
                "convert the original model, or a file of type F16, Q8_0, Q4_0, Q4_1, Q5_0, "
                "Q5_1 or of Q2_K to Q6_K");
  }
  return *type;
}

/// The shape, outermost first; files have it innermost first.
std::vector<uint64_t> ReadShape(Cursor& at, const std::string& what) {
  const auto rank = at.Number<uint32_t>(what);
  if (rank == 0 || rank > kMaxRank) {
    at.Corrupt(Format("%s has %u dimensions", what.c_str(), rank));
  }
  std::vector<uint64_t> shape(rank);
  for (uint32_t i = 0; i < rank; ++i) shape[rank - 1 - i] = at.Number<uint64_t>(what);
  return shape;
}

uint64_t BytesOf(const GgufTensor& tensor, const Cursor& at) {
  uint64_t count = 1;
  bool bad = false;
  for (const uint64_t extent : tensor.shape) {
    bad |= extent == 0 || __builtin_mul_overflow(count, extent, &count);
  }
  // A byte holds more than one number at most, but never 2^6.
  if (bad || count > UINT64_MAX >> 6) {
    at.Corrupt("tensor '" + tensor.name + "' has an impossible shape");
  }
  if (tensor.shape.back() % tensor.type->block != 0) {
    at.Corrupt(Format("tensor '%s' has rows of %" PRIu64 ", which are not whole blocks of %u",
                      tensor.name.c_str(), tensor.shape.back(), tensor.type->block));
  }
  return tensor.type->Bytes(count);
}

std::vector<Entry> ReadDirectory(Cursor& at, uint64_t count, std::string_view place) {
  std::vector<Entry> entries;
  std::set<std::string_view> names;
  for (uint64_t i = 0; i < count; ++i) {
    Entry entry;
    const std::string_view name = at.Text("the name of a tensor");
    if (name.empty() || name.size() > kMaxNameBytes) {
      at.Corrupt(Format("a tensor has a name of %zu bytes", name.size()));
    }
    entry.tensor.name = name;
    const std::string what = "tensor '" + entry.tensor.name + "'";
    if (!names.insert(name).second) at.Corrupt(what + " occurs twice");
    entry.tensor.shape = ReadShape(at, what);
    entry.tensor.type = &TypeOf(at.Number<uint32_t>(what), entry.tensor.name, place);
    entry.offset = at.Number<uint64_t>(what);
    entry.bytes = BytesOf(entry.tensor, at);
    entries.push_back(std::move(entry));
  }
  return entries;
}

uint32_t Alignment(const GgufFile& file, const Cursor& at) {
  const GgufValue* value = file.Find("general.alignment");
  if (value == nullptr) return kGgufAlignment;
  const int64_t alignment = value->is_array || !value->is_integer() ? 0 : value->Integer(0);
  if (alignment < 1 || alignment > kMaxAlignment ||
      !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    at.Corrupt("general.alignment must be a power of two");
  }
  return static_cast<uint32_t>(alignment);
}

/// Gives the tensors their bytes, of the file from `data` on.
void Place(std::vector<Entry>* entries, std::span<const std::byte> file, uint64_t data,
           uint32_t alignment, const Cursor& at, std::string_view place) {
  std::vector<const Entry*> order;
  for (Entry& entry : *entries) {
    order.push_back(&entry);
    if (entry.offset % alignment != 0) {
      at.Corrupt(Format("tensor '%s' begins at byte %" PRIu64
                        " of the data, which is no multiple of %u",
                        entry.tensor.name.c_str(), entry.offset, alignment));
    }
    const uint64_t have = file.size() > data ? file.size() - data : 0;
    if (entry.offset > have || entry.bytes > have - entry.offset) {
      throw Error(Code::kCorrupt, place,
                  Format("truncated: tensor '%s' ends beyond the file's %zu bytes",
                         entry.tensor.name.c_str(), file.size()),
                  "download or copy it again");
    }
    entry.tensor.bytes =
        file.subspan(static_cast<size_t>(data + entry.offset), static_cast<size_t>(entry.bytes));
  }
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->offset - order[i - 1]->offset >= order[i - 1]->bytes) continue;
    at.Corrupt("tensors '" + order[i - 1]->tensor.name + "' and '" + order[i]->tensor.name +
               "' overlap");
  }
}

}  // namespace

size_t GgufTypeBytes(GgufType type) {
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kInt8:
    case GgufType::kBool:
      return 1;
    case GgufType::kUint16:
    case GgufType::kInt16:
      return 2;
    case GgufType::kUint32:
    case GgufType::kInt32:
    case GgufType::kFloat32:
      return 4;
    case GgufType::kUint64:
    case GgufType::kInt64:
    case GgufType::kFloat64:
      return 8;
    case GgufType::kString:
    case GgufType::kArray:
      break;
  }
  return 0;
}

bool GgufValue::is_integer() const {
  return type != GgufType::kString && type != GgufType::kFloat32 && type != GgufType::kFloat64 &&
         type != GgufType::kBool;
}

double GgufValue::Number(uint64_t i) const {
  QUANTA_CHECK(i < count && !bytes.empty());
  const std::byte* at = bytes.data() + static_cast<size_t>(i) * GgufTypeBytes(type);
  if (type == GgufType::kFloat32) return double{Load<float>(at)};
  if (type == GgufType::kFloat64) return Load<double>(at);
  if (type == GgufType::kUint64) return static_cast<double>(Load<uint64_t>(at));
  return static_cast<double>(Integer(i));
}

int64_t GgufValue::Integer(uint64_t i) const {
  QUANTA_CHECK(i < count && !bytes.empty());
  const std::byte* at = bytes.data() + static_cast<size_t>(i) * GgufTypeBytes(type);
  switch (type) {
    case GgufType::kUint8:
    case GgufType::kBool:
      return Load<uint8_t>(at);
    case GgufType::kInt8:
      return Load<int8_t>(at);
    case GgufType::kUint16:
      return Load<uint16_t>(at);
    case GgufType::kInt16:
      return Load<int16_t>(at);
    case GgufType::kUint32:
      return Load<uint32_t>(at);
    case GgufType::kInt32:
      return Load<int32_t>(at);
    case GgufType::kUint64:
      return static_cast<int64_t>(std::min<uint64_t>(Load<uint64_t>(at), INT64_MAX));
    case GgufType::kInt64:
      return Load<int64_t>(at);
    case GgufType::kFloat32:
    case GgufType::kFloat64:
    case GgufType::kString:
    case GgufType::kArray:
      break;
  }
  QUANTA_CHECK(false);
  return 0;
}

const GgufValue* GgufFile::Find(std::string_view key) const {
  const auto found = settings.find(key);
  return found == settings.end() ? nullptr : &found->second;
}

GgufFile ParseGguf(std::span<const std::byte> file, std::string_view place) {
  Cursor at(file, place);
  CheckStart(at, place);
  const auto tensors = at.Number<uint64_t>("its counts");
  const auto settings = at.Number<uint64_t>("its counts");
  if (tensors > at.left() / kLeastTensorBytes || settings > at.left() / kLeastSettingBytes) {
    at.Corrupt(Format("claims %" PRIu64 " tensors and %" PRIu64 " settings in %zu bytes", tensors,
                      settings, file.size()));
  }
  GgufFile result;
  ReadSettings(at, settings, &result);
  const uint32_t alignment = Alignment(result, at);
  std::vector<Entry> entries = ReadDirectory(at, tensors, place);
  const uint64_t data = (uint64_t{at.position()} + alignment - 1) / alignment * alignment;
  Place(&entries, file, data, alignment, at, place);
  for (Entry& entry : entries) result.tensors.push_back(std::move(entry.tensor));
  return result;
}

uint32_t GgufTypeNumber(std::string_view element_type) {
  const auto known =
      std::find_if(std::begin(kStoredTypes), std::end(kStoredTypes),
                   [&](const StoredType& type) { return type.name == element_type; });
  QUANTA_CHECK(known != std::end(kStoredTypes));
  return known->number;
}

}  // namespace quanta::converter
