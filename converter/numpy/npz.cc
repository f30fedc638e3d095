// SPDX-License-Identifier: MIT
#include "converter/numpy/npz.h"

#include <algorithm>

#include "converter/error.h"
#include "converter/numpy/zip.h"
#include "converter/pages.h"

namespace quanta::converter {
namespace {

constexpr std::string_view kSuffix = ".npy";

/// Piece by piece, so that pages of a large array need not stay.
void CheckCrc(const ZipEntry& entry, bool mapped, std::string_view place) {
  constexpr size_t kPiece = size_t{4} << 20;
  uint32_t crc = 0;
  for (size_t at = 0; at < entry.bytes.size(); at += kPiece) {
    const auto piece = entry.bytes.subspan(at, std::min(kPiece, entry.bytes.size() - at));
    crc = Crc32(piece, crc);
    if (mapped) ReleasePages(piece);
  }
  if (crc == entry.crc32) return;
  throw Error(Code::kCorrupt, place, "'" + entry.name + "' does not match its checksum",
              "download or copy it again");
}

}  // namespace

std::map<std::string, NpyArray> ReadNpz(std::span<const std::byte> file, bool mapped,
                                        std::string_view place) {
  std::map<std::string, NpyArray> arrays;
  for (const ZipEntry& entry : ReadZip(file, place)) {
    if (!entry.name.ends_with(kSuffix)) {
      throw Error(Code::kUnsupported, place, "'" + entry.name + "' in it is not a NumPy array");
    }
    std::string name = entry.name.substr(0, entry.name.size() - kSuffix.size());
    NpyArray array = ParseNpy(entry.bytes, place, name);
    CheckCrc(entry, mapped, place);
    if (!arrays.emplace(name, std::move(array)).second) {
      throw Error(Code::kCorrupt, place, "array '" + name + "' occurs twice");
    }
  }
  return arrays;
}

bool LooksLikeNpz(std::span<const std::byte> file) { return FirstZipName(file).ends_with(kSuffix); }

}  // namespace quanta::converter
