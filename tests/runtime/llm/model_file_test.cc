// SPDX-License-Identifier: MIT
// Models as files: mapped, compressed, signed. On hosts, which have the writer.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "converter/writer/compress.h"
#include "converter/writer/seal.h"
#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::AllLogits;
using testing::TestSession;
using testing::TinyModel;
using testing::TinyOptions;
using testing::TinySpec;

class ModelFileTest : public ::testing::Test {
 protected:
  ModelFileTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    dir_ = std::filesystem::path(::testing::TempDir()) / (std::string("quanta_") + test->name());
    std::filesystem::create_directories(dir_);
    plain_ = Path("plain.qfb");
    const auto bytes = tiny_.File();
    std::ofstream(plain_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  }
  ~ModelFileTest() override { std::filesystem::remove_all(dir_); }

  std::string Path(const char* name) const { return (dir_ / name).string(); }

  Result<Model> Open(const std::string& path, std::span<const uint8_t> key = {},
                     bool verify = false) {
    detail_.Clear();
    OpenOptions options;
    options.require_signature = key;
    options.verify_data = verify;
    return Model::Open(path.c_str(), options, &detail_);
  }

  static std::vector<float> Logits(const Model& model) {
    TestSession session(model, TinyOptions(8, 1));
    return AllLogits(*session, testing::SomeTokens(20));
  }

  std::string Compressed() {
    const std::string path = Path("compressed.qfb");
    const Status status = writer::CompressFile(plain_, path, 3, &detail_);
    EXPECT_TRUE(status.ok()) << detail_.text();
    return path;
  }

  TinyModel tiny_{TinySpec()};
  std::filesystem::path dir_;
  std::string plain_;
  ErrorDetail detail_;
};

TEST_F(ModelFileTest, MappedFileGivesWhatItsBytesGive) {
  auto model = Open(plain_, {}, true);
  ASSERT_OK_DETAIL(model, detail_);
  EXPECT_FALSE(model->info().compressed);
  EXPECT_EQ(Logits(*model), Logits(tiny_.Open()));
}

TEST_F(ModelFileTest, CompressedFileGivesTheSameModel) {
  const std::string path = Compressed();
  auto model = Open(path, {}, true);
  ASSERT_OK_DETAIL(model, detail_);
  EXPECT_TRUE(model->info().compressed);
  EXPECT_EQ(model->info().file_bytes, std::filesystem::file_size(plain_));
  EXPECT_TRUE(model->VerifyData(&detail_).ok());
  EXPECT_EQ(Logits(*model), Logits(tiny_.Open()));
}

TEST_F(ModelFileTest, CompressedBytesNeedNoAlignment) {
  std::ifstream in(Compressed(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::string shifted = "?" + bytes;
  auto model = Model::Open(std::as_bytes(std::span(shifted)).subspan(1), {}, &detail_);
  ASSERT_OK_DETAIL(model, detail_);
  EXPECT_EQ(Logits(*model), Logits(tiny_.Open()));
}

TEST_F(ModelFileTest, DamagedCompressedFileIsRefusedAtOnce) {
  const std::string path = Compressed();
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-40, std::ios::end);
  file.put('?');
  file.close();
  auto model = Open(path);
  EXPECT_TRUE(model.status().code() == Code::kCorrupt || model.status().code() == Code::kUnverified)
      << detail_.text();
  EXPECT_FALSE(detail_.empty());
}

TEST_F(ModelFileTest, SignatureIsRequiredOnRequest) {
  ASSERT_TRUE(writer::GenerateKey(Path("key"), &detail_).ok()) << detail_.text();
  const auto key = writer::ReadKey(Path("key"), &detail_);
  ASSERT_TRUE(key.ok());
  const std::string path = Path("signed.qfb");
  ASSERT_TRUE(writer::SignFile(plain_, key.value(), path, &detail_).ok()) << detail_.text();
  auto pub = writer::PublicKeyOf(key.value());

  auto model = Open(path, pub);
  ASSERT_OK_DETAIL(model, detail_);
  EXPECT_TRUE(model->info().is_signed);
  EXPECT_TRUE(std::equal(pub.begin(), pub.end(), model->info().public_key));
  EXPECT_EQ(Open(plain_, pub).status().code(), Code::kUnverified);
  pub[5] ^= 1;
  EXPECT_EQ(Open(path, pub).status().code(), Code::kUnverified);
  EXPECT_TRUE(Open(path).ok());  // nobody asked
}

TEST_F(ModelFileTest, AFolderIsNoModel) {
  EXPECT_EQ(Open(dir_.string()).status().code(), Code::kIo);
  EXPECT_NE(std::string(detail_.text()).find(dir_.string()), std::string::npos);
}

}  // namespace
}  // namespace quanta
