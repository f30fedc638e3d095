// SPDX-License-Identifier: MIT
#include "converter/convert.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <vector>

#include "converter/readers/reader.h"
#include "converter/writer/model_source.h"
#include "converter/writer/seal.h"
#include "quanta/model.h"
#include "quanta/self_test.h"
#include "runtime/format/reader.h"
#include "runtime/kernels/kernels.h"
#include "runtime/platform/platform.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/convert_now.h"
#include "tests/converter/error_matchers.h"
#include "tests/support/checkpoints.h"

namespace quanta::converter {
namespace {

using format::Panel;
using testing::ConvertNow;
using testing::ReadFile;
using testing::TempFolder;
using testing::TestTensor;
using testing::TinyLlama;
using testing::WriteFile;

std::string Fixture(const std::string& name) { return QUANTA_TEST_DATA "/hf/" + name; }

/// A model file, mapped and read.
struct ModelFile {
  explicit ModelFile(const std::string& path) {
    ErrorDetail detail;
    mapped = Value(platform::MappedFile::Open(path.c_str(), &detail), detail);
    file = Value(format::Read(mapped.bytes(), &detail), detail);
  }
  std::span<const std::byte> Data(const format::Tensor& tensor) const {
    return file.data.subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(tensor.bytes));
  }
  platform::MappedFile mapped;
  format::File file;
};

/// The values of a source tensor.
std::vector<float> Widen(const SourceTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  tensor.source->Read(0, tensor.rows, values.data());
  return values;
}

TEST(Convert, F32TensorsEqualTheCheckpointsBitForBit) {
  for (const char* name : quanta::testing::kCheckpoints) {
    const TempFolder folder;
    const std::string out = folder.File("m.qfb");
    ConvertNow({.checkpoint = Fixture(name), .output = out, .scheme = Panel::kF32});

    const auto source = OpenCheckpoint(Fixture(name), {});
    const ModelFile model(out);
    ASSERT_EQ(model.file.header.tensors.size(), source->tensors.size()) << name;
    for (size_t i = 0; i < source->tensors.size(); ++i) {
      const format::Tensor& tensor = model.file.header.tensors[i];
      const std::vector<float> expected = Widen(source->tensors[i]);
      const auto stored = model.Data(tensor);
      EXPECT_EQ(tensor.name, source->tensors[i].name);
      ASSERT_EQ(stored.size(), expected.size() * 4) << tensor.name;
      EXPECT_EQ(std::memcmp(stored.data(), expected.data(), stored.size()), 0) << tensor.name;
      EXPECT_EQ(tensor.error_max, 0);
    }
  }
}

TEST(Convert, F16StoresMatricesRoundedAndVectorsWhole) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  ConvertNow({.checkpoint = Fixture("llama_untied"), .output = out, .scheme = Panel::kF16});

  const auto source = OpenCheckpoint(Fixture("llama_untied"), {});
  const ModelFile model(out);
  for (size_t i = 0; i < source->tensors.size(); ++i) {
    const format::Tensor& tensor = model.file.header.tensors[i];
    const std::vector<float> values = Widen(source->tensors[i]);
    EXPECT_EQ(tensor.panel, source->tensors[i].matrix ? Panel::kF16 : Panel::kF32);
    if (tensor.panel == Panel::kF32) continue;
    std::vector<uint16_t> half(values.size());
    kernels::Reference().to_f16(values.data(), half.data(), half.size());
    EXPECT_EQ(std::memcmp(model.Data(tensor).data(), half.data(), half.size() * 2), 0);
    EXPECT_GT(tensor.error_max, 0);
    EXPECT_LT(tensor.error_max, 1e-3);
    EXPECT_LE(tensor.error_rms, tensor.error_max);
  }
}

TEST(Convert, TheFileSaysWhereItCameFrom) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  ConvertNow({.checkpoint = Fixture("llama3_rope"), .output = out, .scheme = Panel::kF16});

  const ModelFile model(out);
  const format::Provenance& p = model.file.header.provenance;
  EXPECT_EQ(p.source, "llama3_rope");  // and not where it lay on this disk
  EXPECT_EQ(p.source_format, "huggingface safetensors");
  EXPECT_EQ(p.quantization, "f16");
  EXPECT_TRUE(p.tool.starts_with("quanta-convert "));
  EXPECT_EQ(model.file.header.architecture.family, "llama");
  EXPECT_EQ(model.file.header.tokenizer.vocab(), 768u);
}

