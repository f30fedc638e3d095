// SPDX-License-Identifier: MIT
#include "converter/writer/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "converter/writer/compress.h"
#include "tests/converter/writer/scratch_folder.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::writer {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;

class SealTest : public ScratchFolder {
 protected:
  SealTest() {
    Write("m.qfb", sample_.File().bytes());
    EXPECT_TRUE(GenerateKey(Path("key"), nullptr).ok());
    key_ = ReadKey(Path("key"), nullptr).value();
    public_key_ = ParsePublicKey(Path("key.pub"), nullptr).value();
  }

  /// Flips one bit of a file.
  void Flip(const std::string& name, size_t at) {
    std::string bytes = Read(name);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    Write(name, bytes);
  }

  Status Verify(const std::string& name, ErrorDetail* detail = nullptr) {
    return VerifyFile(Path(name), public_key_, nullptr, detail);
  }

  format::SampleModel sample_;
  SecretKey key_;
  PublicKey public_key_;
};

TEST_F(SealTest, KeysAreHexadecimalAndTheSecretOneIsPrivate) {
  EXPECT_THAT(Read("key"), MatchesRegex("[0-9a-f]{64}\n"));
  EXPECT_THAT(Read("key.pub"), MatchesRegex("[0-9a-f]{64}\n"));
  EXPECT_NE(Read("key"), Read("key.pub"));
  EXPECT_EQ(std::filesystem::status(Path("key")).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(public_key_, PublicKeyOf(key_));
}

TEST_F(SealTest, APublicKeyIsTakenFromTextToo) {
  EXPECT_EQ(ParsePublicKey(Read("key.pub").substr(0, 64), nullptr).value(), public_key_);
}

TEST_F(SealTest, KeysAreNeverOverwritten) {
  const std::string secret = Read("key");
  ErrorDetail detail;
  EXPECT_EQ(GenerateKey(Path("key"), &detail).code(), Code::kInvalidArgument);
  EXPECT_THAT(detail.text(), HasSubstr("not overwritten"));
  EXPECT_EQ(Read("key"), secret);

  Write("other.pub", "taken");
  EXPECT_FALSE(GenerateKey(Path("other"), &detail).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("other")));
}

TEST_F(SealTest, RefusesWhatIsNoKey) {
  for (const std::string& text :
       {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'),
        std::string(64, 'a') + " x", std::string(64, ' ')}) {
    Write("bad", text);
    ErrorDetail detail;
    EXPECT_EQ(ReadKey(Path("bad"), &detail).status().code(), Code::kInvalidArgument) << text;
    EXPECT_THAT(detail.text(), HasSubstr("64 hexadecimal digits"));
  }
  EXPECT_EQ(ReadKey(Path("missing"), nullptr).status().code(), Code::kNotFound);
}

TEST_F(SealTest, SigningChangesTheSealAlone) {
  const std::string before = Read("m.qfb");
  ErrorDetail detail;
  ASSERT_TRUE(SignFile(Path("m.qfb"), key_, Path("signed.qfb"), &detail).ok()) << detail.text();
  const std::string after = Read("signed.qfb");
  ASSERT_EQ(after.size(), before.size());
  size_t first = before.size(), last = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    first = std::min(first, i);
    last = i;
  }
  EXPECT_GT(last, first);
  EXPECT_LT(last - first, 192u);
  EXPECT_TRUE(Verify("signed.qfb", &detail).ok()) << detail.text();
  EXPECT_EQ(Read("m.qfb"), before);
}

TEST_F(SealTest, SigningInPlaceAndAgainGivesTheSameFile) {
  ASSERT_TRUE(SignFile(Path("m.qfb"), key_, Path("m.qfb"), nullptr).ok());
  const std::string once = Read("m.qfb");
  ASSERT_TRUE(SignFile(Path("m.qfb"), key_, Path("m.qfb"), nullptr).ok());
  EXPECT_EQ(Read("m.qfb"), once);
  EXPECT_THAT(Files(), UnorderedElementsAre("m.qfb", "key", "key.pub"));
}

TEST_F(SealTest, VerifyTellsUnsignedWronglySignedAndTamperedFilesApart) {
  ErrorDetail detail;
  EXPECT_TRUE(VerifyFile(Path("m.qfb"), {}, nullptr, &detail).ok()) << detail.text();
  EXPECT_EQ(Verify("m.qfb", &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("has none"));

  ASSERT_TRUE(GenerateKey(Path("other"), nullptr).ok());
  ASSERT_TRUE(
      SignFile(Path("m.qfb"), ReadKey(Path("other"), nullptr).value(), Path("o.qfb"), nullptr)
          .ok());
  EXPECT_EQ(Verify("o.qfb", &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("not with the required one"));

  ASSERT_TRUE(SignFile(Path("m.qfb"), key_, Path("s.qfb"), nullptr).ok());
  Flip("s.qfb", Read("s.qfb").size() - 1);
  EXPECT_EQ(Verify("s.qfb", &detail).code(), Code::kUnverified);
  EXPECT_THAT(detail.text(), HasSubstr("chunk"));
}

TEST_F(SealTest, ADamagedModelIsNotSigned) {
  Flip("m.qfb", Read("m.qfb").size() - 1);
  EXPECT_EQ(SignFile(Path("m.qfb"), key_, Path("s.qfb"), nullptr).code(), Code::kUnverified);
  EXPECT_FALSE(std::filesystem::exists(Path("s.qfb")));
}

TEST_F(SealTest, VerifyReportsProgressAndStopsWhenTold) {
  std::vector<uint64_t> seen;
  const auto record = [&](uint64_t done, uint64_t total) {
    EXPECT_EQ(total, sample_.header.data_bytes);
    seen.push_back(done);
    return true;
  };
  ASSERT_TRUE(VerifyFile(Path("m.qfb"), {}, record, nullptr).ok());
  EXPECT_EQ(seen.size(), sample_.header.chunk_hashes.size());
  EXPECT_EQ(seen.back(), sample_.header.data_bytes);
  const auto stop = [](uint64_t, uint64_t) { return false; };
  EXPECT_EQ(VerifyFile(Path("m.qfb"), {}, stop, nullptr).code(), Code::kCancelled);
}

TEST_F(SealTest, VerifyReadsCompressedModelsToo) {
  ASSERT_TRUE(SignFile(Path("m.qfb"), key_, Path("s.qfb"), nullptr).ok());
  ASSERT_TRUE(CompressFile(Path("s.qfb"), Path("s.qfb.zst"), 3, nullptr).ok());
  ErrorDetail detail;
  EXPECT_TRUE(Verify("s.qfb.zst", &detail).ok()) << detail.text();
  EXPECT_EQ(SignFile(Path("s.qfb.zst"), key_, Path("x"), &detail).code(), Code::kUnsupported);
  EXPECT_THAT(detail.text(), HasSubstr("sign the uncompressed file"));
}

}  // namespace
}  // namespace quanta::writer
