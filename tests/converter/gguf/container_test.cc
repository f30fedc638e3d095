// SPDX-License-Identifier: MIT
//
// The container: what it holds is found, and what is wrong with it is said in one line.
#include "converter/gguf/container.h"

#include "tests/converter/error_matchers.h"
#include "tests/converter/gguf/builder.h"

namespace quanta::converter {
namespace {

using testing::GgufBuilder;
using testing::Raw;

GgufFile Parse(const std::string& bytes) {
  return ParseGguf(std::as_bytes(std::span(bytes)), "m.gguf");
}

#define EXPECT_BAD(builder, text) EXPECT_ERROR(Parse((builder).Bytes()), "m.gguf: " text)

GgufBuilder Small() {
  GgufBuilder builder;
  builder.Text("general.name", "a model")
      .Count("a.count", 7)
      .Texts("a.texts", {"x", "", "yz"})
      .Floats("a.floats", {0.5f, -1})
      .TensorF32("first", {2, 3}, {1, 2, 3, 4, 5, 6})
      .Tensor("second", {32}, 8, std::string(34, '\1'));
  return builder;
}

TEST(GgufContainer, SettingsAndTensorsAreFound) {
  for (const uint32_t version : {2u, 3u}) {
    for (const uint32_t alignment : {32u, 64u, 1u}) {
      GgufBuilder builder;
      builder.alignment = alignment;
      builder.version = version;
      builder.Text("general.name", "a model").Texts("a.texts", {"x", "", "yz"});
      builder.Floats("a.floats", {0.5f, -1}).Bool("a.bool", true);
      builder.TensorF32("first", {2, 3}, {1, 2, 3, 4, 5, 6});
      builder.Tensor("second", {32}, 8, std::string(34, '\1'));
      const std::string bytes = builder.Bytes();
      const GgufFile file = Parse(bytes);
      EXPECT_EQ(file.Find("general.name")->texts[0], "a model");
      EXPECT_EQ(file.Find("a.texts")->texts, (std::vector<std::string_view>{"x", "", "yz"}));
      EXPECT_EQ(file.Find("a.floats")->Number(1), -1);
      EXPECT_EQ(file.Find("a.bool")->Integer(0), 1);
      EXPECT_EQ(file.Find("none"), nullptr);
      ASSERT_EQ(file.tensors.size(), 2u);
      EXPECT_EQ(file.tensors[0].shape, (std::vector<uint64_t>{2, 3}));
      EXPECT_EQ(file.tensors[0].type->name, "F32");
      EXPECT_EQ(file.tensors[0].bytes.size(), 24u);
      EXPECT_EQ(file.tensors[1].type->name, "Q8_0");
      EXPECT_EQ(file.tensors[1].bytes.back(), std::byte{1});
    }
  }
}

TEST(GgufContainer, EveryTypeOfNumberIsReadAsItIs) {
  GgufBuilder builder;
  builder.Setting("u8", 0, Raw(uint8_t{200})).Setting("i8", 1, Raw(int8_t{-3}));
  builder.Setting("u16", 2, Raw(uint16_t{65535})).Setting("i16", 3, Raw(int16_t{-300}));
  builder.Setting("u32", 4, Raw(uint32_t{4000000000})).Setting("i32", 5, Raw(int32_t{-70000}));
  builder.Setting("u64", 10, Raw(UINT64_MAX)).Setting("i64", 11, Raw(INT64_MIN));
  builder.Setting("f32", 6, Raw(0.25f)).Setting("f64", 12, Raw(1e300));
  const std::string bytes = builder.Bytes();
  const GgufFile file = Parse(bytes);
  EXPECT_EQ(file.Find("u8")->Integer(0), 200);
  EXPECT_EQ(file.Find("i8")->Integer(0), -3);
  EXPECT_EQ(file.Find("u16")->Integer(0), 65535);
  EXPECT_EQ(file.Find("i16")->Integer(0), -300);
  EXPECT_EQ(file.Find("u32")->Integer(0), 4000000000);
  EXPECT_EQ(file.Find("i32")->Integer(0), -70000);
  EXPECT_EQ(file.Find("u64")->Integer(0), INT64_MAX) << "clamped";
  EXPECT_EQ(file.Find("i64")->Integer(0), INT64_MIN);
  EXPECT_EQ(file.Find("f32")->Number(0), 0.25);
  EXPECT_EQ(file.Find("f64")->Number(0), 1e300);
}

TEST(GgufContainer, AFileCutAnywhereIsAnError) {
  const std::string whole = Small().Bytes();
  EXPECT_EQ(Parse(whole).tensors.size(), 2u);
  for (size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees what is read beyond.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_ERROR(ParseGguf(std::as_bytes(std::span(cut)), "m.gguf"), "m.gguf: ") << size;
  }
}

TEST(GgufContainer, OtherFilesAndVersionsAreRefused) {
  GgufBuilder builder = Small();
  builder.magic = "GGML";
  EXPECT_BAD(builder, "not a GGUF file");
  builder = Small();
  builder.version = 1;
  EXPECT_BAD(builder, "GGUF version 1 is not read");
  builder.version = 4;
  EXPECT_BAD(builder, "GGUF version 4 is not read");
  builder.version = 0x03000000;
  EXPECT_BAD(builder, "a big-endian GGUF file is not read");
}

TEST(GgufContainer, CountsThatTheFileCannotHoldAreLies) {
  for (const int64_t lie : {int64_t{1000}, INT64_MAX}) {
    GgufBuilder builder = Small();
    builder.claimed_tensors = lie;
    EXPECT_BAD(builder, "claims ");
    builder = Small();
    builder.claimed_settings = lie;
    EXPECT_BAD(builder, "claims ");
  }
  for (const uint64_t lie : {uint64_t{1000}, uint64_t{1} << 61, UINT64_MAX}) {
    EXPECT_BAD(GgufBuilder().Setting("a", 9, Raw(uint32_t{4}) + Raw(lie)), "truncated");
    EXPECT_BAD(GgufBuilder().Setting("a", 9, Raw(uint32_t{8}) + Raw(lie)), "truncated");
    EXPECT_BAD(GgufBuilder().Setting("a", 8, Raw(lie)), "truncated");
  }
}

TEST(GgufContainer, SettingsThatAreNoneAreRefused) {
  EXPECT_BAD(GgufBuilder().Setting("a", 13, "0123"), "setting a has the unknown type 13");
  EXPECT_BAD(GgufBuilder().Setting("a", 9, Raw(uint32_t{99}) + Raw(uint64_t{0})),
             "setting a has the unknown type 99");
  EXPECT_BAD(GgufBuilder().Setting("a", 9, Raw(uint32_t{9}) + Raw(uint64_t{1})),
             "setting a is an array of arrays");
  EXPECT_BAD(GgufBuilder().Count("a", 1).Count("a", 1), "setting a occurs twice");
  EXPECT_BAD(GgufBuilder().Count("", 1), "a setting has a name of 0 bytes");
  for (const uint32_t bad : {0u, 3u, 1u << 30}) {
    EXPECT_BAD(GgufBuilder().Count("general.alignment", bad),
               "general.alignment must be a power of two");
  }
  EXPECT_BAD(GgufBuilder().Text("general.alignment", "32"),
             "general.alignment must be a power of two");
}

TEST(GgufContainer, TensorsOfTypesThatAreNotReadAreNamed) {
  EXPECT_BAD(GgufBuilder().Tensor("t", {256}, 16, std::string(66, 0)),
             "tensor 't' has the type IQ2_XXS, which is not read");
  EXPECT_BAD(GgufBuilder().Tensor("t", {1}, 26, "0123"), "tensor 't' has the type I32");
  EXPECT_BAD(GgufBuilder().Tensor("t", {1}, 4, "0123"), "tensor 't' has the type number 4");
}

TEST(GgufContainer, ShapesThatCannotBeAreRefused) {
  const std::string bytes(64, '\0');
  EXPECT_BAD(GgufBuilder().Tensor("t", {}, 0, bytes), "tensor 't' has 0 dimensions");
  EXPECT_BAD(GgufBuilder().Tensor("t", {1, 1, 1, 1, 1}, 0, bytes), "tensor 't' has 5 dimensions");
  EXPECT_BAD(GgufBuilder().Tensor("t", {2, 0}, 0, bytes), "tensor 't' has an impossible shape");
  EXPECT_BAD(GgufBuilder().Tensor("t", {1ull << 33, 1ull << 33}, 0, bytes),
             "tensor 't' has an impossible shape");
  EXPECT_BAD(GgufBuilder().Tensor("t", {1ull << 60}, 0, bytes),
             "tensor 't' has an impossible shape");
  EXPECT_BAD(GgufBuilder().Tensor("t", {2, 16}, 8, bytes),
             "tensor 't' has rows of 16, which are not whole blocks of 32");
  EXPECT_BAD(GgufBuilder().Tensor("t", {17}, 0, bytes), "truncated: tensor 't' ends beyond");
}

TEST(GgufContainer, TensorsLieApartAndAligned) {
  const std::string bytes(64, '\0');
  EXPECT_BAD(GgufBuilder().Tensor("t", {4}, 0, bytes).At(4),
             "tensor 't' begins at byte 4 of the data, which is no multiple of 32");
  EXPECT_BAD(GgufBuilder().Tensor("a", {16}, 0, bytes).Tensor("b", {4}, 0, bytes).At(32),
             "tensors 'a' and 'b' overlap");
  EXPECT_BAD(GgufBuilder().Tensor("a", {4}, 0, bytes).Tensor("b", {4}, 0, bytes).At(0),
             "tensors 'a' and 'b' overlap");
  EXPECT_BAD(GgufBuilder().Tensor("t", {4}, 0, bytes).At(UINT64_MAX - 31), "truncated");
  EXPECT_BAD(GgufBuilder().Tensor("", {4}, 0, bytes), "a tensor has a name of 0 bytes");
  EXPECT_BAD(GgufBuilder().Tensor("t", {4}, 0, bytes).Tensor("t", {4}, 0, bytes),
             "tensor 't' occurs twice");
}

}  // namespace
}  // namespace quanta::converter
