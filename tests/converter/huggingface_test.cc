// SPDX-License-Identifier: MIT
//
// The reader of Hugging Face folders and the Llama family, on folders made here.
#include <filesystem>
#include <functional>

#include "converter/readers/reader.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"
#include "tests/support/checkpoints.h"

namespace quanta::converter {
namespace {

using format::Role;
using testing::TempFolder;
using testing::TestTensor;
using testing::TinyLlama;
using testing::WriteFile;

const SourceTensor* Find(const Checkpoint& checkpoint, Role role, int32_t layer) {
  for (const SourceTensor& tensor : checkpoint.tensors) {
    if (tensor.role == role && tensor.layer == layer) return &tensor;
  }
  return nullptr;
}

std::unique_ptr<Checkpoint> Open(const TinyLlama& tiny, const TempFolder& folder,
                                 std::vector<std::string> allowed = {}) {
  tiny.Write(folder.path());
  return OpenCheckpoint(folder.path(), {std::move(allowed)});
}

TEST(HuggingFace, ReadsEveryNumberOfALlama) {
  const TempFolder folder;
  const auto checkpoint = Open(TinyLlama(), folder);

  const format::Architecture& a = checkpoint->architecture;
  EXPECT_EQ(a.family, "llama");
  EXPECT_EQ(a.vocab, 768u);
  EXPECT_EQ(a.hidden, 8u);
  EXPECT_EQ(a.heads, 2u);
  EXPECT_EQ(a.kv_heads, 1u);
  EXPECT_EQ(a.head_dim, 4u);
  EXPECT_EQ(a.ffn, 12u);
  EXPECT_EQ(a.context, 64u);
  EXPECT_EQ(a.norm_eps, 1e-5f);
  EXPECT_EQ(a.attention_scale, 0.5f);
  EXPECT_TRUE(a.gated && a.final_norm);
  ASSERT_EQ(a.layers.size(), 2u);
  EXPECT_EQ(a.layers[1].rope, 0);
  EXPECT_EQ(a.layers[1].window, 0u);
  ASSERT_EQ(a.ropes.size(), 1u);
  EXPECT_EQ(a.ropes[0].inv_freq.size(), 2u);
  EXPECT_EQ(a.ropes[0].pairing, format::RopePairing::kHalf);
  EXPECT_EQ(checkpoint->tensors.size(), 2u * 9 + 3);
}

TEST(HuggingFace, TensorsKeepTheirBytes) {
  const TempFolder folder;
  TinyLlama tiny;
  const auto checkpoint = Open(tiny, folder);

  const SourceTensor* gate = Find(*checkpoint, Role::kGate, 1);
  ASSERT_NE(gate, nullptr);
  EXPECT_EQ(gate->rows, 12u);
  EXPECT_EQ(gate->columns, 8u);
  const std::string& expected = tiny.tensors["model.layers.1.mlp.gate_proj.weight"].bytes;
  std::string bytes(expected.size(), '\0');
  gate->source->Read(0, gate->rows, reinterpret_cast<float*>(bytes.data()));
  EXPECT_EQ(bytes, expected);
}

TEST(HuggingFace, TiedModelsHaveNoHead) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["tie_word_embeddings"] = true;
  tiny.MakeTensors();
  EXPECT_EQ(Find(*Open(tiny, folder), Role::kHead, -1), nullptr);
}

TEST(HuggingFace, ATiedHeadStoredTwiceMustBeTheSame) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["tie_word_embeddings"] = true;
  tiny.tensors["lm_head.weight"] = tiny.tensors["model.embed_tokens.weight"];
  const auto checkpoint = Open(tiny, folder);
  EXPECT_EQ(Find(*checkpoint, Role::kHead, -1), nullptr);
  EXPECT_THAT(checkpoint->notes, ::testing::ElementsAre(::testing::HasSubstr("stored once")));

  tiny.tensors["lm_head.weight"].bytes[5] ^= 1;
  EXPECT_ERROR(Open(tiny, folder), "tie_word_embeddings is true, but 'lm_head.weight' differs");
}

TEST(HuggingFace, AnUntiedModelNeedsItsHead) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.tensors.erase("lm_head.weight");
  EXPECT_ERROR(Open(tiny, folder), "\"tie_word_embeddings\": true");
}

TEST(HuggingFace, BiasesAreTensorsOfTheirOwn) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["attention_bias"] = true;
  tiny.config["mlp_bias"] = true;
  tiny.MakeTensors();
  const auto checkpoint = Open(tiny, folder);

  for (const Role role : {Role::kQBias, Role::kKBias, Role::kVBias, Role::kOBias, Role::kGateBias,
                          Role::kUpBias, Role::kDownBias}) {
    const SourceTensor* bias = Find(*checkpoint, role, 0);
    ASSERT_NE(bias, nullptr) << RoleName(role);
    EXPECT_FALSE(bias->matrix);
    EXPECT_EQ(bias->rows, 1u);
  }
  EXPECT_EQ(Find(*checkpoint, Role::kKBias, 0)->columns, 4u);
}

