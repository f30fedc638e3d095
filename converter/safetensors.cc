// SPDX-License-Identifier: MIT
#include "converter/safetensors.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "converter/error.h"
#include "converter/json.h"
#include "converter/sniff.h"

namespace quanta::converter {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxRank = 8;

struct Dtype {
  std::string_view name;
  size_t bytes;
};
constexpr Dtype kDtypes[] = {
    {"F32", 4},     {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"F8_E4M3", 1},
    {"F8_E5M2", 1}, {"I8", 1},  {"U8", 1},   {"I16", 2}, {"U16", 2},
    {"I32", 4},     {"U32", 4}, {"I64", 8},  {"U64", 8}, {"BOOL", 1},
};

/// Reads {"name": {"dtype": s, "shape": [n...], "data_offsets": [n, n]}, ...,
/// "__metadata__": {s: s}} event by event: no tree is built, so that a hostile header
/// costs no more memory than the entries that it really has.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  std::vector<SafetensorsEntry> entries;
  std::string problem;  ///< why reading stopped

  bool start_object(size_t) override {
    switch (at_) {
      case At::kStart:
        at_ = At::kTop;
        return true;
      case At::kEntryKey:
        if (key_ == "__metadata__") {
          at_ = At::kMetadata;
          return true;
        }
        entries.push_back({.name = key_, .dtype = {}, .shape = {}});
        fields_ = 0;
        offsets_ = 0;
        at_ = At::kEntry;
        return true;
      default:
        return Stop("an object where none belongs");
    }
  }

  bool key(std::string& name) override {
    switch (at_) {
      case At::kTop:
        if (!names_.insert(name).second) return Stop("tensor '" + name + "' occurs twice");
        key_ = std::move(name);
        at_ = At::kEntryKey;
        return true;
      case At::kEntry:
        return StartField(name);
      case At::kMetadata:
        return true;
      default:
        return Stop("a key where none belongs");
    }
  }

  bool string(std::string& value) override {
    if (at_ == At::kMetadata) return true;
    if (at_ != At::kDtype) return Stop("a string where none belongs");
    entries.back().dtype = std::move(value);
    at_ = At::kEntry;
    return true;
  }

  bool start_array(size_t) override {
    if (at_ == At::kShapeStart) {
      at_ = At::kShape;
    } else if (at_ == At::kOffsetsStart) {
      at_ = At::kOffsets;
    } else {
      return Stop("an array where none belongs");
    }
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (at_ == At::kShape) {
      if (entries.back().shape.size() == kMaxRank) return Stop("a shape of too many dimensions");
      entries.back().shape.push_back(value);
      return true;
    }
    if (at_ != At::kOffsets) return Stop("a number where none belongs");
    if (offsets_ == 2) return Stop("more than two data_offsets");
    (offsets_++ == 0 ? entries.back().begin : entries.back().end) = value;
    return true;
  }

  bool end_array() override {
    if (at_ == At::kOffsets && offsets_ != 2) return Stop("data_offsets must be two numbers");
    at_ = At::kEntry;
    return true;
  }

  bool end_object() override {
    if (at_ == At::kEntry && fields_ != kAllFields) {
      return Stop("dtype, shape or data_offsets is missing");
    }
    at_ = at_ == At::kTop ? At::kEnd : At::kTop;
    return true;
  }

  bool null() override { return Stop("null where a value belongs"); }
  bool boolean(bool) override { return Stop("true or false where none belongs"); }
  bool number_integer(int64_t) override { return Stop("a negative number"); }
  bool number_float(double, const std::string&) override {
    return Stop("a number that is not a 64-bit integer");
  }
  bool binary(binary_t&) override { return Stop("binary data"); }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    return Stop(Format("not valid JSON at byte %zu", kLengthBytes + position));
  }

 private:
  enum class At {
    kStart,
    kTop,
    kEntryKey,
    kEntry,
    kDtype,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kMetadata,
    kEnd,
  };
  static constexpr unsigned kAllFields = 7;

  bool StartField(const std::string& name) {
    const auto start = [&](unsigned bit, At next) {
      if ((fields_ & bit) != 0) return Stop("'" + name + "' occurs twice");
      fields_ |= bit;
      at_ = next;
      return true;
    };
    if (name == "dtype") return start(1, At::kDtype);
    if (name == "shape") return start(2, At::kShapeStart);
    if (name == "data_offsets") return start(4, At::kOffsetsStart);
    return Stop("unknown field '" + name + "'");
  }

  bool Stop(const std::string& why) {
    const bool named = at_ >= At::kEntryKey && at_ <= At::kOffsets;
    problem = named ? "tensor '" + key_ + "': " + why : why;
    return false;
  }

  At at_ = At::kStart;
  std::string key_;
  unsigned fields_ = 0;  // of the entry being read: one bit each
  int offsets_ = 0;
  std::unordered_set<std::string> names_;
};

