// SPDX-License-Identifier: MIT
#include <sodium.h>

#include <cstring>

#include "runtime/format/bytes.h"
#include "runtime/format/reader.h"
#include "runtime/format/seal.h"

namespace quanta::format {
namespace {

/// Lets libsodium choose its fastest code for this CPU; correct without.
void PickImplementation() {
#ifndef __EMSCRIPTEN__  // One implementation, and no randomness is wanted.
  static const int picked = sodium_init();
  static_cast<void>(picked);
#endif
}

constexpr size_t kKeyOffset = 64;
constexpr size_t kSignatureOffset = 96;
constexpr size_t kTailOffset = 160;
static_assert(kTailOffset < Seal::kBytes);

Status BadSeal(ErrorDetail* detail, const char* why) { return Corrupt(detail, "the seal %s", why); }

}  // namespace

Hash256 Hash(std::span<const std::byte> bytes) {
  PickImplementation();
  Hash256 hash;
  crypto_generichash(hash.bytes, sizeof(hash.bytes),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr,
                     0);
  return hash;
}

void SignedMessage(const Hash256& header_hash, std::span<uint8_t, kSignedMessageBytes> out) {
  static constexpr char kDomain[] = "quanta.qfb.v1";  // the NUL belongs to it
  static_assert(sizeof(kDomain) + sizeof(Hash256) == kSignedMessageBytes);
  std::memcpy(out.data(), kDomain, sizeof(kDomain));
  std::memcpy(out.data() + sizeof(kDomain), header_hash.bytes, sizeof(header_hash.bytes));
}

void StoreSeal(const Seal& seal, std::span<std::byte, Seal::kBytes> out) {
  std::memset(out.data(), 0, out.size());
  std::memcpy(out.data(), seal.header_hash.bytes, sizeof(seal.header_hash.bytes));
  if (!seal.is_signed) return;
  out[sizeof(Hash256)] = std::byte{1};
  std::memcpy(out.data() + kKeyOffset, seal.public_key, sizeof(seal.public_key));
  std::memcpy(out.data() + kSignatureOffset, seal.signature, sizeof(seal.signature));
}

Status LoadSeal(std::span<const std::byte, Seal::kBytes> bytes, Seal* seal, ErrorDetail* detail) {
  const auto kind = Load<uint32_t>(bytes, sizeof(Hash256));
  if (kind > 1) return BadSeal(detail, "is of an unknown kind");
  seal->is_signed = kind == 1;
  std::memcpy(seal->header_hash.bytes, bytes.data(), sizeof(Hash256));
  std::memcpy(seal->public_key, bytes.data() + kKeyOffset, sizeof(seal->public_key));
  std::memcpy(seal->signature, bytes.data() + kSignatureOffset, sizeof(seal->signature));
  constexpr size_t kReserved = sizeof(Hash256) + sizeof(kind);
  const bool clean = AllZero(bytes.subspan(kReserved, kKeyOffset - kReserved)) &&
                     AllZero(bytes.subspan(seal->is_signed ? kTailOffset : kKeyOffset));
  return clean ? Status() : BadSeal(detail, "has bytes that should be zero");
}

Status CheckSeal(const Seal& seal, ErrorDetail* detail) {
  if (!seal.is_signed) return {};
  PickImplementation();
  uint8_t message[kSignedMessageBytes];
  SignedMessage(seal.header_hash, message);
  if (crypto_sign_verify_detached(seal.signature, message, sizeof(message), seal.public_key) == 0) {
    return {};
  }
  return Fail(detail, Code::kUnverified, "the signature does not match",
              "the file was changed after it was signed, or its signature was forged");
}

Status CheckSignature(const Seal& seal, std::span<const uint8_t> public_key, ErrorDetail* detail) {
  if (!seal.is_signed) {
    return Fail(detail, Code::kUnverified, "the file is not signed",
                "a signature is required, but the file has none");
  }
  if (public_key.size() != sizeof(seal.public_key) ||
      std::memcmp(public_key.data(), seal.public_key, sizeof(seal.public_key)) != 0) {
    char hex[2 * sizeof(seal.public_key) + 1];
    sodium_bin2hex(hex, sizeof(hex), seal.public_key, sizeof(seal.public_key));
    return Fail(detail, Code::kUnverified, "the file is signed with another key",
                "it is signed with the key %s, not with the required one", hex);
  }
  return CheckSeal(seal, detail);
}

Status CheckChunk(const Header& header, size_t index, std::span<const std::byte> chunk,
                  ErrorDetail* detail) {
  QUANTA_CHECK(index < header.chunk_hashes.size());
  if (Hash(chunk) == header.chunk_hashes[index]) return {};
  const uint64_t begin = header.data_offset + uint64_t{index} * header.chunk_bytes;
  return Fail(detail, Code::kUnverified, "the file's contents do not match their hash",
              "chunk %zu of %zu (bytes %llu to %llu of the file) was changed or damaged", index,
              header.chunk_hashes.size(), static_cast<unsigned long long>(begin),
              static_cast<unsigned long long>(begin + chunk.size()));
}

Status CheckChunk(const File& file, size_t index, ErrorDetail* detail) {
  QUANTA_CHECK(index < file.header.chunk_hashes.size());
  const size_t begin = index * file.header.chunk_bytes;
  const size_t left = file.data.size() - begin;
  const size_t bytes = left < file.header.chunk_bytes ? left : file.header.chunk_bytes;
  return CheckChunk(file.header, index, file.data.subspan(begin, bytes), detail);
}

}  // namespace quanta::format