TEST(HuggingFace, HeadDimMayDifferFromHiddenByHeads) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["head_dim"] = 6;
  tiny.MakeTensors();
  const auto checkpoint = Open(tiny, folder);
  EXPECT_EQ(checkpoint->architecture.head_dim, 6u);
  EXPECT_EQ(Find(*checkpoint, Role::kO, 0)->columns, 12u);
}

TEST(HuggingFace, WithoutKeyValueHeadsThereAreAsManyAsHeads) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config.erase("num_key_value_heads");
  tiny.MakeTensors();
  EXPECT_EQ(Open(tiny, folder)->architecture.kv_heads, 2u);
}

TEST(HuggingFace, OldRotaryBuffersAreLeftOutWithANote) {
  const TempFolder folder;
  TinyLlama tiny;
  for (const char* layer : {"0", "1"}) {
    tiny.tensors[std::string("model.layers.") + layer + ".self_attn.rotary_emb.inv_freq"] =
        TestTensor::Of("F32", {2});
  }
  const auto checkpoint = Open(tiny, folder);
  EXPECT_EQ(checkpoint->tensors.size(), 2u * 9 + 3);
  EXPECT_THAT(checkpoint->notes, ::testing::ElementsAre(::testing::HasSubstr("2 rotary_emb")));
}

TEST(HuggingFace, NamesMayLackThePrefix) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["tie_word_embeddings"] = true;
  tiny.MakeTensors();
  std::map<std::string, TestTensor> plain;
  for (auto& [name, tensor] : tiny.tensors) plain[name.substr(6)] = tensor;
  tiny.tensors = plain;
  EXPECT_EQ(Open(tiny, folder)->tensors.size(), 2u * 9 + 2);
}

TEST(HuggingFace, TheModelCardsLicenseIsKept) {
  const TempFolder folder;
  WriteFile(folder.File("README.md"), "---\nlanguage: en\nlicense: \"apache-2.0\"\n---\n# Hi\n");
  EXPECT_EQ(Open(TinyLlama(), folder)->license, "apache-2.0");
}

TEST(HuggingFace, AnUnknownSettingCanBeVouchedFor) {
  const TempFolder folder;
  TinyLlama tiny;
  tiny.config["flux_capacitor"] = 1.21;
  EXPECT_ERROR(Open(tiny, folder), "--allow-unknown-config flux_capacitor");
  EXPECT_NO_THROW(Open(tiny, folder, {"flux_capacitor"}));
}

struct Change {
  const char* name;
  std::function<void(TinyLlama&)> change;
  const char* error;
};

std::function<void(TinyLlama&)> Set(const char* key, Json value) {
  return [=](TinyLlama& tiny) { tiny.config[key] = value; };
}

