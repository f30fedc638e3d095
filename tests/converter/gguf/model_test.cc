// SPDX-License-Identifier: MIT
//
// Models of every architecture, put in GGUF files by the conventions of llama.cpp's
// converter as written down here, read back as what Hugging Face's checkpoint is read as.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "converter/readers/reader.h"
#include "tests/converter/checkpoint_builder.h"
#include "tests/converter/error_matchers.h"
#include "tests/converter/gguf/builder.h"

namespace quanta::converter {
namespace {

using format::Role;
using testing::GgufBuilder;
using testing::TempFolder;

const std::map<Role, const char*> kNames = {
    {Role::kEmbedding, "token_embd.weight"},
    {Role::kHead, "output.weight"},
    {Role::kFinalNorm, "output_norm.weight"},
    {Role::kAttentionNorm, "attn_norm.weight"},
    {Role::kQ, "attn_q.weight"},
    {Role::kQBias, "attn_q.bias"},
    {Role::kK, "attn_k.weight"},
    {Role::kKBias, "attn_k.bias"},
    {Role::kV, "attn_v.weight"},
    {Role::kVBias, "attn_v.bias"},
    {Role::kQNorm, "attn_q_norm.weight"},
    {Role::kKNorm, "attn_k_norm.weight"},
    {Role::kO, "attn_output.weight"},
    {Role::kAttentionPostNorm, "post_attention_norm.weight"},
    {Role::kFfnNorm, "ffn_norm.weight"},
    {Role::kGate, "ffn_gate.weight"},
    {Role::kUp, "ffn_up.weight"},
    {Role::kDown, "ffn_down.weight"},
    {Role::kFfnPostNorm, "post_ffw_norm.weight"},
};

std::vector<float> Numbers(const SourceTensor& tensor) {
  std::vector<float> numbers(tensor.count());
  tensor.source->Read(0, tensor.rows, numbers.data());
  return numbers;
}

/// Rows of a head as [pairs][2] instead of [2][pairs].
std::vector<float> Interleave(const std::vector<float>& rows, size_t columns, size_t head_dim) {
  std::vector<float> out;
  const size_t pairs = head_dim / 2, heads = rows.size() / columns / head_dim;
  for (size_t head = 0; head < heads; ++head) {
    for (size_t pair = 0; pair < pairs; ++pair) {
      for (size_t half = 0; half < 2; ++half) {
        const size_t row = head * head_dim + half * pairs + pair;
        out.insert(out.end(), rows.begin() + static_cast<std::ptrdiff_t>(row * columns),
                   rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * columns));
      }
    }
  }
  return out;
}

struct Model {
  const char* fixture;
  const char* architecture;
  bool interleaved;
};

std::string Fixture(const std::string& name) { return QUANTA_TEST_DATA "/hf/" + name; }

/// The matrices below each other that this one belongs to; empty: it stands alone.
std::string FusedName(Role role) {
  if (role == Role::kQ || role == Role::kK || role == Role::kV) return "attn_qkv.weight";
  return role == Role::kGate || role == Role::kUp ? "ffn_up.weight" : "";
}

/// The last norm goes to `rest`, another part, if there is one.
void AddTensors(const Checkpoint& hf, const Model& model, GgufBuilder* gguf, GgufBuilder* rest) {
  const bool fused = std::string(model.architecture) == "phi3";
  std::map<std::string, std::pair<std::vector<float>, uint32_t>> together;
  for (const SourceTensor& tensor : hf.tensors) {
    const std::string layer = tensor.layer < 0 ? "" : "blk." + std::to_string(tensor.layer) + ".";
    std::vector<float> numbers = Numbers(tensor);
    const bool turned = tensor.role == Role::kQ || tensor.role == Role::kK;
    if (turned && model.interleaved) {
      numbers = Interleave(numbers, tensor.columns, hf.architecture.head_dim);
    }
    if (const std::string name = FusedName(tensor.role); fused && !name.empty()) {
      auto& [all, columns] = together[layer + name];
      all.insert(all.end(), numbers.begin(), numbers.end());
      columns = tensor.columns;
      continue;
    }
    std::vector<uint64_t> shape = {tensor.columns};
    const bool vector = tensor.rows == 1 && tensor.role != Role::kEmbedding;
    if (!vector) shape.insert(shape.begin(), tensor.rows);
    GgufBuilder* const part = tensor.role == Role::kFinalNorm && rest != nullptr ? rest : gguf;
    part->TensorF32(layer + kNames.at(tensor.role), shape, numbers);
  }
  for (const auto& [name, fusion] : together) {
    gguf->TensorF32(name, {fusion.first.size() / fusion.second, fusion.second}, fusion.first);
  }
}

/// What divides the frequencies, by Llama 3's rule.
std::vector<float> Llama3Factors(size_t head_dim, const Json& rule) {
  const double factor = rule["factor"], low = rule["low_freq_factor"],
               high = rule["high_freq_factor"], original = rule["original_max_position_embeddings"],
               theta = rule["rope_theta"];
  std::vector<float> factors;
  for (size_t i = 0; i < head_dim; i += 2) {
    const double wave =
        2 * M_PI * std::pow(theta, static_cast<double>(i) / static_cast<double>(head_dim));
    double one = 1;
    if (wave > original / low) {
      one = factor;
    } else if (wave > original / high) {
      const double smooth = (original / wave - low) / (high - low);
      one = 1 / ((1 - smooth) / factor + smooth);
    }
    factors.push_back(static_cast<float>(one));
  }
  return factors;
}

/// The settings and tensors of a fixture.
GgufBuilder Gguf(const Checkpoint& hf, const Model& model, GgufBuilder* rest = nullptr) {
  const Json config = ReadJson(Fixture(model.fixture) + "/config.json");
  const format::Architecture& a = hf.architecture;
  const std::string prefix = std::string(model.architecture) + ".";
  GgufBuilder gguf;
  gguf.Text("general.architecture", model.architecture).Text("general.license", "mit");
  gguf.Count(prefix + "context_length", a.context).Count(prefix + "embedding_length", a.hidden);
  gguf.Count(prefix + "block_count", static_cast<uint32_t>(a.layers.size()));
  gguf.Count(prefix + "feed_forward_length", a.ffn);
  gguf.Count(prefix + "attention.head_count", a.heads);
  gguf.Count(prefix + "attention.head_count_kv", a.kv_heads);
  gguf.Count(prefix + "attention.key_length", a.head_dim);
  gguf.Count(prefix + "attention.value_length", a.head_dim);
  gguf.Count(prefix + "rope.dimension_count", a.head_dim);
  gguf.Float(prefix + "attention.layer_norm_rms_epsilon", config["rms_norm_eps"].get<float>());
  const Json rope = config["rope_parameters"];
  const Json global = rope.contains("full_attention") ? rope["full_attention"] : rope;
  gguf.Float(prefix + "rope.freq_base", global["rope_theta"].get<float>());
  if (config.contains("sliding_window") && !config["sliding_window"].is_null()) {
    gguf.Count(prefix + "attention.sliding_window", config["sliding_window"].get<uint32_t>());
  }
  if (config.contains("layer_types") && std::string_view(model.architecture) == "gemma3") {
    const Json& types = config["layer_types"];
    const auto full = std::find(types.begin(), types.end(), "full_attention");
    gguf.Count(prefix + "attention.sliding_window_pattern",
               static_cast<uint32_t>(full - types.begin()) + 1);
  }
  if (global["rope_type"] == "llama3") {
    gguf.Count(prefix + "rope.scaling.original_context_length",
               global["original_max_position_embeddings"].get<uint32_t>());
    const auto factors = Llama3Factors(a.head_dim, global);
    gguf.TensorF32("rope_freqs.weight", {factors.size()}, factors);
  }
  AddTensors(hf, model, &gguf, rest);
  return gguf;
}

std::unique_ptr<Checkpoint> Open(const GgufBuilder& gguf, const TempFolder& folder) {
  const std::string path = folder.File("m.bin");  // the content tells, not the name
  testing::WriteFile(path, gguf.Bytes());
  return OpenCheckpoint(path, {});
}

void ExpectSameArchitecture(const format::Architecture& a, const format::Architecture& b) {
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.vocab, b.vocab);
  EXPECT_EQ(a.hidden, b.hidden);
  EXPECT_EQ(a.heads, b.heads);
  EXPECT_EQ(a.kv_heads, b.kv_heads);
  EXPECT_EQ(a.head_dim, b.head_dim);
  EXPECT_EQ(a.ffn, b.ffn);
  EXPECT_EQ(a.context, b.context);
  EXPECT_EQ(a.norm_eps, b.norm_eps);
  EXPECT_EQ(a.activation, b.activation);
  EXPECT_EQ(a.attention_scale, b.attention_scale);
  EXPECT_EQ(a.embedding_scale, b.embedding_scale);
  EXPECT_EQ(a.attention_softcap, b.attention_softcap);
  EXPECT_EQ(a.logit_softcap, b.logit_softcap);
  ASSERT_EQ(a.ropes.size(), b.ropes.size());
  for (size_t i = 0; i < a.ropes.size(); ++i) {
    EXPECT_EQ(a.ropes[i].magnitude, b.ropes[i].magnitude);
    EXPECT_EQ(a.ropes[i].pairing, b.ropes[i].pairing);
    ASSERT_EQ(a.ropes[i].inv_freq.size(), b.ropes[i].inv_freq.size());
    for (size_t j = 0; j < a.ropes[i].inv_freq.size(); ++j) {
      EXPECT_EQ(a.ropes[i].inv_freq[j], b.ropes[i].inv_freq[j]) << i << " " << j;
    }
  }
  ASSERT_EQ(a.layers.size(), b.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].window, b.layers[i].window) << i;
    EXPECT_EQ(a.layers[i].rope, b.layers[i].rope) << i;
  }
}

