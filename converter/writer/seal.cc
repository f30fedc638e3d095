// SPDX-License-Identifier: MIT
#include "converter/writer/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "converter/writer/atomic_file.h"
#include "converter/writer/model_source.h"
#include "runtime/format/reader.h"
#include "runtime/format/seal.h"

namespace quanta::writer {
namespace {

constexpr size_t kDigits = 64;

std::string ToHex(std::span<const uint8_t, 32> bytes) {
  char hex[kDigits + 1];
  sodium_bin2hex(hex, sizeof(hex), bytes.data(), bytes.size());
  return hex;
}

bool FromHex(std::string_view text, std::array<uint8_t, 32>* out) {
  size_t size = 0;
  return text.size() == kDigits &&
         sodium_hex2bin(out->data(), out->size(), text.data(), text.size(), nullptr, &size,
                        nullptr) == 0 &&
         size == out->size();
}

/// Creates `path`, which must not exist: a key that is lost cannot be had again.
Status WriteNewFile(const std::string& path, mode_t mode, const std::string& text,
                    ErrorDetail* detail) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0 && errno == EEXIST) {
    return Fail(detail, Code::kInvalidArgument, "the key file exists already",
                "%s is not overwritten; name another file", path.c_str());
  }
  if (fd < 0) {
    return Fail(detail, Code::kIo, "cannot write the key file", "%s: %s", path.c_str(),
                std::strerror(errno));
  }
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (written) return {};
  unlink(path.c_str());
  return Fail(detail, Code::kIo, "cannot write the key file", "%s: %s", path.c_str(),
              std::strerror(error));
}

/// The 64 digits in a small text file.
Status ReadHexFile(const std::string& path, std::array<uint8_t, 32>* out, ErrorDetail* detail) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(detail, Code::kNotFound, "cannot read the key file", "%s: %s", path.c_str(),
                std::strerror(errno));
  }
  std::string text(kDigits + 3, '\0');  // a line end, and what would be too much
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (FromHex(text, out)) return {};
  return Fail(detail, Code::kInvalidArgument, "not a key file",
              "%s does not hold 64 hexadecimal digits", path.c_str());
}

struct KeyPair {
  uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
  uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

  explicit KeyPair(const SecretKey& seed) {
    static_assert(crypto_sign_SEEDBYTES == sizeof(SecretKey));
    crypto_sign_seed_keypair(public_key, secret_key, seed.data());
  }
  ~KeyPair() { sodium_memzero(secret_key, sizeof(secret_key)); }
};

format::Seal Sign(const format::Hash256& header_hash, const SecretKey& key) {
  const KeyPair pair(key);
  format::Seal seal{.header_hash = header_hash, .is_signed = true};
  uint8_t message[format::kSignedMessageBytes];
  format::SignedMessage(header_hash, message);
  crypto_sign_detached(seal.signature, nullptr, message, sizeof(message), pair.secret_key);
  std::copy(std::begin(pair.public_key), std::end(pair.public_key), std::begin(seal.public_key));
  return seal;
}

}  // namespace

PublicKey PublicKeyOf(const SecretKey& key) {
  const KeyPair pair(key);
  return std::to_array(pair.public_key);
}

Status GenerateKey(const std::string& path, ErrorDetail* detail) {
  if (sodium_init() < 0) return {Code::kInternal, "libsodium does not start"};
  SecretKey key;
  randombytes_buf(key.data(), key.size());
  const std::string public_path = path + ".pub";
  QUANTA_TRY(WriteNewFile(path, 0600, ToHex(key) + "\n", detail));
  const Status status = WriteNewFile(public_path, 0666, ToHex(PublicKeyOf(key)) + "\n", detail);
  if (!status.ok()) unlink(path.c_str());
  sodium_memzero(key.data(), key.size());
  return status;
}

Result<SecretKey> ReadKey(const std::string& path, ErrorDetail* detail) {
  SecretKey key;
  QUANTA_TRY(ReadHexFile(path, &key, detail));
  return key;
}

Result<PublicKey> ParsePublicKey(const std::string& text, ErrorDetail* detail) {
  PublicKey key;
  if (FromHex(text, &key)) return key;
  QUANTA_TRY(ReadHexFile(text, &key, detail));
  return key;
}

Status SignFile(const std::string& in, const SecretKey& key, const std::string& out,
                ErrorDetail* detail, const Progress& progress) {
  QUANTA_ASSIGN(ModelSource source, ModelSource::Open(in, detail));
  if (source.compressed()) {
    return Fail(detail, Code::kUnsupported, "a compressed model cannot be signed",
                "%s: sign the uncompressed file, then compress it", in.c_str());
  }
  AlignedBuffer prefix(source.prefix());
  const uint64_t end_of_seal = format::PrefixBytes(prefix.bytes(), detail).value();
  const auto place =
      prefix.bytes().subspan(static_cast<size_t>(end_of_seal) - format::Seal::kBytes);
  format::StoreSeal(Sign(source.file().seal.header_hash, key), place.first<format::Seal::kBytes>());

  QUANTA_ASSIGN(AtomicFile file, AtomicFile::Create(out, detail));
  QUANTA_TRY(file.Reserve(source.file_bytes(), detail));
  QUANTA_TRY(file.Write(prefix.bytes(), detail));
  for (size_t i = 0; i < source.chunks(); ++i) {
    QUANTA_ASSIGN(const auto chunk, source.Chunk(i, detail));
    QUANTA_TRY(file.Write(chunk, detail));
    QUANTA_TRY(Tell(progress, file.written(), source.file_bytes()));
  }
  return file.Commit(detail);
}

Status VerifyFile(const std::string& path, std::span<const uint8_t> public_key,
                  const Progress& progress, ErrorDetail* detail) {
  QUANTA_ASSIGN(ModelSource source, ModelSource::Open(path, detail));
  if (!public_key.empty()) {
    QUANTA_TRY(format::CheckSignature(source.file().seal, public_key, detail));
  }
  uint64_t done = 0;
  for (size_t i = 0; i < source.chunks(); ++i) {
    QUANTA_ASSIGN(const auto chunk, source.Chunk(i, detail));
    done += chunk.size();
    QUANTA_TRY(Tell(progress, done, source.file().header.data_bytes));
  }
  return {};
}

}  // namespace quanta::writer
