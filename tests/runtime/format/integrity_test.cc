// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <cstring>

#include "runtime/format/reader.h"
#include "runtime/format/seal.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::format {
namespace {

using testing::HasSubstr;
using writer::AlignedBuffer;

std::string Hex(const Hash256& hash) {
  char hex[65];
  sodium_bin2hex(hex, sizeof(hex), hash.bytes, sizeof(hash.bytes));
  return hex;
}

TEST(Hash, IsBlake2b256) {
  // The published digests of "" and "abc" with a 32-byte output.
  EXPECT_EQ(Hex(Hash({})), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(Hex(Hash(std::as_bytes(std::span("abc", 3)))),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST(CheckChunk, NamesTheChunkOfEveryFlippedByte) {
  const SampleModel sample;
  AlignedBuffer bytes = sample.File();
  const auto file = Read(bytes.bytes(), nullptr);
  ASSERT_TRUE(file.ok());
  const size_t chunks = file.value().header.chunk_hashes.size();
  ASSERT_GT(chunks, 2u);
  for (size_t i = 0; i < file.value().data.size(); i += 509) {
    std::byte& byte = bytes.bytes()[static_cast<size_t>(sample.header.data_offset) + i];
    byte ^= std::byte{1};
    for (size_t chunk = 0; chunk < chunks; ++chunk) {
      const bool hit = chunk == i / SampleModel::kChunkBytes;
      ErrorDetail detail;
      const Status status = CheckChunk(file.value(), chunk, &detail);
      ASSERT_EQ(status.code(), hit ? Code::kUnverified : Code::kOk);
      if (hit) {
        ASSERT_THAT(detail.text(), HasSubstr("chunk " + std::to_string(chunk) + " of"));
      }
    }
    byte ^= std::byte{1};
  }
}

TEST(CheckChunk, GivesTheByteRangeInTheFile) {
  const SampleModel sample;
  AlignedBuffer bytes = sample.File();
  bytes.bytes()[bytes.bytes().size() - 1] ^= std::byte{1};
  const auto file = Read(bytes.bytes(), nullptr);
  ASSERT_TRUE(file.ok());
  const size_t last = file.value().header.chunk_hashes.size() - 1;
  ErrorDetail detail;
  EXPECT_FALSE(CheckChunk(file.value(), last, &detail).ok());
  EXPECT_THAT(detail.text(), HasSubstr("bytes " +
                                       std::to_string(sample.header.data_offset +
                                                      last * SampleModel::kChunkBytes) +
                                       " to " + std::to_string(bytes.bytes().size())));
}

class Signature : public testing::Test {
 protected:
  Signature() : bytes_(sample_.File()) {
    std::array<uint8_t, 32> seed{7};
    EXPECT_EQ(crypto_sign_seed_keypair(public_key_.data(), secret_key_.data(), seed.data()), 0);
    seal_ = Read(bytes_.bytes(), nullptr).value().seal;
    seal_.is_signed = true;
    std::memcpy(seal_.public_key, public_key_.data(), public_key_.size());
    uint8_t message[kSignedMessageBytes];
    SignedMessage(seal_.header_hash, message);
    crypto_sign_detached(seal_.signature, nullptr, message, sizeof(message), secret_key_.data());
    Store();
  }

  std::span<std::byte, Seal::kBytes> SealBytes() {
    const uint64_t end = PrefixBytes(bytes_.bytes(), nullptr).value();
    return bytes_.bytes().subspan(static_cast<size_t>(end) - Seal::kBytes).first<Seal::kBytes>();
  }
  void Store() { StoreSeal(seal_, SealBytes()); }

  SampleModel sample_;
  AlignedBuffer bytes_;
  std::array<uint8_t, 32> public_key_;
  std::array<uint8_t, 64> secret_key_;
  Seal seal_;
};

TEST_F(Signature, OfTheRightKeyIsAccepted) {
  ErrorDetail detail;
  const auto file = Read(bytes_.bytes(), &detail);
  ASSERT_TRUE(file.ok()) << detail.text();
  EXPECT_TRUE(file.value().seal.is_signed);
  EXPECT_TRUE(CheckSignature(file.value().seal, public_key_, &detail).ok()) << detail.text();
}

TEST_F(Signature, OfAnotherKeyIsRefused) {
  ErrorDetail detail;
  std::array<uint8_t, 32> other = public_key_;
  other[5] ^= 1;
  const auto file = Read(bytes_.bytes(), nullptr);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(CheckSignature(file.value().seal, other, &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("not with the required one"));
  EXPECT_FALSE(CheckSignature(file.value().seal, std::span(public_key_).first(31), nullptr).ok());
}

TEST_F(Signature, MissingIsRefusedWhereOneIsRequired) {
  seal_.is_signed = false;
  Store();
  const auto file = Read(bytes_.bytes(), nullptr);
  ASSERT_TRUE(file.ok());
  ErrorDetail detail;
  EXPECT_EQ(CheckSignature(file.value().seal, public_key_, &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("has none"));
}

TEST_F(Signature, ThatWasTamperedWithIsRefusedAtOpening) {
  for (size_t at = 64; at < 160; at += 5) {
    SealBytes()[at] ^= std::byte{1};
    EXPECT_EQ(Read(bytes_.bytes(), nullptr).status().code(), Code::kUnverified) << at;
    SealBytes()[at] ^= std::byte{1};
  }
}

TEST_F(Signature, DoesNotMoveToAnotherHeader) {
  sample_.header.provenance.source = "elsewhere";
  bytes_ = sample_.File();  // sealed, unsigned
  seal_.header_hash = Read(bytes_.bytes(), nullptr).value().seal.header_hash;
  Store();
  ErrorDetail detail;
  EXPECT_EQ(Read(bytes_.bytes(), &detail).status().code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("forged"));
}

TEST_F(Signature, LeavesNoUncheckedByteInTheSeal) {
  for (const size_t at : {33u, 36u, 63u, 160u, 191u}) {
    SealBytes()[at] ^= std::byte{1};
    EXPECT_EQ(Read(bytes_.bytes(), nullptr).status().code(), Code::kCorrupt) << at;
    SealBytes()[at] ^= std::byte{1};
  }
}

}  // namespace
}  // namespace quanta::format
