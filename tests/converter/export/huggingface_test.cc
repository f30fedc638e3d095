// SPDX-License-Identifier: MIT
//
// Out to a Hugging Face folder and in again: nothing may change on the way.
#include <filesystem>

#include "converter/json.h"
#include "converter/readers/reader.h"
#include "converter/tokenizer/tokenizer_json.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/convert_now.h"
#include "tests/converter/error_matchers.h"
#include "tests/support/checkpoints.h"

namespace quanta::converter {
namespace {

using testing::ConvertNow;
using testing::TempFolder;

std::string Fixture(const std::string& name) { return QUANTA_TEST_DATA "/hf/" + name; }

std::vector<float> Numbers(const SourceTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  tensor.source->Read(0, tensor.rows, values.data());
  return values;
}

void ExpectSameModel(const Checkpoint& a, const Checkpoint& b, const std::string& name) {
  EXPECT_EQ(a.family, b.family) << name;
  EXPECT_EQ(a.inv_freqs.size() + b.inv_freqs.size() > 0, true);
  ASSERT_EQ(a.architecture.ropes.size(), b.architecture.ropes.size()) << name;
  for (size_t i = 0; i < a.architecture.ropes.size(); ++i) {
    const auto x = a.architecture.ropes[i].inv_freq, y = b.architecture.ropes[i].inv_freq;
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin(), y.end())) << name;
  }
  ASSERT_EQ(a.architecture.layers.size(), b.architecture.layers.size()) << name;
  for (size_t i = 0; i < a.architecture.layers.size(); ++i) {
    EXPECT_EQ(a.architecture.layers[i].window, b.architecture.layers[i].window) << name;
    EXPECT_EQ(a.architecture.layers[i].rope, b.architecture.layers[i].rope) << name;
  }
  EXPECT_EQ(a.architecture.norm_eps, b.architecture.norm_eps) << name;
  EXPECT_EQ(a.architecture.attention_scale, b.architecture.attention_scale) << name;
  EXPECT_EQ(a.architecture.embedding_scale, b.architecture.embedding_scale) << name;
  ASSERT_EQ(a.tensors.size(), b.tensors.size()) << name;
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name) << name;
    EXPECT_EQ(Numbers(a.tensors[i]), Numbers(b.tensors[i])) << name << " " << a.tensors[i].name;
  }
}

TEST(HuggingFaceExport, EveryFixtureComesBackAsTheSameModelThroughAModelFile) {
  for (const char* name : quanta::testing::kCheckpoints) {
    const TempFolder folder;
    ConvertNow({.checkpoint = Fixture(name),
                .output = folder.File("m.qfb"),
                .scheme = format::Panel::kF32,
                .self_test = false});
    ConvertNow({.checkpoint = folder.File("m.qfb"),
                .output = folder.File("hf"),
                .target = Target::kHuggingFace});
    const auto original = OpenCheckpoint(Fixture(name), {});
    const auto again = OpenCheckpoint(folder.File("hf"), {});
    ExpectSameModel(*original, *again, name);
    EXPECT_THAT(again->notes, ::testing::IsEmpty()) << name;

    const TokenizerTables before = original->tokenizer(768), after = again->tokenizer(768);
    EXPECT_EQ(before.token_bytes, after.token_bytes) << name;
    EXPECT_EQ(before.stop_ids, after.stop_ids) << name;
    EXPECT_EQ(before.bos_id, after.bos_id) << name;
  }
}

TEST(HuggingFaceExport, KeepsTheSourcesNumbersOrThoseAskedFor) {
  const TempFolder folder;
  const auto dtype_of = [&](const char* fixture, const char* dtype) {
    const std::string out = folder.File(std::string(fixture) + dtype);
    ConvertNow({.checkpoint = Fixture(fixture),
                .output = out,
                .target = Target::kHuggingFace,
                .dtype = dtype});
    EXPECT_EQ(
        ReadJson(out + "/config.json")["torch_dtype"],
        std::string(dtype) == "BF16" || (*dtype == 0 && std::string(fixture) == "phi3_bf16_legacy")
            ? "bfloat16"
            : "float32");
    return OpenCheckpoint(out, {})->tensors.front().dtype;
  };
  EXPECT_EQ(dtype_of("phi3_bf16_legacy", ""), "BF16");
  EXPECT_EQ(dtype_of("phi3", ""), "F32");
  EXPECT_EQ(dtype_of("phi3", "BF16"), "BF16");
}

TEST(HuggingFaceExport, TheChatTemplateAndItsTokensLeaveToo) {
  const TempFolder folder;
  testing::TinyLlama tiny;
  tiny.Write(folder.File("in"));
  const std::string jinja =
      "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{{ eos_token }}{% endfor %}"
      "{% if add_generation_prompt %}<|assistant|>{% endif %}";
  testing::WriteFile(folder.File("in/chat_template.jinja"), jinja);
  testing::WriteFile(folder.File("in/tokenizer_config.json"), R"({"eos_token": "<|endoftext|>"})");
  testing::WriteFile(folder.File("in/README.md"), "---\nlicense: mit\n---\n");
  ConvertNow({.checkpoint = folder.File("in"), .output = folder.File("m.qfb")});
  ConvertNow({.checkpoint = folder.File("m.qfb"),
              .output = folder.File("out"),
              .target = Target::kHuggingFace});
  EXPECT_EQ(testing::ReadFile(folder.File("out/chat_template.jinja")), jinja);
  EXPECT_EQ(ReadJson(folder.File("out/tokenizer_config.json"))["eos_token"], "<|endoftext|>");
  EXPECT_EQ(OpenCheckpoint(folder.File("out"), {})->license, "mit");
}

TEST(HuggingFaceExport, NothingIsLeftOfAnExportThatFails) {
  const TempFolder folder;
  testing::TinyLlama tiny;
  tiny.MakeTensors();
  const float huge = 1e6f;
  tiny.tensors["model.layers.1.mlp.up_proj.weight"].bytes.replace(
      8, 4, reinterpret_cast<const char*>(&huge), 4);
  tiny.Write(folder.File("in"));
  EXPECT_ERROR(ConvertNow({.checkpoint = folder.File("in"),
                           .output = folder.File("out"),
                           .target = Target::kHuggingFace,
                           .dtype = "F16"}),
               "tensor 'model.layers.1.mlp.up_proj.weight' has values beyond the range of f16; use "
               "--quant bf16 or f32");
  EXPECT_THAT(folder.List(), ::testing::ElementsAre("in"));
}

TEST(HuggingFaceExport, AFolderThatHoldsSomethingIsNotTouched) {
  const TempFolder folder;
  testing::TinyLlama().Write(folder.File("in"));
  std::filesystem::create_directory(folder.File("out"));
  testing::WriteFile(folder.File("out/mine.txt"), "x");
  const ConvertOptions options{.checkpoint = folder.File("in"),
                               .output = folder.File("out"),
                               .target = Target::kHuggingFace};
  EXPECT_ERROR(ConvertNow(options), "exists and is not an empty folder; name another one");
  std::filesystem::remove(folder.File("out/mine.txt"));
  EXPECT_NO_THROW(ConvertNow(options));
}

}  // namespace
}  // namespace quanta::converter
