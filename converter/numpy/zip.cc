// SPDX-License-Identifier: MIT
#include "converter/numpy/zip.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstring>

#include "converter/error.h"

namespace quanta::converter {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint32_t kLocalMagic = 0x04034b50;
constexpr uint32_t kEntryMagic = 0x02014b50;
constexpr uint32_t kEndMagic = 0x06054b50;
constexpr uint32_t kEnd64Magic = 0x06064b50;
constexpr uint32_t kLocator64Magic = 0x07064b50;
constexpr size_t kLocalBytes = 30, kEntryBytes = 46, kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56, kLocator64Bytes = 20;
constexpr size_t kMaxComment = 0xFFFF;
constexpr uint16_t kZip64Field = 1;
constexpr uint32_t kInField = 0xFFFFFFFF;  // the number is in the zip64 field

template <class T>
T At(Bytes bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return value;
}

std::string_view Text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Where the directory lies.
struct Directory {
  uint64_t offset = 0, bytes = 0, entries = 0;
};

class ZipReader {
 public:
  ZipReader(Bytes file, std::string_view place) : file_(file), place_(place) {}

  std::vector<ZipEntry> Read() {
    const Directory directory = FindDirectory();
    std::vector<ZipEntry> entries;
    Bytes rest =
        file_.subspan(static_cast<size_t>(directory.offset), static_cast<size_t>(directory.bytes));
    for (uint64_t i = 0; i < directory.entries; ++i) {
      entries.push_back(ReadEntry(&rest, directory.offset));
    }
    if (!rest.empty()) Corrupt("its directory is longer than its entries");
    return entries;
  }

 private:
  [[noreturn]] void Corrupt(const std::string& what) const {
    throw Error(Code::kCorrupt, place_, "not a complete zip archive: " + what,
                "download or copy it again");
  }

  /// The end record is followed by a comment only.
  size_t FindEnd() const {
    if (file_.size() >= kEndBytes) {
      const size_t last = file_.size() - kEndBytes;
      for (size_t back = 0; back <= std::min(last, kMaxComment); ++back) {
        const size_t at = last - back;
        if (At<uint32_t>(file_, at) == kEndMagic && At<uint16_t>(file_, at + 20) == back) return at;
      }
    }
    Corrupt("it has no end record");
  }

  Directory FindDirectory() const {
    const size_t end = FindEnd();
    Directory directory{At<uint32_t>(file_, end + 16), At<uint32_t>(file_, end + 12),
                        At<uint16_t>(file_, end + 10)};
    size_t limit = end;
    if (end >= kLocator64Bytes && At<uint32_t>(file_, end - kLocator64Bytes) == kLocator64Magic) {
      const auto at = At<uint64_t>(file_, end - kLocator64Bytes + 8);
      limit = end - kLocator64Bytes;
      if (limit < kEnd64Bytes || at > limit - kEnd64Bytes ||
          At<uint32_t>(file_, static_cast<size_t>(at)) != kEnd64Magic) {
        Corrupt("its zip64 end record is not where it should be");
      }
      limit = static_cast<size_t>(at);
      directory = {At<uint64_t>(file_, limit + 48), At<uint64_t>(file_, limit + 40),
                   At<uint64_t>(file_, limit + 32)};
    }
    if (directory.offset > limit || directory.bytes > limit - directory.offset ||
        directory.entries > directory.bytes / kEntryBytes) {
      Corrupt("its directory lies outside the file");
    }
    return directory;
  }

  /// Takes one entry off the directory.
  ZipEntry ReadEntry(Bytes* rest, uint64_t data_end) const {
    const Bytes head = *rest;
    if (head.size() < kEntryBytes || At<uint32_t>(head, 0) != kEntryMagic) {
      Corrupt("its directory is damaged");
    }
    const size_t name_bytes = At<uint16_t>(head, 28), field_bytes = At<uint16_t>(head, 30);
    const size_t all = kEntryBytes + name_bytes + field_bytes + At<uint16_t>(head, 32);
    if (head.size() < all) Corrupt("its directory is damaged");
    *rest = head.subspan(all);

    ZipEntry entry;
    entry.name = Text(head.subspan(kEntryBytes, name_bytes));
    entry.crc32 = At<uint32_t>(head, 16);
    CheckStored(entry.name, At<uint16_t>(head, 8), At<uint16_t>(head, 10));
    uint64_t sizes[] = {At<uint32_t>(head, 24), At<uint32_t>(head, 20), At<uint32_t>(head, 42)};
    ReadZip64(head.subspan(kEntryBytes + name_bytes, field_bytes), entry.name, sizes);
    if (sizes[0] != sizes[1]) Corrupt("'" + entry.name + "' has two sizes");
    entry.bytes = Data(entry.name, sizes[2], sizes[0], data_end);
    return entry;
  }

  void CheckStored(const std::string& name, uint16_t flags, uint16_t method) const {
    if ((flags & 1) != 0) {
      throw Error(Code::kUnsupported, place_, "'" + name + "' in it is encrypted");
    }
    if (method == 0) return;
    throw Error(Code::kUnsupported, place_, "'" + name + "' in it is compressed",
                "save it with np.savez, not np.savez_compressed");
  }

  /// Puts the numbers that do not fit 32 bits in their places: the size twice, the offset.
  void ReadZip64(Bytes fields, const std::string& name, std::span<uint64_t, 3> numbers) const {
    while (fields.size() >= 4) {
      const size_t bytes = At<uint16_t>(fields, 2);
      if (bytes > fields.size() - 4) break;
      Bytes field = fields.subspan(4, bytes);
      if (At<uint16_t>(fields, 0) == kZip64Field) {
        for (uint64_t& number : numbers) {
          if (number != kInField) continue;
          if (field.size() < 8) Corrupt("the zip64 field of '" + name + "' is too short");
          number = At<uint64_t>(field, 0);
          field = field.subspan(8);
        }
        return;
      }
      fields = fields.subspan(4 + bytes);
    }
  }

  /// The bytes of an entry, which lie after its own header, before the directory.
  Bytes Data(const std::string& name, uint64_t offset, uint64_t bytes, uint64_t data_end) const {
    if (offset > data_end || data_end - offset < kLocalBytes ||
        At<uint32_t>(file_, static_cast<size_t>(offset)) != kLocalMagic) {
      Corrupt("'" + name + "' is not where its directory says");
    }
    const auto at = static_cast<size_t>(offset);
    const uint64_t begin =
        offset + kLocalBytes + At<uint16_t>(file_, at + 26) + At<uint16_t>(file_, at + 28);
    if (begin > data_end || bytes > data_end - begin) {
      Corrupt(Format("'%s' claims %" PRIu64 " bytes, which are not there", name.c_str(), bytes));
    }
    return file_.subspan(static_cast<size_t>(begin), static_cast<size_t>(bytes));
  }

  Bytes file_;
  std::string_view place_;
};

constexpr auto kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::vector<ZipEntry> ReadZip(Bytes file, std::string_view place) {
  return ZipReader(file, place).Read();
}

std::string_view FirstZipName(Bytes file) {
  if (file.size() < kLocalBytes || At<uint32_t>(file, 0) != kLocalMagic) return {};
  const Bytes rest = file.subspan(kLocalBytes);
  return Text(rest.first(std::min<size_t>(rest.size(), At<uint16_t>(file, 26))));
}

uint32_t Crc32(Bytes bytes, uint32_t before) {
  uint32_t crc = ~before;
  for (const std::byte byte : bytes) {
    crc = kCrcTable[(crc ^ static_cast<uint32_t>(byte)) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

}  // namespace quanta::converter