[[noreturn]] void ThrowTruncated(std::string_view place, uint64_t have, uint64_t need) {
  throw Error(Code::kCorrupt, place,
              Format("truncated: %" PRIu64 " of %" PRIu64 " bytes", have, need),
              "download or copy it again");
}

/// The header's text, after checking that it is there.
std::string_view HeaderText(std::span<const std::byte> file, std::string_view place) {
  if (file.size() < kLengthBytes) ThrowTruncated(place, file.size(), kLengthBytes);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  const std::span<const std::byte> rest = file.subspan(kLengthBytes);
  if (length < 2 || length > kMaxSafetensorsHeader ||
      (!rest.empty() && rest[0] != std::byte{'{'})) {
    throw Error(Code::kCorrupt, place,
                "not a safetensors file: it looks like " + std::string(Sniff(file)));
  }
  if (length > rest.size()) ThrowTruncated(place, file.size(), kLengthBytes + length);
  return {reinterpret_cast<const char*>(rest.data()), static_cast<size_t>(length)};
}

void CheckBytes(const SafetensorsEntry& entry, std::string_view place) {
  const size_t element = SafetensorsDtypeBytes(entry.dtype);
  if (element == 0) {
    throw Error(Code::kUnsupported, place,
                "tensor '" + entry.name + "' has the unknown dtype '" + entry.dtype + "'");
  }
  uint64_t bytes = element;
  bool overflow = false;
  for (const uint64_t extent : entry.shape) {
    overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  }
  if (overflow) {
    throw Error(Code::kCorrupt, place, "tensor '" + entry.name + "': its size overflows");
  }
  if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
    throw Error(Code::kCorrupt, place,
                Format("tensor '%s': data_offsets [%" PRIu64 ", %" PRIu64
                       "] do not hold the %" PRIu64 " bytes of its shape",
                       entry.name.c_str(), entry.begin, entry.end, bytes));
  }
}

/// `entries` ascend by begin and end.
void CheckCover(const std::vector<SafetensorsEntry>& entries, uint64_t data_bytes,
                size_t data_begin, std::string_view place) {
  uint64_t expected = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != expected) {
      throw Error(
          Code::kCorrupt, place,
          Format("tensor '%s' begins at byte %" PRIu64 " of the data, %s", entry.name.c_str(),
                 entry.begin, entry.begin < expected ? "inside another tensor" : "after a hole"));
    }
    expected = entry.end;
  }
  if (expected > data_bytes) {
    // Saturated, for the message only.
    const uint64_t need = expected > UINT64_MAX - data_begin ? UINT64_MAX : expected + data_begin;
    ThrowTruncated(place, data_bytes + data_begin, need);
  }
  if (expected < data_bytes) {
    throw Error(Code::kCorrupt, place,
                Format("%" PRIu64 " bytes after the last tensor", data_bytes - expected));
  }
}

}  // namespace

size_t SafetensorsDtypeBytes(std::string_view dtype) {
  for (const Dtype& known : kDtypes) {
    if (known.name == dtype) return known.bytes;
  }
  return 0;
}

SafetensorsHeader ParseSafetensors(std::span<const std::byte> file, std::string_view place) {
  const std::string_view text = HeaderText(file, place);
  HeaderReader reader;
  if (!Json::sax_parse(text.begin(), text.end(), &reader)) {
    throw Error(Code::kCorrupt, place, "bad safetensors header: " + reader.problem);
  }
  SafetensorsHeader header;
  header.entries = std::move(reader.entries);
  header.data_begin = kLengthBytes + text.size();
  for (const SafetensorsEntry& entry : header.entries) CheckBytes(entry, place);
  std::sort(header.entries.begin(), header.entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  CheckCover(header.entries, file.size() - header.data_begin, header.data_begin, place);
  return header;
}

std::string WriteSafetensorsHeader(std::span<const SafetensorsEntry> entries) {
  Json header = {{"__metadata__", {{"format", "pt"}}}};
  for (const SafetensorsEntry& entry : entries) {
    header[entry.name] = {
        {"dtype", entry.dtype}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t length = text.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + text;
}

}  // namespace quanta::converter