TEST(HuggingFace, WhatIsNotExactlyUnderstoodIsAnError) {
  const Change changes[] = {
      {"architecture", Set("architectures", {"FancyForCausalLM"}),
       "config.json: architecture FancyForCausalLM is not supported; supported: LlamaForCausalLM,"},
      {"type", Set("model_type", "mistral"), "model_type is 'mistral'"},
      {"no hidden", [](TinyLlama& t) { t.config.erase("hidden_size"); }, "hidden_size is missing"},
      {"huge layers", Set("num_hidden_layers", 4000000000u), "num_hidden_layers must be"},
      {"more layers", Set("num_hidden_layers", 3),
       "tensor 'model.layers.2.input_layernorm.weight' is missing: expected shape [8]"},
      {"fewer layers", Set("num_hidden_layers", 1), "unknown tensor 'model.layers.1."},
      {"heads", Set("num_attention_heads", 3), "hidden_size (8) is not a multiple of"},
      {"kv heads", Set("num_key_value_heads", 3), "num_key_value_heads (3) does not divide"},
      {"odd head", Set("head_dim", 3), "head_dim is odd"},
      {"act", Set("hidden_act", "mish"), "hidden_act 'mish' is not supported; supported: silu"},
      {"eps", Set("rms_norm_eps", -1), "rms_norm_eps must be between 0 and 1"},
      {"quantized", Set("quantization_config", {{"bits", 4}}), "already quantized"},
      {"window", Set("sliding_window", 16), "unknown setting sliding_window = 16"},
      {"partial", Set("partial_rotary_factor", 0.5), "rope_scaling.partial_rotary_factor is 0.5"},
      {"interleaved", Set("rope_interleaved", true), "rope_interleaved is true"},
      {"layers", Set("layer_types", {"full_attention", "sliding_attention"}), "layer_types"},
      {"pruned", Set("pruned_heads", {{"0", {1}}}), "pruned_heads"},
      {"missing", [](TinyLlama& t) { t.tensors.erase("model.layers.1.mlp.up_proj.weight"); },
       "tensor 'model.layers.1.mlp.up_proj.weight' is missing: expected shape [12, 8]"},
      {"unknown", [](TinyLlama& t) { t.tensors["model.extra"] = TestTensor::Of("F32", {1}); },
       "unknown tensor 'model.extra' F32 [1]"},
      {"bias",
       [](TinyLlama& t) {
         t.tensors["model.layers.0.self_attn.q_proj.bias"] = TestTensor::Of("F32", {8});
       },
       "unknown tensor 'model.layers.0.self_attn.q_proj.bias'"},
      {"shape",
       [](TinyLlama& t) {
         t.tensors["model.layers.0.self_attn.k_proj.weight"] = TestTensor::Of("F32", {8, 4});
       },
       "has shape [8, 4]: the configuration implies [4, 8]"},
      {"rank",
       [](TinyLlama& t) {
         t.tensors["model.norm.weight"] = TestTensor::Of("F32", {8, 1});
       },
       "has shape [8, 1]: the configuration implies [8]"},
      {"dtype",
       [](TinyLlama& t) {
         TestTensor& norm = t.tensors["model.norm.weight"];
         norm.dtype = "I64";
         norm.bytes += norm.bytes;
       },
       "tensor 'model.norm.weight' has dtype I64: only F32, F16, BF16, F64 are read"},
  };
  for (const Change& change : changes) {
    const TempFolder folder;
    TinyLlama tiny;
    change.change(tiny);
    EXPECT_ERROR(Open(tiny, folder), change.error) << change.name;
  }
}

/// The same model in two shards.
void WriteShards(const TempFolder& folder, const std::function<void(Json& index)>& edit = {}) {
  const TinyLlama tiny;
  tiny.Write(folder.path());
  std::map<std::string, TestTensor> first, second;
  Json map = Json::object();
  for (const auto& [name, tensor] : tiny.tensors) {
    const bool early = first.size() < 7;
    (early ? first : second)[name] = tensor;
    map[name] = early ? "a.safetensors" : "b.safetensors";
  }
  Json index = {{"metadata", Json::object()}, {"weight_map", map}};
  if (edit) edit(index);
  std::filesystem::remove(folder.File("model.safetensors"));
  WriteFile(folder.File("a.safetensors"), testing::Safetensors(first));
  WriteFile(folder.File("b.safetensors"), testing::Safetensors(second));
  WriteFile(folder.File("model.safetensors.index.json"), index.dump());
}

TEST(HuggingFace, ShardsAreOneModel) {
  const TempFolder folder;
  WriteShards(folder);
  const auto checkpoint = OpenCheckpoint(folder.path(), {});
  EXPECT_EQ(checkpoint->files.size(), 2u);
  EXPECT_EQ(checkpoint->tensors.size(), 2u * 9 + 3);
}

TEST(HuggingFace, AHostileIndexIsAnError) {
  const struct {
    const char* name;
    std::function<void(Json& index)> edit;
    const char* error;
  } cases[] = {
      {"none", [](Json& index) { index.erase("weight_map"); }, "has no weight_map object"},
      {"list", [](Json& index) { index["weight_map"] = Json::array(); }, "no weight_map object"},
      {"array", [](Json& index) { index = Json::array(); }, "has no weight_map object"},
      {"number", [](Json& index) { index["weight_map"]["model.norm.weight"] = 3; },
       "weight_map['model.norm.weight'] is not a file name"},
      {"up", [](Json& index) { index["weight_map"]["x"] = "../a.safetensors"; },
       "names the file '../a.safetensors', which is not beside the index"},
      {"absolute", [](Json& index) { index["weight_map"]["x"] = "/etc/passwd"; },
       "which is not beside the index"},
      {"dots", [](Json& index) { index["weight_map"]["x"] = ".."; }, "not beside the index"},
      {"empty", [](Json& index) { index["weight_map"]["x"] = ""; }, "not beside the index"},
      {"nul", [](Json& index) { index["weight_map"]["x"] = std::string("a\0b", 3); },
       "not beside the index"},
      {"absent", [](Json& index) { index["weight_map"]["x"] = "c.safetensors"; },
       "shard 3 of 3 is missing"},
      {"moved", [](Json& index) { index["weight_map"]["model.norm.weight"] = "a.safetensors"; },
       "tensor 'model.norm.weight' is not in this file"},
      {"unlisted", [](Json& index) { index["weight_map"].erase("model.norm.weight"); },
       "tensor 'model.norm.weight' is in this file, but not so in"},
  };
  for (const auto& bad : cases) {
    const TempFolder folder;
    WriteShards(folder, bad.edit);
    EXPECT_ERROR(OpenCheckpoint(folder.path(), {}), bad.error) << bad.name;
  }
}

