// SPDX-License-Identifier: MIT
//
// The readers of QuantaTissu's checkpoints, on files made here and on the fixtures. That
// the fixtures compute what their formulas say, tests/runtime/llm/golden_test.cc checks.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>

#include "converter/readers/reader.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"
#include "tests/converter/npz_builder.h"

namespace quanta::converter {
namespace {

using format::Role;
using testing::BytesOf;
using testing::Npy;
using testing::NpyF32;
using testing::TempFolder;
using testing::WriteFile;

constexpr uint64_t kVocab = 16, kWidth = 8, kFfn = 12, kRank = 3;

/// The arrays of a small model of the Python program, by name, for a test to change.
struct TinyPython {
  std::map<std::string, std::string> arrays;  ///< .npy files

  explicit TinyPython(uint64_t kv_width = kWidth, bool lora = false) {
    arrays["embeddings"] = NpyF32({kVocab, kWidth});
    arrays["output_proj"] = NpyF32({kWidth, kVocab});
    for (const std::string block : {"transformer_blocks.0.", "transformer_blocks.1."}) {
      arrays[block + "mha.Wq"] = NpyF32({kWidth, kWidth});
      arrays[block + "mha.Wk"] = NpyF32({kWidth, kv_width});
      arrays[block + "mha.Wv"] = NpyF32({kWidth, kv_width});
      arrays[block + "mha.Wo"] = NpyF32({kWidth, kWidth});
      arrays[block + "ffn.W1"] = NpyF32({kWidth, kFfn});
      arrays[block + "ffn.b1"] = NpyF32({kFfn});
      arrays[block + "ffn.W2"] = NpyF32({kFfn, kWidth});
      arrays[block + "ffn.b2"] = NpyF32({kWidth});
      for (const char* norm : {"ln1.gamma", "ln1.beta", "ln2.gamma", "ln2.beta"}) {
        arrays[block + norm] = NpyF32({kWidth});
      }
      if (!lora) continue;
      arrays[block + "mha.lora_q.lora_A"] = NpyF32({kWidth, kRank});
      arrays[block + "mha.lora_q.lora_B"] = NpyF32({kRank, kWidth});
      arrays[block + "mha.lora_v.lora_A"] = NpyF32({kWidth, kRank});
      arrays[block + "mha.lora_v.lora_B"] = NpyF32({kRank, kv_width});
    }
  }