TEST(Convert, FilesStateTheOldestReaderThatUnderstandsThem) {
  const std::string tissu = QUANTA_TEST_DATA "/quantatissu/";
  const struct {
    const char* file;
    const char* tokenizer;
    uint32_t version;
  } cases[] = {{"by_name/model.npz", "by_name/tok", 1},
               {"by_name/model.npz", "core/tok", 2},
               {"core/final_model.pt", "by_name/tok", 2}};
  for (const auto& one : cases) {
    const TempFolder folder;
    ConvertOptions options{.checkpoint = tissu + one.file, .output = folder.File("m.qfb")};
    options.read.heads = 4;
    options.read.tokenizer = tissu + one.tokenizer;
    options.read.pre_tokenizer = one.tokenizer[0] == 'b' ? "python" : "core";
    ConvertNow(options);
    EXPECT_EQ(ModelFile(options.output).file.header.reader_version, one.version) << one.file;
  }
  const TempFolder folder;
  ConvertNow({.checkpoint = Fixture("llama_tied"), .output = folder.File("m.qfb")});
  EXPECT_EQ(ModelFile(folder.File("m.qfb")).file.header.reader_version, 1u);
}

TEST(Convert, EmbeddingAndHeadMayHaveSchemesOfTheirOwn) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  const Report report = ConvertNow({.checkpoint = Fixture("llama_untied"),
                                    .output = out,
                                    .scheme = Panel::kQ4,
                                    .embed = Panel::kQ8,
                                    .head = Panel::kF16});
  const ModelFile model(out);
  EXPECT_EQ(model.file.header.provenance.quantization, "q4, embedding q8, head f16");
  EXPECT_EQ(report.scheme, "q4, embedding q8, head f16");
  for (const format::Tensor& tensor : model.file.header.tensors) {
    Panel expected = tensor.rows == 1 ? Panel::kF32 : Panel::kQ4;
    if (tensor.role == format::Role::kEmbedding) expected = Panel::kQ8;
    if (tensor.role == format::Role::kHead) expected = Panel::kF16;
    EXPECT_EQ(tensor.panel, expected) << tensor.name;
  }
}

TEST(Convert, AHeadThatIsTheEmbeddingHasNoSchemeOfItsOwn) {
  const TempFolder folder;
  EXPECT_ERROR(ConvertNow({.checkpoint = Fixture("llama_tied"),
                           .output = folder.File("m.qfb"),
                           .head = Panel::kQ8}),
               "the head is the embedding, which is stored once; use --embed, without --head");
}

TEST(Convert, PatternsChooseSchemesAndTheLastThatMatchesCounts) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  const Report report = ConvertNow(
      {.checkpoint = Fixture("llama_untied"),
       .output = out,
       .scheme = Panel::kQ4,
       .embed = Panel::kF16,
       .rules = {{"down", Panel::kQ8}, {"*.1.mlp.*", Panel::kF32}, {"emb?dding", Panel::kQ8}}});
  const ModelFile model(out);
  EXPECT_EQ(report.scheme, "q4, embedding f16, down q8, *.1.mlp.* f32, emb?dding q8");
  EXPECT_EQ(model.file.header.provenance.quantization, report.scheme);
  for (const format::Tensor& tensor : model.file.header.tensors) {
    if (tensor.rows == 1) continue;
    Panel expected = tensor.role == format::Role::kDown ? Panel::kQ8 : Panel::kQ4;
    const bool mlp = tensor.role == format::Role::kDown || tensor.role == format::Role::kUp ||
                     tensor.role == format::Role::kGate;
    if (mlp && tensor.layer == 1) expected = Panel::kF32;
    if (tensor.role == format::Role::kEmbedding) expected = Panel::kQ8;
    EXPECT_EQ(tensor.panel, expected) << tensor.name;
  }
}

TEST(Convert, APatternThatMatchesNoMatrixIsAnError) {
  const TempFolder folder;
  for (const char* pattern : {"no.such.*", "final_norm", "*norm*", "dow", "down?"}) {
    EXPECT_ERROR(ConvertNow({.checkpoint = Fixture("llama_untied"),
                             .output = folder.File("m.qfb"),
                             .rules = {{pattern, Panel::kQ8}}}),
                 std::string("--quant-for ") + pattern + " matches no matrix of this model");
    EXPECT_FALSE(std::filesystem::exists(folder.File("m.qfb")));
  }
}

