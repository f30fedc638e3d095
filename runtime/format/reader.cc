// SPDX-License-Identifier: MIT
#include "runtime/format/reader.h"

#include "runtime/format/bytes.h"
#include "runtime/format/decode.h"
#include "runtime/format/limits.h"
#include "runtime/format/seal.h"
#include "runtime/format/transport.h"
#include "runtime/format/validate.h"

namespace quanta::format {
namespace {

using ull = unsigned long long;

constexpr size_t kMagicOffset = 8;  // after the size prefix and the FlatBuffer's root offset
constexpr size_t kMagicEnd = 12;

bool IsQfb(std::span<const std::byte> first) {
  return first.size() >= kMagicEnd && StartsWith(first.subspan(kMagicOffset), "QFB1", 4);
}

/// What `first` seems to be, and what to do about it.
const char* Describe(std::span<const std::byte> first) {
  if (first.empty()) return "the file is empty";
  if (IsCompressed(first)) {
    return "this is a compressed model; decompress it first";
  }
  if (StartsWith(first, "GGUF", 4)) return "this is a GGUF file; convert it with quanta-convert";
  if (first.size() >= 9 && first[8] == std::byte{'{'} && Load<uint64_t>(first, 0) < (1u << 30)) {
    return "this is a safetensors file; convert its folder with quanta-convert";
  }
  if (StartsWith(first, "PK\3\4", 4)) {
    return "this is a zip archive or a PyTorch checkpoint, not a .qfb model";
  }
  if (StartsWith(first, "\x89PNG", 4)) return "this is a PNG image, not a .qfb model";
  if (StartsWith(first, "\xFF\xD8\xFF", 3)) return "this is a JPEG image, not a .qfb model";
  if (StartsWith(first, "\x28\xB5\x2F\xFD", 4)) {
    return "this is a Zstandard file, but not a compressed .qfb model";
  }
  if (StartsWith(first, "\x1F\x8B", 2)) return "this is a gzip file, not a .qfb model";
  if (StartsWith(first,
                 "\x7F"
                 "ELF",
                 4))
    return "this is a program, not a .qfb model";
  if (StartsWith(first, "{", 1)) return "this is a JSON file, not a .qfb model";
  if (StartsWith(first, "version https://git-lfs", 23)) {
    return "this is a Git LFS pointer, not the model itself; fetch it with git lfs pull";
  }
  return "the file does not begin like a .qfb model";
}

Status CheckMagic(std::span<const std::byte> first, ErrorDetail* detail) {
  if (IsQfb(first)) return {};
  return Fail(detail, Code::kCorrupt, "not a .qfb model", "%s", Describe(first));
}

/// Size prefix and FlatBuffer.
Result<uint64_t> HeaderBytes(std::span<const std::byte> first, ErrorDetail* detail) {
  QUANTA_TRY(CheckMagic(first, detail));
  const uint64_t bytes = uint64_t{Load<uint32_t>(first, 0)} + sizeof(uint32_t);
  if (bytes < kMagicEnd || bytes > kMaxHeaderBytes) {
    return Corrupt(detail, "the header's size is %llu bytes, expected up to %u",
                   static_cast<ull>(bytes), kMaxHeaderBytes);
  }
  return bytes;
}

/// Loads and checks the seal of the header [0, header_bytes).
Status ReadSeal(std::span<const std::byte> bytes, size_t header_bytes, Seal* seal,
                ErrorDetail* detail) {
  const auto seal_offset = static_cast<size_t>(RoundUp(header_bytes, kAlign));
  QUANTA_TRY(LoadSeal(bytes.subspan(seal_offset).first<Seal::kBytes>(), seal, detail));
  if (Hash(bytes.first(header_bytes)) != seal->header_hash) {
    return Fail(detail, Code::kUnverified, "the header does not match its hash",
                "the file was changed or damaged within its first %zu bytes", header_bytes);
  }
  if (!AllZero(bytes.subspan(header_bytes, seal_offset - header_bytes))) {
    return Corrupt(detail, "bytes between header and seal are not zero");
  }
  return CheckSeal(*seal, detail);
}

Status Validate(const Header& header, uint64_t prefix, uint64_t file_bytes, ErrorDetail* detail) {
  if (const uint32_t oldest = OldestReader(header); header.reader_version < oldest) {
    return Corrupt(detail, "reader_version is %u, the file uses what version %u brought",
                   header.reader_version, oldest);
  }
  QUANTA_TRY(ValidateArchitecture(header.architecture, detail));
  QUANTA_TRY(ValidateData(header, prefix, file_bytes, detail));
  QUANTA_TRY(ValidateTensors(header, detail));
  // A model without a tokenizer works on ids alone.
  if (header.tokenizer.vocab() != 0) {
    QUANTA_TRY(ValidateTokenizer(header.tokenizer, header.architecture.vocab, detail));
  }
  return ValidateSelfTest(header, detail);
}

}  // namespace

Result<uint64_t> PrefixBytes(std::span<const std::byte> first, ErrorDetail* detail) {
  QUANTA_ASSIGN(const uint64_t header_bytes, HeaderBytes(first, detail));
  return RoundUp(header_bytes, kAlign) + Seal::kBytes;
}

Result<File> ReadPrefix(std::span<const std::byte> bytes, uint64_t file_bytes,
                        ErrorDetail* detail) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kAlign != 0) {
    return Fail(detail, Code::kInvalidArgument, "the model's bytes are not 64-byte aligned",
                "they start at %p", static_cast<const void*>(bytes.data()));
  }
  QUANTA_ASSIGN(const uint64_t header_bytes, HeaderBytes(bytes, detail));
  const uint64_t prefix = RoundUp(header_bytes, kAlign) + Seal::kBytes;
  if (bytes.size() < prefix) {
    return Corrupt(detail, "file is truncated: %llu bytes, the header alone takes %llu",
                   static_cast<ull>(file_bytes), static_cast<ull>(prefix));
  }
  File file;
  const auto header = bytes.first(static_cast<size_t>(header_bytes));
  QUANTA_TRY(ReadSeal(bytes, header.size(), &file.seal, detail));
  QUANTA_TRY(DecodeHeader(header, &file.header, detail));
  QUANTA_TRY(Validate(file.header, prefix, file_bytes, detail));
  const uint64_t gap_end =
      file.header.data_offset < bytes.size() ? file.header.data_offset : uint64_t{bytes.size()};
  const auto gap = bytes.first(static_cast<size_t>(gap_end)).subspan(static_cast<size_t>(prefix));
  if (!AllZero(gap)) return Corrupt(detail, "bytes between seal and data are not zero");
  return file;
}

Result<File> Read(std::span<const std::byte> bytes, ErrorDetail* detail) {
  QUANTA_ASSIGN(File file, ReadPrefix(bytes, bytes.size(), detail));
  file.data = bytes.subspan(static_cast<size_t>(file.header.data_offset));
  return file;
}

}  // namespace quanta::format