  void Write(const std::string& path) const {
    testing::Files files;
    for (const auto& [name, npy] : arrays) files.emplace_back(name + ".npy", npy);
    WriteFile(path, testing::Zip(files));
  }
};

std::unique_ptr<Checkpoint> Open(const TinyPython& tiny, const TempFolder& folder,
                                 const ReadOptions& options = {.heads = 2}) {
  tiny.Write(folder.File("m.npz"));
  return OpenCheckpoint(folder.File("m.npz"), options);
}

/// A training checkpoint: arrays in their order, without names.
TinyPython Numbered(const std::vector<std::vector<uint64_t>>& shapes) {
  TinyPython tiny;
  tiny.arrays.clear();
  for (size_t i = 0; i < shapes.size(); ++i) {
    tiny.arrays["param_" + std::to_string(i)] = NpyF32(shapes[i]);
  }
  tiny.arrays["num_params"] = testing::NpyI64(static_cast<int64_t>(shapes.size()));
  return tiny;
}

/// The shapes of a model's arrays in the order of the files without names.
std::vector<std::vector<uint64_t>> Order(uint64_t kv_width, bool lora, bool beta, bool untied,
                                         bool core = false) {
  const std::vector<uint64_t> norm =
      core ? std::vector<uint64_t>{1, kWidth} : std::vector<uint64_t>{kWidth};
  const std::vector<uint64_t> wide =
      core ? std::vector<uint64_t>{1, kFfn} : std::vector<uint64_t>{kFfn};
  std::vector<std::vector<uint64_t>> shapes = {{kVocab, kWidth}};
  if (untied && !core) shapes.push_back({kWidth, kVocab});
  for (int block = 0; block < 2; ++block) {
    for (const uint64_t columns : {kWidth, kv_width, kv_width, kWidth}) {
      shapes.push_back({kWidth, columns});
    }
    if (lora) {
      for (const auto& shape : std::vector<std::vector<uint64_t>>{
               {kWidth, kRank}, {kRank, kWidth}, {kWidth, kRank}, {kRank, kv_width}}) {
        shapes.push_back(shape);
      }
    }
    shapes.insert(shapes.end(), {{kWidth, kFfn}, wide, {kFfn, kWidth}, norm});
    shapes.insert(shapes.end(), beta ? 4 : 2, norm);
  }
  if (core) shapes.insert(shapes.end(), {norm, norm, {kWidth, kVocab}, {1, kVocab}});
  return shapes;
}

std::string CoreArrays(const std::vector<std::vector<uint64_t>>& shapes) {
  std::string bytes = BytesOf<uint64_t>({shapes.size()});
  for (const auto& shape : shapes) {
    uint64_t count = 1;
    for (const uint64_t extent : shape) count *= extent;
    bytes += BytesOf<uint64_t>({shape.size()}) + BytesOf(shape) + BytesOf<uint64_t>({count}) +
             BytesOf(std::vector<float>(count, 0.25f));
  }
  return bytes;
}

/// A file of the C++ core, with or without its optimizer's state.
std::string CoreFile(const std::vector<std::vector<uint64_t>>& shapes, bool state = false) {
  const std::string moments = CoreArrays(state ? shapes : std::vector<std::vector<uint64_t>>());
  return CoreArrays(shapes) + BytesOf<int32_t>({3}) + moments + moments;
}

std::unique_ptr<Checkpoint> OpenCore(const std::string& bytes, const TempFolder& folder,
                                     const ReadOptions& options = {.heads = 2}) {
  WriteFile(folder.File("m.pt"), bytes);
  return OpenCheckpoint(folder.File("m.pt"), options);
}

const SourceTensor* Find(const Checkpoint& checkpoint, Role role, int32_t layer) {
  for (const SourceTensor& tensor : checkpoint.tensors) {
    if (tensor.role == role && tensor.layer == layer) return &tensor;
  }
  return nullptr;
}

std::vector<float> Numbers(const SourceTensor& tensor) {
  std::vector<float> numbers(tensor.count());
  tensor.source->Read(0, tensor.rows, numbers.data());
  return numbers;
}

// --- What is read -----------------------------------------------------------------

TEST(QuantaTissu, ThePythonModelIsPostNormWithoutFinalNorm) {
  const TempFolder folder;
  const auto checkpoint = Open(TinyPython(), folder);

  const format::Architecture& a = checkpoint->architecture;
  EXPECT_EQ(checkpoint->family, "quantatissu");
  EXPECT_EQ(a.vocab, kVocab);
  EXPECT_EQ(a.hidden, kWidth);
  EXPECT_EQ(a.ffn, kFfn);
  EXPECT_EQ(a.heads, 2u);
  EXPECT_EQ(a.kv_heads, 2u);
  EXPECT_EQ(a.head_dim, 4u);
  EXPECT_EQ(a.context, 5000u);
  EXPECT_EQ(a.norm, format::NormKind::kLayer);
  EXPECT_EQ(a.norm_placement, format::NormPlacement::kPost);
  EXPECT_EQ(a.norm_eps, 1e-6f);
  EXPECT_FALSE(a.norm_eps_outside || a.final_norm || a.gated);
  EXPECT_EQ(a.activation, format::Activation::kRelu);
  EXPECT_EQ(a.attention_scale, 0.5f);
  ASSERT_EQ(a.layers.size(), 2u);
  EXPECT_EQ(a.layers[1].rope, -1);
  EXPECT_EQ(checkpoint->tensors.size(), 2u * 12 + 3);
  EXPECT_THAT(checkpoint->notes, ::testing::ElementsAre(::testing::HasSubstr("context of 5000")));
}

TEST(QuantaTissu, TheCoreIsPreNormWithAnEpsilonOnBothSidesOfTheRoot) {
  const TempFolder folder;
  const auto checkpoint = OpenCore(CoreFile(Order(kWidth, false, true, true, true)), folder);

  const format::Architecture& a = checkpoint->architecture;
  EXPECT_EQ(checkpoint->family, "quantatissu-core");
  EXPECT_EQ(a.norm_placement, format::NormPlacement::kPre);
  EXPECT_EQ(a.norm_eps, 1e-5f);
  EXPECT_TRUE(a.norm_eps_outside && a.final_norm);
  EXPECT_EQ(a.context, 128u);
  EXPECT_EQ(a.layers.size(), 2u);
  EXPECT_EQ(checkpoint->tensors.size(), 2u * 12 + 6);
  EXPECT_NE(Find(*checkpoint, Role::kHeadBias, -1), nullptr);
}

TEST(QuantaTissu, MatricesAreTransposedAndTheEmbeddingIsNot) {
  const TempFolder folder;
  const auto checkpoint = Open(TinyPython(), folder);
  const auto value = [](uint64_t i) { return static_cast<float>(i % 97) / 97.0f - 0.3f; };

  const SourceTensor& up = *Find(*checkpoint, Role::kUp, 1);
  ASSERT_EQ(up.rows, kFfn);
  ASSERT_EQ(up.columns, kWidth);
  const auto numbers = Numbers(up);
  for (uint64_t out = 0; out < kFfn; ++out) {
    for (uint64_t in = 0; in < kWidth; ++in) {
      EXPECT_EQ(numbers[out * kWidth + in], value(in * kFfn + out));
    }
  }
  EXPECT_EQ(Numbers(*Find(*checkpoint, Role::kEmbedding, -1))[13], value(13));
}

TEST(QuantaTissu, PositionsAreSinesAndCosinesInF32) {
  const TempFolder folder;
  const auto checkpoint = Open(TinyPython(), folder, {.heads = 2, .context = 7});
  const SourceTensor& positions = *Find(*checkpoint, Role::kPosition, -1);
  EXPECT_FALSE(positions.matrix);
  ASSERT_EQ(positions.rows, 7u);
  std::vector<float> row(kWidth);
  positions.source->Read(6, 1, row.data());
  for (uint32_t i = 0; i < kWidth; i += 2) {
    const double angle = 6 / std::pow(10000.0, i / 8.0);
    EXPECT_EQ(row[i], static_cast<float>(std::sin(angle)));
    EXPECT_EQ(row[i + 1], static_cast<float>(std::cos(angle)));
  }
}

TEST(QuantaTissu, ATiedModelHasNoHeadAndBiasesMayBeAbsent) {
  const TempFolder folder;
  TinyPython tiny(4);
  tiny.arrays.erase("output_proj");
  for (const char* block : {"transformer_blocks.0.", "transformer_blocks.1."}) {
    tiny.arrays.erase(std::string(block) + "ln1.beta");
    tiny.arrays.erase(std::string(block) + "ln2.beta");
  }
  const auto checkpoint = Open(tiny, folder);
  EXPECT_EQ(Find(*checkpoint, Role::kHead, -1), nullptr);
  EXPECT_EQ(Find(*checkpoint, Role::kFfnPostNormBias, 0), nullptr);
  EXPECT_EQ(checkpoint->architecture.kv_heads, 1u);
}

TEST(QuantaTissu, LoraPairsAreMergedWithoutScaling) {
  const TempFolder folder, other;
  const auto plain = Open(TinyPython(4), folder);
  const auto merged = Open(TinyPython(4, true), other);
  const auto value = [](uint64_t i) { return static_cast<float>(i % 97) / 97.0f - 0.3f; };
  for (const Role role : {Role::kQ, Role::kV}) {
    const SourceTensor& tensor = *Find(*merged, role, 1);
    const auto before = Numbers(*Find(*plain, role, 1)), after = Numbers(tensor);
    for (uint64_t out = 0; out < tensor.rows; ++out) {
      for (uint64_t in = 0; in < kWidth; ++in) {
        double sum = before[out * kWidth + in];
        for (uint64_t r = 0; r < kRank; ++r) {
          sum += double{value(in * kRank + r)} * double{value(r * tensor.rows + out)};
        }
        EXPECT_FLOAT_EQ(after[out * kWidth + in], static_cast<float>(sum));
      }
    }
  }
  EXPECT_EQ(Numbers(*Find(*plain, Role::kK, 1)), Numbers(*Find(*merged, Role::kK, 1)));
  EXPECT_THAT(merged->notes, ::testing::Contains(::testing::HasSubstr("LoRA pairs of rank 3")));
}

TEST(QuantaTissu, NumberedParametersOfEveryVariantAreTheNamedModel) {
  for (const bool lora : {false, true}) {
    for (const bool beta : {false, true}) {
      for (const bool untied : {false, true}) {
        for (const uint64_t kv_width : {uint64_t{4}, kWidth}) {
          SCOPED_TRACE(::testing::Message() << lora << beta << untied << kv_width);
          const TempFolder folder;
          TinyPython tiny = Numbered(Order(kv_width, lora, beta, untied));
          tiny.arrays["optimizer_m_0"] = NpyF32({1});
          tiny.arrays["optimizer_t"] = testing::NpyI64(9);
          const auto checkpoint = Open(tiny, folder);
          EXPECT_EQ(checkpoint->architecture.layers.size(), 2u);
          EXPECT_EQ(checkpoint->tensors.size(), 2u + untied + 2 * (beta ? 12 : 10));
          EXPECT_EQ(Find(*checkpoint, Role::kDown, 1)->name, "transformer_blocks.1.ffn.W2");
          EXPECT_THAT(checkpoint->notes, ::testing::Contains(::testing::HasSubstr(
                                             "1 arrays of optimizer state are left out")));
        }
      }
    }
  }
}

TEST(QuantaTissu, TheOldFileWithoutBlocksSaysLoudlyWhatItLost) {
  const TempFolder folder;
  TinyPython tiny;
  for (const char* name : {"mha.Wq", "mha.Wk", "mha.Wv", "mha.Wo", "ffn.W1", "ffn.b1", "ffn.W2",
                           "ffn.b2", "ln2.gamma", "ln2.beta"}) {
    const std::string old = std::string(name).substr(std::string(name).find('.') + 1);
    tiny.arrays[old] = tiny.arrays[std::string("transformer_blocks.1.") + name];
  }
  std::erase_if(tiny.arrays, [](const auto& array) { return array.first.starts_with("trans"); });
  ASSERT_EQ(tiny.arrays.size(), 12u);
  const auto checkpoint = Open(tiny, folder);
  EXPECT_EQ(checkpoint->architecture.layers.size(), 1u);
  EXPECT_EQ(Numbers(*Find(*checkpoint, Role::kAttentionPostNorm, 0)),
            Numbers(*Find(*checkpoint, Role::kFfnPostNorm, 0)));
  EXPECT_THAT(checkpoint->notes, ::testing::Contains(::testing::StartsWith("WEIGHTS ARE MISSING")));
}

TEST(QuantaTissu, TheCoresOptimizerStateIsLeftOutWithANote) {
  const TempFolder folder;
  const auto checkpoint = OpenCore(CoreFile(Order(kWidth, false, true, true, true), true), folder);
  EXPECT_THAT(checkpoint->notes,
              ::testing::Contains(::testing::HasSubstr("58 arrays of optimizer state")));
}

TEST(QuantaTissu, TheCoresSingleKeyValueHeadTellsTheNumberOfHeads) {
  const TempFolder folder;
  const std::string file = CoreFile(Order(2, true, true, true, true));
  const auto checkpoint = OpenCore(file, folder, {});
  EXPECT_EQ(checkpoint->architecture.heads, 4u);
  EXPECT_EQ(checkpoint->architecture.kv_heads, 1u);
  EXPECT_ERROR(OpenCore(file, folder, {.heads = 2}), "2 heads of 4, keys of 2 numbers are no");
  EXPECT_ERROR(OpenCore(file, folder, {.heads = 8}), "8 heads of 1, keys of 2 numbers are no");
}

// --- What the user has to say ---------------------------------------------------------

TEST(QuantaTissu, WithoutHeadsTheErrorSaysWhichOptionToAdd) {
  const TempFolder folder;
  EXPECT_ERROR(Open(TinyPython(), folder, {}),
               "m.npz: does not say how many heads the model has; add --heads N");
  EXPECT_ERROR(Open(TinyPython(), folder, {.heads = 3}), "3 heads do not divide the width of 8");
  EXPECT_ERROR(Open(TinyPython(4), folder, {.heads = 1}), "keys of 4 numbers are no whole number");
  EXPECT_ERROR(Open(TinyPython(), folder, {.heads = 2, .context = 3000000}), "beyond the limit");
}

TEST(QuantaTissu, AConfigurationBesideOrNamedSaysIt) {
  const TempFolder folder;
  WriteFile(folder.File("other.json"),
            R"({"model": {"n_embd": 8, "num_heads": 4}, "training": {}})");
  EXPECT_EQ(Open(TinyPython(), folder, {.config = folder.File("other.json")})->architecture.heads,
            4u);
  WriteFile(folder.File("model_config.json"),
            R"({"d_model": 8, "n_layers": 2, "n_head": 2, "d_ff": 12, "vocab_size": 16,)"
            R"("max_seq_len": 33, "dropout_rate": 0.1, "moe": null})");
  const auto checkpoint = Open(TinyPython(), folder, {});
  EXPECT_EQ(checkpoint->architecture.heads, 2u);
  EXPECT_EQ(checkpoint->architecture.context, 33u);
  EXPECT_THAT(checkpoint->notes, ::testing::ElementsAre("model_config.json beside the checkpoint "
                                                        "was read"));
}

TEST(QuantaTissu, AConfigurationOfAnotherModelIsAnError) {
  const struct {
    const char* json;
    const char* error;
  } cases[] = {
      {R"({"n_head": 2, "n_layer": 3})", "n_layer is 3, but the checkpoint has 2"},
      {R"({"n_head": 2, "embed_dim": 16})", "n_embd is 16, but the checkpoint has 8"},
      {R"({"n_head": 2, "vocab_size": 17})", "vocab_size is 17, but the checkpoint has 16"},
      {R"({"n_head": 4, "num_heads": 2})", "num_heads says something else"},
      {R"({"n_head": 2, "num_kv_heads": 1})", "says 1 key-value heads, the file has 2"},
      {R"({"n_head": 2, "moe": {"num_experts": 4}})", "moe makes a model that is not supported"},
      {R"({"n_head": 2, "use_conv_attention": true})", "use_conv_attention makes a model that"},
      {R"({"n_head": 2, "tie_weights": true})", "tie_weights is true, but the checkpoint has"},
      {R"({"n_head": 2, "rotary": true})", "unknown setting rotary"},
      {R"({"n_head": -2})", "n_head"},
      {R"([])", "is not a JSON object"},
  };
  for (const auto& bad : cases) {
    const TempFolder folder;
    WriteFile(folder.File("model_config.json"), bad.json);
    EXPECT_ERROR(Open(TinyPython(), folder, {}), bad.error) << bad.json;
  }
  const TempFolder folder;
  WriteFile(folder.File("model_config.json"), R"({"n_head": 2})");
  EXPECT_ERROR(Open(TinyPython(), folder, {.heads = 4}), "--heads is 4, the configuration says 2");
}

TEST(QuantaTissu, OptionsThatOtherCheckpointsDoNotNeedAreRefusedThere) {
  const TempFolder folder;
  testing::TinyLlama().Write(folder.path());
  EXPECT_ERROR(OpenCheckpoint(folder.path(), {.heads = 4}),
               "--heads is of no use: huggingface checkpoints say it themselves; leave it out");
  EXPECT_ERROR(OpenCheckpoint(folder.path(), {.tokenizer = "x"}), "--tokenizer is of no use");
}

TEST(QuantaTissu, WithoutTokenizerFilesTheErrorSaysWhichOptionToAdd) {
  const TempFolder folder;
  const auto checkpoint = Open(TinyPython(), folder);
  EXPECT_ERROR(checkpoint->tokenizer(kVocab), "m.npz: holds no tokenizer; add --tokenizer PREFIX");
  EXPECT_TRUE(checkpoint->chat().place.empty());
}

// --- What is wrong ----------------------------------------------------------------

TEST(QuantaTissu, WhatIsNotExactlyThePythonModelIsAnError) {
  const std::string block = "transformer_blocks.1.";
  const struct {
    const char* name;
    std::function<void(std::map<std::string, std::string>&)> change;
    const char* error;
  } cases[] = {
      {"missing", [&](auto& a) { a.erase(block + "mha.Wo"); },
       "array 'transformer_blocks.1.mha.Wo' is missing: expected shape (8, 8)"},
      {"no embedding", [](auto& a) { a.erase("embeddings"); }, "array 'embeddings' is missing"},
      {"no blocks",
       [](auto& a) { std::erase_if(a, [](const auto& e) { return e.first[0] == 't'; }); },
       "has 0 blocks, expected 1 to 4096"},
      {"missing block",
       [](auto& a) {
         a["transformer_blocks.3.mha.Wq"] = NpyF32({kWidth, kWidth});
       },
       "array 'transformer_blocks.2.mha.Wq' is missing"},
      {"far block",
       [](auto& a) {
         a["transformer_blocks.4000000000.mha.Wq"] = NpyF32({kWidth, kWidth});
       },
       "unknown array 'transformer_blocks.4000000000.mha.Wq'"},
      {"leading zero",
       [](auto& a) {
         a["transformer_blocks.01.mha.Wq"] = NpyF32({8, 8});
       },
       "unknown array 'transformer_blocks.01.mha.Wq'"},
      {"one beta", [&](auto& a) { a.erase(block + "ln2.beta"); },
       "array 'transformer_blocks.1.ln2.beta' is missing"},
      {"late beta", [](auto& a) { a.erase("transformer_blocks.0.ln1.beta"); },
       "is there, but 'transformer_blocks.0.ln1.beta' is not"},
      {"half of LoRA",
       [&](auto& a) {
         a[block + "mha.lora_q.lora_A"] = NpyF32({kWidth, 2});
       },
       "array 'transformer_blocks.1.mha.lora_q.lora_B' is missing: expected shape (2, 8)"},
      {"experts",
       [&](auto& a) {
         a[block + "moe.router.W_r"] = NpyF32({kWidth, 2});
       },
       "mixtures of experts are not supported: array 'transformer_blocks.1.moe.router.W_r'"},
      {"convolution",
       [&](auto& a) {
         a[block + "conv.depthwise_conv.W"] = NpyF32({8, 8, 3, 3});
       },
       "convolution blocks are not supported: array"},
      {"unknown", [](auto& a) { a["extra"] = NpyF32({1}); }, "unknown array 'extra'"},
      {"shape",
       [&](auto& a) {
         a[block + "ffn.W2"] = NpyF32({kWidth, kFfn});
       },
       "array 'transformer_blocks.1.ffn.W2' has shape (8, 12): as transformer_blocks.1.ffn.W2 it "
       "should have (12, 8)"},
      {"vector", [](auto& a) { a["embeddings"] = NpyF32({kVocab}); },
       "array 'embeddings' has shape (16), where embeddings is a matrix"},
      {"empty",
       [](auto& a) {
         a["embeddings"] = NpyF32({0, kWidth});
       },
       "array 'embeddings' has a side of 0"},
      {"integers",
       [&](auto& a) { a[block + "ffn.b2"] = Npy("<i4", {kWidth}, std::string(32, '\0')); },
       "has dtype I32: only F64, F32 and F16 are weights"},
      {"pickle", [&](auto& a) { a[block + "ffn.b2"] = Npy("|O", {1}, "\x80\x04N."); },
       "holds pickled Python objects, which are not read"},
  };
  for (const auto& bad : cases) {
    const TempFolder folder;
    TinyPython tiny;
    bad.change(tiny.arrays);
    EXPECT_ERROR(Open(tiny, folder), bad.error) << bad.name;
  }
}

TEST(QuantaTissu, NumberedParametersThatFitNoModelAreAnError) {
  const auto shapes = Order(kWidth, false, true, true);
  const struct {
    const char* name;
    std::function<void(TinyPython&)> change;
    const char* error;
  } cases[] = {
      {"count", [](TinyPython& t) { t.arrays["num_params"] = testing::NpyI64(25); },
       "num_params says 25, but there are 26"},
      {"gap",
       [](TinyPython& t) {
         t.arrays.erase("param_7");
         t.arrays.erase("num_params");
       },
       "array 'param_7' is missing among 25 parameters"},
      {"fits nothing",
       [](TinyPython& t) {
         t.arrays["param_26"] = t.arrays["param_27"] = NpyF32({8});
         t.arrays["num_params"] = testing::NpyI64(28);
       },
       "has 28 parameters, which fit no number of blocks: expected 2 and 12 a block"},
      {"shape",
       [](TinyPython& t) {
         t.arrays["param_6"] = NpyF32({kWidth, kFfn + 1});
       },
       "array 'param_7' has shape (12): as transformer_blocks.0.ffn.b1 it should have (13)"},
      {"convolution",
       [](TinyPython& t) {
         t.arrays["param_2"] = NpyF32({8, 8, 3, 3});
       },
       "array 'param_2' has shape (8, 8, 3, 3): as transformer_blocks.0.mha.Wq it should have"},
      {"unknown", [](TinyPython& t) { t.arrays["scheduler"] = NpyF32({1}); },
       "unknown array 'scheduler'"},
  };
  for (const auto& bad : cases) {
    const TempFolder folder;
    TinyPython tiny = Numbered(shapes);
    bad.change(tiny);
    EXPECT_ERROR(Open(tiny, folder), bad.error) << bad.name;
  }
}

TEST(QuantaTissu, AnArchiveThatIsCutOffIsAnError) {
  const TempFolder folder;
  TinyPython().Write(folder.File("m.npz"));
  const std::string whole = testing::ReadFile(folder.File("m.npz"));
  for (const size_t part : {size_t{1}, whole.size() / 3, whole.size() - 200}) {
    WriteFile(folder.File("cut.npz"), whole.substr(0, whole.size() - part));
    EXPECT_ERROR(OpenCheckpoint(folder.File("cut.npz"), {.heads = 2}),
                 "not a complete zip archive");
  }
}

TEST(QuantaTissu, AnArchiveOfTorchIsNotTakenForNumPys) {
  const TempFolder folder;
  WriteFile(folder.File("m.pt"), testing::Zip({{"archive/data.pkl", "\x80\x02."}}));
  EXPECT_ERROR(OpenCheckpoint(folder.File("m.pt"), {}), "looks like a zip archive or a PyTorch");
}

TEST(QuantaTissu, EveryTruncationOfACoreFileIsAnError) {
  const TempFolder folder;
  const std::string whole = CoreFile(Order(kWidth, false, true, true, true), true);
  for (size_t size = 64; size < whole.size(); size += 61) {
    EXPECT_ERROR(OpenCore(whole.substr(0, size), folder), "m.pt: truncated: ") << size;
  }
  EXPECT_ERROR(OpenCore(whole + "x", folder), "1 bytes after the optimizer's state");
}

TEST(QuantaTissu, DamagedCoreFilesAreErrorsThatSayWhat) {
  const auto shapes = Order(kWidth, false, true, true, true);
  const std::string whole = CoreFile(shapes);
  const auto with = [&](size_t offset, uint64_t number) {
    std::string file = whole;
    std::memcpy(file.data() + offset, &number, sizeof(number));
    return file;
  };
  const size_t second = 8 + 32 + 4 * kVocab * kWidth;  // where parameter 1 begins
  auto fewer = shapes, taller = shapes;
  fewer.pop_back();
  taller.back() = {1, kVocab + 1};
  const struct {
    std::string file;
    const char* error;
  } cases[] = {
      {with(0, 90'000), "truncated"},
      {with(second, 0), "parameter 1 claims 0 dimensions"},
      {with(second, UINT64_MAX), "parameter 1 claims 18446744073709551615 dimensions"},
      {with(second + 8, uint64_t{1} << 63), "parameter 1 has 64 numbers, which is not what"},
      {with(second + 24, 65), "parameter 1 has 65 numbers, which is not what its shape takes"},
      {with(second + 24, UINT64_MAX), "which is not what its shape takes"},
      {CoreFile(fewer), "has 28 parameters, which fit no number of blocks: expected 5 and 12"},
      {CoreFile(taller), "array 'parameter 28' has shape (1, 17): as output_bias it should have"},
  };
  for (const auto& bad : cases) {
    const TempFolder folder;
    EXPECT_ERROR(OpenCore(bad.file, folder), bad.error);
  }
}

TEST(QuantaTissu, FilesThatOnlyResembleACoreFileAreNotTaken) {
  const TempFolder folder;
  const std::string floats(400, '\x3f');
  for (const std::string& file :
       {floats, std::string(400, '\0'), BytesOf<uint64_t>({29, 2, 16, 8, 127}) + floats,
        BytesOf<uint64_t>({29, 9, 1, 1, 1}) + floats, BytesOf<uint64_t>({1u << 30, 1, 4, 4}),
        BytesOf<uint64_t>({29})}) {
    EXPECT_ERROR(OpenCore(file, folder), "m.pt: looks like ");
  }
}

TEST(QuantaTissu, NumbersThatAreNoneAreFoundWhereTheyLie) {
  const TempFolder folder;
  TinyPython tiny;
  tiny.arrays["output_proj"] =
      Npy("<f8", {kWidth, kVocab}, BytesOf(std::vector<double>(kWidth * kVocab, 1e300)));
  const auto checkpoint = Open(tiny, folder);
  // Beyond f32: infinite there, which conversion refuses.
  EXPECT_TRUE(std::isinf(Numbers(*Find(*checkpoint, Role::kHead, -1))[0]));
}

}  // namespace
}  // namespace quanta::converter