void PrintTo(const Model& model, std::ostream* out) { *out << model.fixture; }

class GgufModels : public ::testing::TestWithParam<Model> {};

TEST_P(GgufModels, ReadAsTheSameModelInHuggingFacesFormat) {
  const auto hf = OpenCheckpoint(Fixture(GetParam().fixture), {});
  const TempFolder folder;
  const auto gguf = Open(Gguf(*hf, GetParam()), folder);
  EXPECT_EQ(gguf->source_format, "gguf");
  EXPECT_EQ(gguf->license, "mit");
  ExpectSameArchitecture(gguf->architecture, hf->architecture);
  std::map<std::pair<Role, int32_t>, const SourceTensor*> found;
  for (const SourceTensor& tensor : gguf->tensors) found[{tensor.role, tensor.layer}] = &tensor;
  EXPECT_EQ(gguf->tensors.size(), hf->tensors.size());
  for (const SourceTensor& expected : hf->tensors) {
    const SourceTensor* tensor = found[{expected.role, expected.layer}];
    ASSERT_NE(tensor, nullptr) << expected.name;
    ASSERT_EQ(tensor->rows, expected.rows) << expected.name;
    ASSERT_EQ(tensor->columns, expected.columns) << expected.name;
    EXPECT_EQ(tensor->matrix, expected.matrix) << expected.name;
    EXPECT_EQ(Numbers(*tensor), Numbers(expected)) << expected.name;
  }
}

