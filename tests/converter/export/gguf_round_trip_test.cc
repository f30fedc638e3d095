// SPDX-License-Identifier: MIT
//
// Out to a GGUF file and in again: the same model and the same tokenizer.
#include <gtest/gtest.h>

#include <algorithm>

#include "converter/readers/reader.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/convert_now.h"
#include "tests/support/checkpoints.h"

namespace quanta::converter {
namespace {

using testing::ConvertNow;
using testing::TempFolder;

std::vector<float> Numbers(const SourceTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  tensor.source->Read(0, tensor.rows, values.data());
  return values;
}

void ExpectSameArchitecture(const format::Architecture& a, const format::Architecture& b) {
  EXPECT_EQ(a.family, b.family);
  for (const auto number :
       {&format::Architecture::vocab, &format::Architecture::hidden, &format::Architecture::heads,
        &format::Architecture::kv_heads, &format::Architecture::head_dim,
        &format::Architecture::ffn, &format::Architecture::context}) {
    EXPECT_EQ(a.*number, b.*number);
  }
  for (const auto number :
       {&format::Architecture::norm_eps, &format::Architecture::attention_scale,
        &format::Architecture::attention_softcap, &format::Architecture::logit_softcap,
        &format::Architecture::embedding_scale, &format::Architecture::residual_scale,
        &format::Architecture::logit_scale}) {
    EXPECT_EQ(a.*number, b.*number);
  }
  EXPECT_EQ(a.norm, b.norm);
  EXPECT_EQ(a.norm_placement, b.norm_placement);
  EXPECT_EQ(a.activation, b.activation);
  EXPECT_EQ(a.gated, b.gated);
  ASSERT_EQ(a.ropes.size(), b.ropes.size());
  for (size_t i = 0; i < a.ropes.size(); ++i) {
    EXPECT_EQ(a.ropes[i].magnitude, b.ropes[i].magnitude);
    EXPECT_EQ(a.ropes[i].pairing, b.ropes[i].pairing);
    EXPECT_TRUE(std::equal(a.ropes[i].inv_freq.begin(), a.ropes[i].inv_freq.end(),
                           b.ropes[i].inv_freq.begin(), b.ropes[i].inv_freq.end()));
  }
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].window, b.layers[i].window) << i;
    EXPECT_EQ(a.layers[i].rope, b.layers[i].rope) << i;
  }
}

void ExpectSameTensors(const Checkpoint& a, const Checkpoint& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    SCOPED_TRACE(a.tensors[i].name);
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(a.tensors[i].role, b.tensors[i].role);
    ASSERT_EQ(a.tensors[i].rows, b.tensors[i].rows);
    ASSERT_EQ(a.tensors[i].columns, b.tensors[i].columns);
    EXPECT_EQ(Numbers(a.tensors[i]), Numbers(b.tensors[i]));
  }
}

void ExpectSameTokenizer(const TokenizerTables& a, const TokenizerTables& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.token_offsets, b.token_offsets);
  EXPECT_EQ(a.token_bytes, b.token_bytes);
  EXPECT_EQ(a.token_types, b.token_types);
  EXPECT_EQ(a.byte_ids, b.byte_ids);
  EXPECT_EQ(a.ignore_merges, b.ignore_merges);
  EXPECT_EQ(a.prefix_ids, b.prefix_ids);
  EXPECT_EQ(a.suffix_ids, b.suffix_ids);
  EXPECT_EQ(a.bos_id, b.bos_id);
  EXPECT_EQ(a.stop_ids, b.stop_ids);
  EXPECT_TRUE(std::equal(a.merges.begin(), a.merges.end(), b.merges.begin(), b.merges.end(),
                         [](const format::Merge& x, const format::Merge& y) {
                           return x.left == y.left && x.right == y.right && x.result == y.result;
                         }));
  EXPECT_TRUE(
      std::equal(a.added.begin(), a.added.end(), b.added.begin(), b.added.end(),
                 [](const TokenizerTables::AddedToken& x, const TokenizerTables::AddedToken& y) {
                   return x.id == y.id && x.content == y.content && x.special == y.special;
                 }));
  ASSERT_EQ(a.pre_tokenizers.size(), b.pre_tokenizers.size());
  for (size_t i = 0; i < a.pre_tokenizers.size(); ++i) {
    EXPECT_EQ(a.pre_tokenizers[i].kind, b.pre_tokenizers[i].kind);
  }
}

TEST(GgufRoundTrip, EveryFixtureComesBackWithEveryBitAndTheSameTokenizer) {
  for (const char* name : quanta::testing::kCheckpoints) {
    SCOPED_TRACE(name);
    const std::string source = QUANTA_TEST_DATA "/hf/" + std::string(name);
    const TempFolder folder;
    ConvertNow({.checkpoint = source,
                .output = folder.File("m.gguf"),
                .target = Target::kGguf,
                .dtype = "F32"});
    const auto before = OpenCheckpoint(source, {});
    const auto after = OpenCheckpoint(folder.File("m.gguf"), {});
    ExpectSameArchitecture(before->architecture, after->architecture);
    ExpectSameTensors(*before, *after);
    ExpectSameTokenizer(before->tokenizer(before->architecture.vocab),
                        after->tokenizer(after->architecture.vocab));
  }
}

}  // namespace
}  // namespace quanta::converter
