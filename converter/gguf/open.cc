// SPDX-License-Identifier: MIT
#include "converter/gguf/open.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "converter/error.h"

namespace quanta::converter {
namespace {

constexpr int64_t kMaxParts = 9999;

/// A whole number under `key`, or `fallback`.
int64_t IntegerOf(const GgufFile& file, const char* key, int64_t fallback,
                  const std::string& place) {
  const GgufValue* value = file.Find(key);
  if (value == nullptr) return fallback;
  if (value->is_array || !value->is_integer()) {
    throw Error(Code::kCorrupt, place, std::string(key) + " must be a whole number");
  }
  return value->Integer(0);
}

GgufFile Map(const std::string& path, GgufParts* parts) {
  ErrorDetail detail;
  parts->files.push_back(Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path));
  parts->paths.push_back(path);
  return ParseGguf(parts->files.back().bytes(), path);
}

std::string Suffix(int64_t part, int64_t count) {
  return Format("-%05lld-of-%05lld.gguf", static_cast<long long>(part),
                static_cast<long long>(count));
}

}  // namespace

bool IsGguf(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::array<char, kGgufMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return file && std::string_view(start.data(), start.size()) == kGgufMagic;
}

GgufParts OpenGguf(const std::string& path) {
  GgufParts parts;
  parts.first = Map(path, &parts);
  const int64_t count = IntegerOf(parts.first, "split.count", 1, path);
  if (count <= 1) return parts;
  if (count > kMaxParts) throw Error(Code::kCorrupt, path, "split.count is beyond any model");
  const int64_t number = IntegerOf(parts.first, "split.no", 0, path);
  if (number != 0) {
    throw Error(Code::kInvalidArgument, path,
                Format("is part %lld of %lld", static_cast<long long>(number + 1),
                       static_cast<long long>(count)),
                "name the first one, which ends with " + Suffix(1, count));
  }
  const std::string suffix = Suffix(1, count);
  if (!path.ends_with(suffix)) {
    throw Error(Code::kInvalidArgument, path,
                Format("is the first of %lld parts, whose names must end with ",
                       static_cast<long long>(count)) +
                    suffix + " and so on",
                "give them their names back");
  }
  const std::string stem = path.substr(0, path.size() - suffix.size());
  auto tensors = static_cast<int64_t>(parts.first.tensors.size());
  for (int64_t i = 1; i < count; ++i) {
    const std::string other = stem + Suffix(i + 1, count);
    GgufFile file = Map(other, &parts);
    if (IntegerOf(file, "split.count", 1, other) != count ||
        IntegerOf(file, "split.no", 0, other) != i) {
      throw Error(Code::kCorrupt, other, "is not the part that its name says");
    }
    tensors += static_cast<int64_t>(file.tensors.size());
    parts.others.push_back(std::move(file));
  }
  if (IntegerOf(parts.first, "split.tensors.count", tensors, path) != tensors) {
    throw Error(Code::kCorrupt, path,
                Format("the parts have %lld tensors, not as many as split.tensors.count says",
                       static_cast<long long>(tensors)),
                "download them again");
  }
  return parts;
}

}  // namespace quanta::converter