TEST(HuggingFace, ATensorInTwoShardsIsAnError) {
  const TempFolder folder;
  WriteShards(folder, [](Json& index) { index["weight_map"]["lm_head.weight"] = "c.safetensors"; });
  std::filesystem::copy_file(folder.File("a.safetensors"), folder.File("c.safetensors"));
  EXPECT_THAT(ErrorOf([&] { OpenCheckpoint(folder.path(), {}); }), ::testing::HasSubstr("lm_head"));
}

TEST(OpenCheckpoint, SaysWhatAPathIsInstead) {
  const TempFolder folder;
  const auto file = [&](const char* name, const std::string& bytes) {
    WriteFile(folder.File(name), bytes);
    return ErrorOf([&] { OpenCheckpoint(folder.File(name), {}); });
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(file("cat.png", "\x89PNG\r\n\x1a\n...."),
              HasSubstr("cat.png: looks like a PNG image; expected a Hugging Face folder"));
  EXPECT_THAT(file("m.gguf", "GGUF\3\0\0\0"), HasSubstr("m.gguf: "));
  EXPECT_THAT(file("pytorch_model.bin", "PK\x03\x04...."), HasSubstr("a PyTorch checkpoint"));
  EXPECT_THAT(file("old.pt", "\x80\x02}q\x01."), HasSubstr("a Python pickle"));
  EXPECT_THAT(file("empty", ""), HasSubstr("an empty file"));
  EXPECT_THAT(file("model.safetensors", testing::Safetensors({})),
              HasSubstr("a safetensors file; name the folder that holds it"));
  EXPECT_ERROR(OpenCheckpoint(folder.path(), {}), "this folder has no config.json; expected");
  EXPECT_ERROR(OpenCheckpoint(folder.File("nowhere"), {}), "no such file or folder");
}

TEST(HuggingFace, AFolderWithoutSafetensorsSaysWhatItHas) {
  const TempFolder folder;
  TinyLlama().Write(folder.path());
  std::filesystem::remove(folder.File("model.safetensors"));
  EXPECT_ERROR(OpenCheckpoint(folder.path(), {}), "has neither model.safetensors nor");
  WriteFile(folder.File("pytorch_model.bin"), "x");
  EXPECT_ERROR(OpenCheckpoint(folder.path(), {}), "pytorch_model.bin: weights in this format");
}

TEST(HuggingFace, TheFixturesOpen) {
  for (const char* name : quanta::testing::kCheckpoints) {
    const auto checkpoint = OpenCheckpoint(std::string(QUANTA_TEST_DATA "/hf/") + name, {});
    EXPECT_THAT(checkpoint->notes, ::testing::IsEmpty()) << name;
  }
}

TEST(HuggingFace, BothGenerationsOfTheSameModelHaveTheSameArchitecture) {
  int pairs = 0;
  for (const std::string name : quanta::testing::kCheckpoints) {
    if (!name.ends_with("_legacy")) continue;
    ++pairs;
    const std::string folder = QUANTA_TEST_DATA "/hf/";
    const std::string stem =
        name.substr(0, name.find(name.find("_bf16") != name.npos ? "_bf16" : "_f16"));
    const auto fresh = OpenCheckpoint(folder + stem, {});
    const auto legacy = OpenCheckpoint(folder + name, {});
    const format::Architecture &a = fresh->architecture, &b = legacy->architecture;
    EXPECT_EQ(fresh->inv_freqs, legacy->inv_freqs) << name;
    ASSERT_EQ(a.layers.size(), b.layers.size()) << name;
    for (size_t i = 0; i < a.layers.size(); ++i) {
      EXPECT_EQ(a.layers[i].window, b.layers[i].window) << name << " layer " << i;
      EXPECT_EQ(a.layers[i].rope, b.layers[i].rope) << name << " layer " << i;
    }
    EXPECT_EQ(a.head_dim, b.head_dim);
    EXPECT_EQ(a.attention_scale, b.attention_scale);
    EXPECT_EQ(a.embedding_scale, b.embedding_scale);
    EXPECT_EQ(a.context, b.context);
    EXPECT_EQ(fresh->tensors.size(), legacy->tensors.size());
    EXPECT_NE(legacy->tensors[0].dtype, "F32");
  }
  EXPECT_EQ(pairs, 5);
}

}  // namespace
}  // namespace quanta::converter
