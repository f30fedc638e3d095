// SPDX-License-Identifier: MIT
//
// Out to a GGUF file: what it holds is what the checkpoint had. Whether llama.cpp thinks so
// too: tests/peers/llama_cpp.py.
#include <bit>
#include <cstring>
#include <numeric>

#include "converter/gguf/architectures.h"
#include "converter/gguf/container.h"
#include "converter/gguf/pairs.h"
#include "converter/readers/reader.h"
#include "runtime/platform/platform.h"
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

/// A GGUF file that was read into memory.
struct ReadBack {
  explicit ReadBack(const std::string& path)
      : bytes(testing::ReadFile(path)), file(ParseGguf(std::as_bytes(std::span(bytes)), path)) {}

  const GgufTensor& Tensor(const std::string& name) const {
    for (const GgufTensor& tensor : file.tensors) {
      if (tensor.name == name) return tensor;
    }
    ADD_FAILURE() << "no tensor " << name;
    return file.tensors.front();
  }
  std::vector<float> Numbers(const std::string& name) const {
    const GgufTensor& tensor = Tensor(name);
    const uint64_t count =
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), uint64_t{1}, std::multiplies<>());
    std::vector<float> values(static_cast<size_t>(count));
    tensor.type->widen(tensor.bytes.data(), values.size() / tensor.type->block, values.data());
    return values;
  }

  std::string bytes;
  GgufFile file;
};

const GgufArchitecture& ArchitectureOf(const std::string& family) {
  for (const GgufArchitecture& architecture : GgufArchitectures()) {
    if (architecture.family == family) return architecture;
  }
  ADD_FAILURE() << family;
  return GgufArchitectures().front();
}

/// Rows of queries and keys as an interleaved rotation has them.
std::vector<float> InPairs(const SourceTensor& tensor, uint32_t head_dim) {
  const std::vector<float> halves = Numbers(tensor);
  std::vector<float> pairs(halves.size());
  for (uint32_t row = 0; row < tensor.rows; ++row) {
    std::copy_n(halves.begin() + row * tensor.columns, tensor.columns,
                pairs.begin() + InterleavedRow(row, head_dim) * tensor.columns);
  }
  return pairs;
}

TEST(GgufExport, EveryFixtureKeepsEveryBitInF32) {
  for (const char* name : quanta::testing::kCheckpoints) {
    const TempFolder folder;
    ConvertNow({.checkpoint = Fixture(name),
                .output = folder.File("m.gguf"),
                .target = Target::kGguf,
                .dtype = "F32"});
    const ReadBack out(folder.File("m.gguf"));
    const auto source = OpenCheckpoint(Fixture(name), {});
    const GgufArchitecture& architecture = ArchitectureOf(source->family);
    EXPECT_EQ(out.file.Find("general.architecture")->texts[0], architecture.name) << name;
    std::map<std::string, std::vector<float>> wanted;  // tensors that share a name follow
    for (const SourceTensor& tensor : source->tensors) {
      const bool turned = architecture.interleaved &&
                          (tensor.role == format::Role::kQ || tensor.role == format::Role::kK);
      const std::vector<float> numbers =
          turned ? InPairs(tensor, source->architecture.head_dim) : Numbers(tensor);
      std::vector<float>& whole = wanted[GgufName(architecture, tensor.role, tensor.layer)];
      whole.insert(whole.end(), numbers.begin(), numbers.end());
    }
    for (const auto& [tensor, numbers] : wanted) {
      EXPECT_EQ(out.Numbers(tensor), numbers) << name << " " << tensor;
    }
    EXPECT_EQ(out.file.Find("tokenizer.ggml.tokens")->count, source->architecture.vocab) << name;
  }
}

