// SPDX-License-Identifier: MIT
#include "quanta/model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::AlignedBytes;
using testing::TinyModel;
using testing::TinySpec;

class ModelTest : public ::testing::Test {
 protected:
  Result<Model> Open(std::span<const std::byte> bytes, const OpenOptions& options = {}) {
    detail_.Clear();
    return Model::Open(bytes, options, &detail_);
  }

  AlignedBytes Copy() {
    const auto file = tiny_.File();
    AlignedBytes copy(file.size());
    std::copy(file.begin(), file.end(), copy.span().begin());
    return copy;
  }

  TinyModel tiny_{TinySpec()};
  ErrorDetail detail_;
};

TEST_F(ModelTest, DescribesItself) {
  auto model = Open(tiny_.File());
  ASSERT_OK_DETAIL(model, detail_);
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.family, "tiny");
  EXPECT_EQ(info.source, "tiny");
  EXPECT_EQ(info.license, "MIT");
  EXPECT_EQ(info.layers, 2u);
  EXPECT_EQ(info.hidden, 32u);
  EXPECT_EQ(info.heads, 4u);
  EXPECT_EQ(info.kv_heads, 2u);
  EXPECT_EQ(info.head_dim, 8u);
  EXPECT_EQ(info.ffn, 48u);
  EXPECT_EQ(info.vocab, 272u);
  EXPECT_EQ(info.context, 64u);
  const uint64_t layer = 2 * 32 + (4 + 2 + 2) * 8 * 32 + 32 * 32 + 3 * 48 * 32;
  EXPECT_EQ(info.parameters, 272 * 32 + 2 * layer + 32);
  EXPECT_EQ(info.decode_bytes, info.parameters * 4);  // tied: all is read
  EXPECT_GE(info.data_bytes, info.parameters * 4);
  EXPECT_EQ(info.file_bytes, tiny_.File().size());
  EXPECT_FALSE(info.compressed || info.is_signed || info.has_chat_template || info.has_self_test);
}

TEST_F(ModelTest, AnUntiedTableIsReadByTheRow) {
  TinySpec spec;
  spec.tied = false;
  spec.positions = true;
  TinyModel untied(spec);
  auto model = Open(untied.File());
  ASSERT_OK_DETAIL(model, detail_);
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.parameters * 4 - info.decode_bytes, (272 - 1 + 64 - 1) * 32 * 4u);
}

TEST_F(ModelTest, CanBeMovedWhileItsPartsStay) {
  auto model = Open(tiny_.File());
  ASSERT_OK_DETAIL(model, detail_);
  const Tokenizer* tokenizer = &model->tokenizer();
  Model moved = std::move(model).value();
  EXPECT_EQ(&moved.tokenizer(), tokenizer);
  EXPECT_EQ(moved.tokenizer().TokenBytes(testing::kHell), "hell");
}

TEST_F(ModelTest, MisalignedBytesAreRefused) {
  const auto file = tiny_.File();
  AlignedBytes bytes(file.size() + 64);
  std::copy(file.begin(), file.end(), bytes.span().begin() + 4);
  EXPECT_EQ(Open(bytes.span().subspan(4, file.size())).status().code(), Code::kInvalidArgument);
  EXPECT_STREQ(detail_.text(),
               "the model's bytes begin 4 past a multiple of 64: place them at a multiple");
}

TEST_F(ModelTest, MissingFileIsNotFound) {
  auto model = Model::Open("/no/such/model.qfb", {}, &detail_);
  EXPECT_EQ(model.status().code(), Code::kNotFound);
  EXPECT_NE(std::string(detail_.text()).find("/no/such/model.qfb"), std::string::npos);
}

TEST_F(ModelTest, TruncatedAndForeignBytesAreErrors) {
  const auto file = tiny_.File();
  for (size_t size = 0; size < file.size(); size += 997) {
    EXPECT_FALSE(Open(file.first(size)).ok()) << size;
    EXPECT_FALSE(detail_.empty()) << size;
  }
  AlignedBytes png(200);
  std::memcpy(png.span().data(), "\x89PNG\r\n\x1a\n", 8);
  EXPECT_EQ(Open(png.span()).status().code(), Code::kCorrupt);
}

TEST_F(ModelTest, TamperedWeightsAreFoundWhereTheyAreHashed) {
  AlignedBytes copy = Copy();
  copy.span()[copy.span().size() - 100] ^= std::byte{1};
  auto model = Open(copy.span());
  ASSERT_OK_DETAIL(model, detail_);  // opening does not read the weights
  EXPECT_EQ(model->VerifyData(&detail_).code(), Code::kUnverified);
  EXPECT_FALSE(detail_.empty());
  OpenOptions options;
  options.verify_data = true;
  EXPECT_EQ(Open(copy.span(), options).status().code(), Code::kUnverified);
  EXPECT_TRUE(Open(tiny_.File(), options).ok());
}

TEST_F(ModelTest, TamperedHeaderIsRefused) {
  AlignedBytes copy = Copy();
  const std::string_view text(reinterpret_cast<const char*>(copy.span().data()),
                              copy.span().size());
  const size_t at = text.find("MIT");
  ASSERT_NE(at, std::string_view::npos);
  copy.span()[at] = std::byte{'m'};
  EXPECT_EQ(Open(copy.span()).status().code(), Code::kUnverified);
}

TEST_F(ModelTest, AnUnsignedFileFailsWhereASignatureIsRequired) {
  const uint8_t key[32] = {1, 2, 3};
  OpenOptions options;
  options.require_signature = key;
  EXPECT_EQ(Open(tiny_.File(), options).status().code(), Code::kUnverified);
}

TEST_F(ModelTest, VerificationReportsProgressAndCanBeCancelled) {
  auto model = Open(tiny_.File());
  ASSERT_OK_DETAIL(model, detail_);
  struct Seen {
    std::vector<uint64_t> done;
    uint64_t total = 0;
    size_t limit = 1000;
  } seen;
  const auto progress = [](void* context, uint64_t done, uint64_t total) {
    auto* to = static_cast<Seen*>(context);
    to->done.push_back(done);
    to->total = total;
    return to->done.size() < to->limit;
  };
  ASSERT_TRUE(model->VerifyData(&detail_, progress, &seen).ok());
  EXPECT_EQ(seen.total, model->info().data_bytes);
  EXPECT_EQ(seen.done.front(), 0u);
  EXPECT_EQ(seen.done.back(), seen.total);
  EXPECT_TRUE(std::is_sorted(seen.done.begin(), seen.done.end()));
  EXPECT_GT(seen.done.size(), 5u);
  seen = {{}, 0, 3};
  EXPECT_EQ(model->VerifyData(&detail_, progress, &seen).code(), Code::kCancelled);
}

}  // namespace
}  // namespace quanta