TEST(Convert, QuantizingLosesLittleAndTheReportSaysHowMuch) {
  const TempFolder folder;
  const std::string f32 = folder.File("f32.qfb");
  ConvertNow({.checkpoint = Fixture("llama_untied"), .output = f32, .scheme = Panel::kF32});
  const auto original = OpenCheckpoint(f32, {});
  for (const Panel scheme : {Panel::kQ8, Panel::kQ4}) {
    const std::string out = folder.File("q.qfb");
    const Report report =
        ConvertNow({.checkpoint = Fixture("llama_untied"), .output = out, .scheme = scheme});
    const auto stored = OpenCheckpoint(out, {});
    ASSERT_EQ(stored->tensors.size(), original->tensors.size());
    for (size_t i = 0; i < stored->tensors.size(); ++i) {
      const SourceTensor& tensor = stored->tensors[i];
      std::vector<float> x(tensor.count()), y(tensor.count());
      original->tensors[i].source->Read(0, tensor.rows, x.data());
      tensor.source->Read(0, tensor.rows, y.data());
      double lost = 0, size = 0, largest = 0;
      for (size_t j = 0; j < x.size(); ++j) {
        const double error = std::abs(static_cast<double>(x[j]) - static_cast<double>(y[j]));
        lost += error * error;
        size += std::pow(static_cast<double>(x[j]), 2);
        largest = std::max(largest, error);
      }
      const double rms = std::sqrt(lost / static_cast<double>(x.size()));
      EXPECT_NEAR(report.tensors[i].error_rms, rms, 1e-6 + 1e-4 * rms) << tensor.name;
      EXPECT_NEAR(report.tensors[i].error_max, largest, 1e-6 + 1e-4 * largest) << tensor.name;
      EXPECT_EQ(report.tensors[i].bytes, tensor.bytes);
      const double allowed = tensor.matrix ? (scheme == Panel::kQ8 ? 0.012 : 0.12) : 0;
      EXPECT_LE(std::sqrt(lost / size), allowed) << tensor.name;
    }
  }
}

TEST(Convert, QuantizingWhatIsQuantizedChangesLittleMore) {
  const TempFolder folder;
  ConvertNow(
      {.checkpoint = Fixture("llama_tied"), .output = folder.File("a.qfb"), .scheme = Panel::kQ4});
  const Report report = ConvertNow(
      {.checkpoint = folder.File("a.qfb"), .output = folder.File("b.qfb"), .scheme = Panel::kQ4});
  // Of a group whose largest numbers were not used, a finer scale may fit as well.
  for (const TensorReport& tensor : report.tensors) {
    EXPECT_LT(tensor.error_rms, 1e-4) << tensor.name;
    if (tensor.rows > 1) {
      EXPECT_EQ(tensor.source_dtype, "Q4");
    }
  }
}

TEST(Convert, TheSameCheckpointGivesTheSameBytes) {
  const TempFolder folder;
  const ConvertOptions options{.checkpoint = Fixture("llama_tied"), .output = folder.File("a")};
  ConvertOptions again = options;
  again.output = folder.File("b");
  ConvertNow(options);
  ConvertNow(again);
  EXPECT_EQ(ReadFile(folder.File("a")), ReadFile(folder.File("b")));
}

TEST(Convert, TheSelfTestThatIsRecordedPasses) {
  for (const Panel scheme : {Panel::kF32, Panel::kF16, Panel::kQ8, Panel::kQ4}) {
    const TempFolder folder;
    const std::string out = folder.File("m.qfb");
    const Report report =
        ConvertNow({.checkpoint = Fixture("llama_tied"), .output = out, .scheme = scheme});
    EXPECT_EQ(report.self_test.expected.size(), 16u);
    EXPECT_FALSE(report.self_test.prompt.empty());

    ErrorDetail detail;
    const Model model = Value(Model::Open(out.c_str(), {}, &detail), detail);
    const SelfTestReport judged = Value(RunSelfTest(model, 1, &detail), detail);
    EXPECT_EQ(judged.steps, 16u);
    EXPECT_GT(judged.judged, 0u);
  }
}