TEST(GgufExport, BlocksHoldTheNumbersToTheirPrecision) {
  for (const auto& [dtype, steps] : {std::pair{"Q8_0", 127.0F}, std::pair{"Q4_0", 8.0F}}) {
    const TempFolder folder;
    ConvertNow({.checkpoint = Fixture("llama_tied"),
                .output = folder.File("m.gguf"),
                .target = Target::kGguf,
                .dtype = dtype});
    const ReadBack out(folder.File("m.gguf"));
    const auto source = OpenCheckpoint(Fixture("llama_tied"), {});
    const std::vector<float> wanted = Numbers(source->tensors.front());
    EXPECT_EQ(out.Tensor("token_embd.weight").type->name, dtype);
    EXPECT_EQ(out.Tensor("output_norm.weight").type->name, "F32");
    const std::vector<float> found = out.Numbers("token_embd.weight");
    for (size_t block = 0; block < wanted.size(); block += 32) {
      float largest = 0;
      for (size_t i = 0; i < 32; ++i) largest = std::max(largest, std::abs(wanted[block + i]));
      // Half a step, and what the scale's own rounding to f16 moves the largest by. Four bits
      // reach from -8 to 7: the far end may be a whole step off.
      const float step = largest / steps * (steps == 8.0F ? 1.0F : 0.5F) + largest / 2048;
      for (size_t i = 0; i < 32; ++i) EXPECT_NEAR(found[block + i], wanted[block + i], step);
    }
  }
}

TEST(GgufExport, KeepsTheSourcesNumbersUnlessAsked) {
  const TempFolder folder;
  ConvertNow({.checkpoint = Fixture("phi3_bf16_legacy"),
              .output = folder.File("m.gguf"),
              .target = Target::kGguf});
  const ReadBack out(folder.File("m.gguf"));
  EXPECT_EQ(out.Tensor("blk.0.attn_qkv.weight").type->name, "BF16");
  EXPECT_EQ(out.file.Find("general.file_type")->Integer(0), 32);
}

TEST(GgufExport, SaysWhatLlamaCppComputesOtherwise) {
  const TempFolder folder;
  const Report report = ConvertNow({.checkpoint = Fixture("mistral_sw"),
                                    .output = folder.File("m.gguf"),
                                    .target = Target::kGguf});
  EXPECT_THAT(report.notes, ::testing::Contains(::testing::HasSubstr("beyond the window of 16")));
}

TEST(GgufExport, SaysThatFlagsOfAddedTokensAreLeftOut) {
  const TempFolder folder;
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json"}) {
    testing::WriteFile(folder.File(file), testing::ReadFile(Fixture("qwen2") + "/" + file));
  }
  const auto notes = [&] {
    return ConvertNow({.checkpoint = folder.path(),
                       .output = folder.File("m.gguf"),
                       .target = Target::kGguf,
                       .force = true})
        .notes;
  };
  const auto of_flags = ::testing::Contains(::testing::HasSubstr("lstrip"));
  EXPECT_THAT(notes(), ::testing::Not(of_flags));
  Json tokenizer = Json::parse(testing::ReadFile(folder.File("tokenizer.json")));
  tokenizer["added_tokens"][1]["lstrip"] = true;
  testing::WriteFile(folder.File("tokenizer.json"), tokenizer.dump());
  EXPECT_THAT(notes(), of_flags);
}

TEST(GgufExport, ANameThatLlamaCppTakesForPhi3sVocabularyStaysOut) {
  const TempFolder folder;
  const auto name_of = [&](const char* fixture) {
    ConvertNow({.checkpoint = Fixture(fixture),
                .output = folder.File("m.gguf"),
                .target = Target::kGguf,
                .force = true});
    const ReadBack out(folder.File("m.gguf"));
    const GgufValue* name = out.file.Find("general.name");
    return name == nullptr ? std::string() : std::string(name->texts[0]);
  };
  EXPECT_EQ(name_of("phi3"), "");
  EXPECT_EQ(name_of("qwen2"), "qwen2");
}

TEST(GgufExport, NothingIsLeftOfAnExportThatFails) {
  const TempFolder folder;
  testing::TinyLlama tiny;
  tiny.MakeTensors();
  const float huge = 1e6f;
  tiny.tensors["model.layers.1.mlp.up_proj.weight"].bytes.replace(
      8, 4, reinterpret_cast<const char*>(&huge), 4);
  tiny.Write(folder.File("in"));
  EXPECT_ERROR(ConvertNow({.checkpoint = folder.File("in"),
                           .output = folder.File("out.gguf"),
                           .target = Target::kGguf,
                           .dtype = "Q8_0"}),
               "has values beyond the range of f16; use --quant bf16 or f32");
  EXPECT_THAT(folder.List(), ::testing::ElementsAre("in"));
}

}  // namespace
}  // namespace quanta::converter