constexpr Model kLlama = {"llama_untied", "llama", true};

INSTANTIATE_TEST_SUITE_P(
    Fixtures, GgufModels,
    ::testing::Values(kLlama, Model{"llama_tied", "llama", true},
                      Model{"llama3_rope", "llama", true}, Model{"mistral_sw", "llama", true},
                      Model{"phi3", "phi3", false}, Model{"qwen2", "qwen2", false},
                      Model{"qwen3", "qwen3", false}, Model{"smollm3", "smollm3", true},
                      Model{"gemma3_text", "gemma3", false}),
    [](const auto& test) { return std::string(test.param.fixture); });

class LlamaInGguf : public ::testing::Test {
 protected:
  GgufBuilder Llama() const { return Gguf(*hf_, kLlama); }
  const std::unique_ptr<Checkpoint> hf_ = OpenCheckpoint(Fixture(kLlama.fixture), {});
  const TempFolder folder_;
};

TEST_F(LlamaInGguf, WhatChangesTheMathsAndIsNotKnownIsNamed) {
  EXPECT_ERROR(Open(Llama().Count("llama.expert_count", 8), folder_), "llama.expert_count");
  EXPECT_ERROR(Open(Llama().Float("llama.new_scale", 2), folder_), "llama.new_scale");
  EXPECT_ERROR(Open(Llama().Text("llama.rope.scaling.type", "dizzy"), folder_), "dizzy");
  EXPECT_ERROR(Open(Llama().TensorF32("blk.0.attn_sinks.weight", {4}, {1, 2, 3, 4}), folder_),
               "blk.0.attn_sinks.weight");
  EXPECT_ERROR(Open(Llama().TensorF32("blk.99.attn_q.weight", {1, 1}, {1}), folder_), "99");
  EXPECT_ERROR(Open(GgufBuilder().Text("general.architecture", "mamba"), folder_),
               "architecture mamba is not supported; supported: llama, qwen2, qwen3, smollm3, "
               "phi3, gemma3");
  EXPECT_ERROR(Open(GgufBuilder(), folder_), "general.architecture is missing");
  EXPECT_ERROR(Open(GgufBuilder().Text("general.type", "adapter"), folder_), "this is no model");
}

