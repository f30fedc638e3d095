// SPDX-License-Identifier: MIT
//
// A model file as a checkpoint.
#include "converter/readers/reader.h"
#include "runtime/format/reader.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/convert_now.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

using testing::ConvertNow;
using testing::ReadFile;
using testing::TempFolder;
using testing::WriteFile;

const std::string kFixture = QUANTA_TEST_DATA "/hf/llama_tied";

TEST(QfbReader, ConvertingAModelFileAgainGivesWhatItsCheckpointGives) {
  const TempFolder folder;
  ConvertNow(
      {.checkpoint = kFixture, .output = folder.File("f32.qfb"), .scheme = format::Panel::kF32});
  ConvertNow({.checkpoint = folder.File("f32.qfb"), .output = folder.File("again.qfb")});
  ConvertNow({.checkpoint = kFixture, .output = folder.File("f16.qfb")});
  const auto again = OpenCheckpoint(folder.File("again.qfb"), {});
  const auto direct = OpenCheckpoint(folder.File("f16.qfb"), {});
  ASSERT_EQ(again->tensors.size(), direct->tensors.size());
  for (size_t i = 0; i < again->tensors.size(); ++i) {
    std::vector<float> x(again->tensors[i].count()), y(direct->tensors[i].count());
    again->tensors[i].source->Read(0, again->tensors[i].rows, x.data());
    direct->tensors[i].source->Read(0, direct->tensors[i].rows, y.data());
    EXPECT_EQ(x, y) << again->tensors[i].name;
    EXPECT_EQ(again->tensors[i].name, direct->tensors[i].name);
  }
  EXPECT_EQ(again->tokenizer(768).token_bytes, direct->tokenizer(768).token_bytes);
}

TEST(QfbReader, APositionTableStaysInF32WhateverTheScheme) {
  const TempFolder folder;
  ConvertOptions options{.checkpoint = QUANTA_TEST_DATA
                         "/quantatissu/core_mqa_lora/"
                         "checkpoint_epoch_3.pt",
                         .output = folder.File("f32.qfb"),
                         .scheme = format::Panel::kF32,
                         .tokenizer = false};
  ConvertNow(options);
  options.checkpoint = options.output;
  for (const auto scheme : {format::Panel::kF16, format::Panel::kQ8, format::Panel::kQ4}) {
    options.output = folder.File("again.qfb");
    options.scheme = scheme;
    size_t tables = 0;
    for (const TensorReport& tensor : ConvertNow(options).tensors) {
      if (tensor.role != format::Role::kPosition) continue;
      ++tables;
      EXPECT_EQ(tensor.scheme, "f32");
      EXPECT_EQ(tensor.error_max, 0.0);
    }
    EXPECT_EQ(tables, 1u);
  }
}

TEST(QfbReader, ACompressedFileIsReadLikeThePlainOne) {
  const TempFolder folder;
  ConvertNow({.checkpoint = kFixture, .output = folder.File("c.qfb"), .compress = true});
  ConvertNow({.checkpoint = kFixture, .output = folder.File("p.qfb")});
  ConvertNow({.checkpoint = folder.File("c.qfb"), .output = folder.File("from_c.qfb")});
  ConvertNow({.checkpoint = folder.File("p.qfb"), .output = folder.File("from_p.qfb")});
  const auto compressed = OpenCheckpoint(folder.File("from_c.qfb"), {});
  const auto plain = OpenCheckpoint(folder.File("from_p.qfb"), {});
  ASSERT_EQ(compressed->tensors.size(), plain->tensors.size());
  std::vector<float> x(plain->tensors[1].count()), y(x.size());
  compressed->tensors[1].source->Read(0, plain->tensors[1].rows, x.data());
  plain->tensors[1].source->Read(0, plain->tensors[1].rows, y.data());
  EXPECT_EQ(x, y);
}

TEST(QfbReader, ACompiledTemplateStaysAsItIs) {
  const TempFolder folder;
  testing::TinyLlama().Write(folder.File("in"));
  WriteFile(folder.File("in/chat_template.jinja"),
            "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] | trim }}{% endfor %}");
  ConvertNow({.checkpoint = folder.File("in"), .output = folder.File("a.qfb")});
  ConvertNow({.checkpoint = folder.File("a.qfb"), .output = folder.File("b.qfb")});
  const auto a = OpenCheckpoint(folder.File("a.qfb"), {});
  const auto b = OpenCheckpoint(folder.File("b.qfb"), {});
  const ChatTables x = a->compiled_chat(), y = b->compiled_chat();
  ASSERT_FALSE(x.rules.empty());
  ASSERT_EQ(x.rules.size(), y.rules.size());
  for (size_t i = 0; i < x.rules.size(); ++i) {
    EXPECT_EQ(x.rules[i].prefix, y.rules[i].prefix);
    EXPECT_EQ(x.rules[i].trim_start, y.rules[i].trim_start);
    EXPECT_EQ(x.rules[i].when, y.rules[i].when);
  }
  EXPECT_EQ(x.source, y.source);
}

TEST(QfbReader, ADamagedFileIsAnErrorNotAModel) {
  const TempFolder folder;
  ConvertNow({.checkpoint = kFixture, .output = folder.File("m.qfb")});
  std::string bytes = ReadFile(folder.File("m.qfb"));
  bytes[bytes.size() - 1000] ^= 1;
  WriteFile(folder.File("bad.qfb"), bytes);
  EXPECT_ERROR(OpenCheckpoint(folder.File("bad.qfb"), {}), "bad.qfb");
  WriteFile(folder.File("short.qfb"), bytes.substr(0, bytes.size() / 2));
  EXPECT_ERROR(OpenCheckpoint(folder.File("short.qfb"), {}), "short.qfb");
}

TEST(QfbReader, AModelWithoutTokenizerSaysHowToGoOn) {
  const TempFolder folder;
  ConvertNow({.checkpoint = kFixture, .output = folder.File("m.qfb"), .tokenizer = false});
  EXPECT_ERROR(ConvertNow({.checkpoint = folder.File("m.qfb"), .output = folder.File("n.qfb")}),
               "has no tokenizer; add --no-tokenizer");
  EXPECT_NO_THROW(ConvertNow(
      {.checkpoint = folder.File("m.qfb"), .output = folder.File("n.qfb"), .tokenizer = false}));
}

}  // namespace
}  // namespace quanta::converter