TEST(Convert, WithoutSelfTestThereIsNone) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  ConvertNow({.checkpoint = Fixture("llama_tied"), .output = out, .self_test = false});
  EXPECT_FALSE(ModelFile(out).file.header.self_test.present());
}

TEST(Convert, AModelOfOnePositionHasNoSelfTest) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["max_position_embeddings"] = 1;
  tiny.Write(folder.File("ckpt"));
  ConvertNow({.checkpoint = folder.File("ckpt"), .output = folder.File("m.qfb")});
  EXPECT_FALSE(ModelFile(folder.File("m.qfb")).file.header.self_test.present());
}

TEST(Convert, ASmallContextShortensTheSelfTest) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["max_position_embeddings"] = 5;
  tiny.Write(folder.File("ckpt"));
  ConvertNow({.checkpoint = folder.File("ckpt"), .output = folder.File("m.qfb")});

  ErrorDetail detail;
  const Model model = Value(Model::Open(folder.File("m.qfb").c_str(), {}, &detail), detail);
  EXPECT_EQ(Value(RunSelfTest(model, 1, &detail), detail).steps, 1u);
}

TEST(Convert, WithoutTokenizerAModelTakesIds) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.tokenizer = false;
  tiny.Write(folder.File("ckpt"));
  ConvertOptions options{.checkpoint = folder.File("ckpt"), .output = folder.File("m.qfb")};
  EXPECT_ERROR(ConvertNow(options), "has no tokenizer.json");

  options.tokenizer = false;
  const Report report = ConvertNow(options);
  EXPECT_EQ(report.tokens, 0u);
  EXPECT_EQ(report.self_test.expected.size(), 16u);
  ErrorDetail detail;
  const Model model = Value(Model::Open(folder.File("m.qfb").c_str(), {}, &detail), detail);
  EXPECT_TRUE(RunSelfTest(model, 1, &detail).ok()) << detail.text();
}