TEST_F(LlamaInGguf, AWindowMakesAMistralButNotOneOfZero) {
  const auto windowed = Open(Llama().Count("llama.attention.sliding_window", 16), folder_);
  EXPECT_EQ(windowed->architecture.family, "mistral");
  EXPECT_EQ(windowed->architecture.layers[0].window, 16u);
  const auto none = Open(Llama().Count("llama.attention.sliding_window", 0), folder_);
  EXPECT_EQ(none->architecture.family, "llama");
  EXPECT_EQ(none->architecture.layers[0].window, 0u);
}

TEST_F(LlamaInGguf, SettingsThatDoNotFitAreNamed) {
  EXPECT_ERROR(Open(GgufBuilder().Text("general.architecture", "llama"), folder_),
               "token_embd.weight");
  EXPECT_ERROR(Open(Llama().Count("llama.vocab_size", 5), folder_), "llama.vocab_size");
}

TEST_F(LlamaInGguf, PartsAreReadTogetherAndNoneIsMissing) {
  GgufBuilder second;
  GgufBuilder first = Gguf(*hf_, kLlama, &second);
  const auto part = [&](int i) {
    return folder_.File("m-0000" + std::to_string(i) + "-of-00002.gguf");
  };
  first.Setting("split.count", 2, testing::Raw(uint16_t{2}));
  first.Setting("split.no", 2, testing::Raw(uint16_t{0}));
  second.Setting("split.count", 2, testing::Raw(uint16_t{2}));
  second.Setting("split.no", 2, testing::Raw(uint16_t{1}));
  testing::WriteFile(part(1), first.Bytes());
  EXPECT_ERROR(OpenCheckpoint(part(1), {}), "m-00002-of-00002.gguf");
  testing::WriteFile(part(2), second.Bytes());
  EXPECT_EQ(OpenCheckpoint(part(1), {})->tensors.size(), hf_->tensors.size());
  EXPECT_ERROR(OpenCheckpoint(part(2), {}), "is part 2 of 2; name the first one");
  second.TensorF32("blk.0.attn_sinks.weight", {1}, {1});
  testing::WriteFile(part(2), second.Bytes());
  EXPECT_ERROR(OpenCheckpoint(part(1), {}), "blk.0.attn_sinks.weight");
  std::filesystem::rename(part(1), folder_.File("x.gguf"));
  EXPECT_ERROR(OpenCheckpoint(folder_.File("x.gguf"), {}), "is the first of 2 parts");
}

}  // namespace
}  // namespace quanta::converter
