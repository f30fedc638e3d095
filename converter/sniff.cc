// SPDX-License-Identifier: MIT
#include "converter/sniff.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace quanta::converter {
namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};

constexpr Signature kSignatures[] = {
    {0, "\x89PNG\r\n\x1a\n"sv, "a PNG image"},
    {0, "\xff\xd8\xff"sv, "a JPEG image"},
    {0, "GIF8"sv, "a GIF image"},
    {0, "%PDF-"sv, "a PDF document"},
    {0, "GGUF"sv, "a GGUF model"},
    {0, "lmgg"sv, "an old GGML model"},
    {0, "tjgg"sv, "an old GGML model"},
    {0, "PK\x03\x04"sv, "a zip archive or a PyTorch checkpoint (.bin, .pt)"},
    {0, "\x89HDF\r\n"sv, "an HDF5 file"},
    {0, "\x93NUMPY"sv, "a NumPy array"},
    {0, "\x1f\x8b"sv, "a gzip archive"},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "an xz archive"},
    {0, "\x28\xb5\x2f\xfd"sv, "a Zstandard archive"},
    {0, "\x51\x2a\x4d\x18"sv, "a compressed Quanta model"},
    {0,
     "\x7f"
     "ELF"sv,
     "a program"},
    {4, "TFL3"sv, "a TensorFlow Lite model"},
    {8, "QFB1"sv, "a Quanta model (.qfb)"},
    {257, "ustar"sv, "a tar archive"},
    {0, "version https://git-lfs"sv,
     "a Git LFS pointer, not the file itself (fetch it with `git lfs pull`)"},
};

bool IsText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

std::string_view Sniff(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), size_t{512}));
  if (text.empty()) return "an empty file";
  for (const Signature& signature : kSignatures) {
    if (text.size() >= signature.offset &&
        text.substr(signature.offset).starts_with(signature.bytes)) {
      return signature.name;
    }
  }
  // A pickle of protocol 2 or later: the opcode PROTO and the number.
  if (text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5) {
    return "a Python pickle (an old PyTorch checkpoint)";
  }
  if (text.size() > 9 && text[8] == '{' && (text[9] == '"' || text[9] == '}')) {
    return "a safetensors file";
  }
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != text.npos && text[first] == '{' && IsText(text)) return "a JSON file";
  return IsText(text) ? "a text file" : "an unknown kind of file";
}

std::string SniffPath(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return "a folder";
  std::array<char, 512> first{};
  std::ifstream file(path, std::ios::binary);
  file.read(first.data(), first.size());
  const auto count = static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0));
  return std::string(Sniff(std::as_bytes(std::span(first).first(count))));
}

}  // namespace quanta::converter