TEST(Convert, ChatTemplatesAreCompiledOrLeftOutOnRequest) {
  const TempFolder folder;
  TinyLlama().Write(folder.File("ckpt"));
  WriteFile(folder.File("ckpt/chat_template.jinja"),
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
            "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
  ConvertOptions options{.checkpoint = folder.File("ckpt"), .output = folder.File("m.qfb")};
  EXPECT_TRUE(ConvertNow(options).chat_template);
  EXPECT_TRUE(ModelFile(options.output).file.header.chat_template.present());

  WriteFile(folder.File("ckpt/chat_template.jinja"), "{% for m in messages %}");
  EXPECT_ERROR(ConvertNow(options), "chat_template.jinja: chat template: ");
  EXPECT_ERROR(ConvertNow(options), "--no-chat-template converts without it");
  options.chat_template = false;
  EXPECT_FALSE(ConvertNow(options).chat_template);
}

TEST(Convert, WhatF16CannotHoldStaysF32WithANote) {
  const TempFolder folder;
  TinyLlama tiny;
  const float big = 1e6f;
  std::memcpy(tiny.tensors["model.layers.0.mlp.up_proj.weight"].bytes.data() + 8, &big, 4);
  tiny.Write(folder.File("ckpt"));
  const Report report =
      ConvertNow({.checkpoint = folder.File("ckpt"), .output = folder.File("m.qfb")});
  EXPECT_THAT(report.notes, ::testing::Contains(::testing::HasSubstr(
                                "'model.layers.0.mlp.up_proj.weight' is stored as f32")));
  const ModelFile model(folder.File("m.qfb"));
  for (const format::Tensor& tensor : model.file.header.tensors) {
    const bool big_one = tensor.role == format::Role::kUp && tensor.layer == 0;
    const Panel expected = big_one || tensor.rows == 1 ? Panel::kF32 : Panel::kF16;
    EXPECT_EQ(tensor.panel, expected) << tensor.name;
  }
}

TEST(Convert, AFailureLeavesTheOutputAsItWas) {
  const TempFolder folder;
  const std::string out = folder.File("m.qfb");
  TinyLlama tiny;
  tiny.Write(folder.File("ckpt"));
  ConvertNow({.checkpoint = folder.File("ckpt"), .output = out});
  const std::string before = ReadFile(out);

  // The last tensor that is written, so that all the others already are.
  const float bad = std::numeric_limits<float>::infinity();
  std::memcpy(tiny.tensors["lm_head.weight"].bytes.data() + 400, &bad, 4);
  tiny.Write(folder.File("ckpt"));
  for (const bool compress : {false, true}) {
    EXPECT_ERROR(ConvertNow({.checkpoint = folder.File("ckpt"),
                             .output = out,
                             .scheme = Panel::kF32,
                             .compress = compress}),
                 "tensor 'lm_head.weight' element [12, 4] is infinite");
    EXPECT_EQ(ReadFile(out), before);
    EXPECT_THAT(folder.List(), ::testing::ElementsAre("ckpt", "m.qfb"));
  }
}

TEST(Convert, CompressedAndSignedFilesVerify) {
  const TempFolder folder;
  ErrorDetail detail;
  Check(writer::GenerateKey(folder.File("key"), &detail), detail);
  const auto key = Value(writer::ParsePublicKey(folder.File("key.pub"), &detail), detail);
  for (const bool compress : {false, true}) {
    const Report report = ConvertNow({.checkpoint = Fixture("llama3_rope"),
                                      .output = folder.File("m.qfb"),
                                      .compress = compress,
                                      .sign_key = folder.File("key")});
    EXPECT_EQ(report.file_bytes, std::filesystem::file_size(folder.File("m.qfb")));
    const Status status = writer::VerifyFile(folder.File("m.qfb"), key, {}, &detail);
    EXPECT_TRUE(status.ok()) << detail.text();
    auto source = writer::ModelSource::Open(folder.File("m.qfb"), &detail);
    ASSERT_TRUE(source.ok());
    EXPECT_EQ(source->compressed(), compress);
    EXPECT_THAT(folder.List(), ::testing::ElementsAre("key", "key.pub", "m.qfb"));
  }
}

TEST(Convert, ABadKeyFailsBeforeTheWork) {
  const TempFolder folder;
  WriteFile(folder.File("key"), "not a key");
  EXPECT_ERROR(ConvertNow({.checkpoint = "/nowhere",
                           .output = folder.File("m.qfb"),
                           .sign_key = folder.File("key")}),
               "not a key file");
}

TEST(CheckOutput, DoesNotOverwriteWhatIsNoModel) {
  const TempFolder folder;
  WriteFile(folder.File("notes.txt"), "dear diary");
  EXPECT_ERROR(CheckOutput(folder.File("notes.txt"), false),
               "notes.txt: exists and looks like a text file; --force replaces it");
  EXPECT_NO_THROW(CheckOutput(folder.File("notes.txt"), true));
  EXPECT_NO_THROW(CheckOutput(folder.File("new.qfb"), false));
  EXPECT_ERROR(CheckOutput(folder.path(), true), "is a folder; name a file");
}

TEST(DefaultOutput, IsNamedAfterTheFolder) {
  EXPECT_EQ(DefaultOutput("models/SmolLM2", Target::kQfb), "SmolLM2.qfb");
  EXPECT_EQ(DefaultOutput("models/SmolLM2/", Target::kQfb), "SmolLM2.qfb");
  EXPECT_EQ(DefaultOutput("models/SmolLM2.qfb", Target::kHuggingFace), "SmolLM2-hf");
  EXPECT_EQ(DefaultOutput("SmolLM2-1.7B", Target::kQfb), "SmolLM2-1.7B.qfb");
  EXPECT_EQ(DefaultOutput("/", Target::kQfb), "model.qfb");
  const auto here = std::filesystem::current_path().filename().string();
  EXPECT_EQ(DefaultOutput(".", Target::kQfb), here + ".qfb");
}

TEST(Report, NamesEveryKindOfTensorAndEveryTensorInJson) {
  const TempFolder folder;
  const Report report =
      ConvertNow({.checkpoint = Fixture("llama_tied"), .output = folder.File("m.qfb")});
  const std::string text = report.Text();
  EXPECT_THAT(text, ::testing::HasSubstr("embedding"));
  EXPECT_THAT(text, ::testing::HasSubstr("F32 > f16"));
  const Json json = ParseJson(report.ToJson(), "report");
  EXPECT_EQ(json["tensors"].size(), report.tensors.size());
  EXPECT_EQ(json["tensors"][0]["name"], "model.embed_tokens.weight");
  EXPECT_EQ(json["file_bytes"], std::filesystem::file_size(folder.File("m.qfb")));
}

}  // namespace
}  // namespace quanta::converter
