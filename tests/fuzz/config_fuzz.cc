// SPDX-License-Identifier: MIT
//
// Reads config.json files. What a family accepts must be an architecture in range, and if
// it can be described again, the description must mean the same. What is accepted with the
// tensors of a small Llama must fit those.
#include <cmath>
#include <cstring>
#include <string>

#include "converter/error.h"
#include "converter/families/family.h"
#include "quanta/check.h"
#include "tests/fuzz/fuzz.h"

namespace quanta {
namespace {

using converter::TensorSet;

constexpr uint64_t kVocab = 16, kHidden = 8, kFfn = 12, kKv = 4;

void Add(TensorSet* tensors, const std::string& name, std::vector<uint64_t> shape) {
  static const std::byte zeros[kVocab * kHidden * 4] = {};
  const auto columns = static_cast<uint32_t>(shape.back());
  tensors->Add(name + ".weight",
               {"fuzz", "F32", std::move(shape), zeros,
                converter::StoredRows(zeros, *converter::FindElementType("F32"), columns, false)});
}

TensorSet Tensors(bool head) {
  TensorSet tensors("fuzz");
  Add(&tensors, "model.embed_tokens", {kVocab, kHidden});
  for (const char* layer : {"model.layers.0.", "model.layers.1."}) {
    const std::string at(layer);
    Add(&tensors, at + "input_layernorm", {kHidden});
    Add(&tensors, at + "self_attn.q_proj", {kHidden, kHidden});
    Add(&tensors, at + "self_attn.k_proj", {kKv, kHidden});
    Add(&tensors, at + "self_attn.v_proj", {kKv, kHidden});
    Add(&tensors, at + "self_attn.o_proj", {kHidden, kHidden});
    Add(&tensors, at + "post_attention_layernorm", {kHidden});
    Add(&tensors, at + "mlp.gate_proj", {kFfn, kHidden});
    Add(&tensors, at + "mlp.up_proj", {kFfn, kHidden});
    Add(&tensors, at + "mlp.down_proj", {kHidden, kFfn});
  }
  Add(&tensors, "model.norm", {kHidden});
  if (head) Add(&tensors, "lm_head", {kVocab, kHidden});
  return tensors;
}

void CheckArchitecture(const format::Architecture& a) {
  QUANTA_CHECK(a.heads % a.kv_heads == 0 && a.head_dim >= 2 && a.context > 0);
  QUANTA_CHECK(a.layers.size() >= 1 && a.ropes.size() >= 1 && a.norm_eps > 0);
  for (const format::Rope& rope : a.ropes) {
    QUANTA_CHECK(std::isfinite(rope.magnitude) && rope.magnitude > 0);
    QUANTA_CHECK(!rope.inv_freq.empty() && rope.inv_freq.size() <= a.head_dim / 2);
    for (const float frequency : rope.inv_freq) {
      QUANTA_CHECK(std::isfinite(frequency) && frequency >= 0);
    }
  }
  for (const format::Layer& layer : a.layers) {
    QUANTA_CHECK(layer.rope >= -1 && layer.rope < static_cast<int64_t>(a.ropes.size()));
  }
}

/// Whether `use` takes the text; else its error is one for people.
template <class Body>
bool Accepts(const Body& use) {
  try {
    use();
    return true;
  } catch (const converter::Error& error) {
    const Code code = error.code();
    QUANTA_CHECK(code == Code::kCorrupt || code == Code::kUnsupported);
    return false;
  }
}

bool Configure(const std::string& text) {
  converter::Checkpoint checkpoint;
  converter::OptionalRoles roles;
  const converter::Family* family = nullptr;
  const bool accepted = Accepts([&] {
    converter::Config config(converter::ParseJson(text, "fuzz"), "fuzz");
    family = &converter::FindFamily(config);
    TensorSet none("fuzz");
    roles = family->configure({config, none, {}}, &checkpoint);
    config.RefuseUnread({});
  });
  if (!accepted) return false;
  CheckArchitecture(checkpoint.architecture);
  // It checks itself that its result means the same.
  Accepts([&] { converter::DescribeConfig(*family, checkpoint.architecture, roles); });
  return true;
}

bool Build(const std::string& text, bool head) {
  return Accepts([&] {
    converter::Config config(converter::ParseJson(text, "fuzz"), "fuzz");
    const converter::Family& family = converter::FindFamily(config);
    TensorSet tensors = Tensors(head);
    converter::Checkpoint checkpoint;
    BuildCheckpoint(family, {config, tensors, {}}, &checkpoint);
    const format::Architecture& a = checkpoint.architecture;
    QUANTA_CHECK(a.vocab == kVocab && a.hidden == kHidden && a.ffn == kFfn);
    QUANTA_CHECK(a.heads * a.head_dim == kHidden && a.kv_heads * a.head_dim == kKv);
    QUANTA_CHECK(a.layers.size() == 2);
  });
}

}  // namespace

namespace fuzz {

std::vector<Input> Seeds() {
  const std::string common =
      R"({"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":16,)"
      R"("hidden_size":8,"intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
      R"("num_key_value_heads":1,"head_dim":4,"hidden_act":"silu","rms_norm_eps":1e-05,)"
      R"("max_position_embeddings":64,"attention_bias":false,"mlp_bias":false,"dtype":"float32",)"
      R"("tie_word_embeddings":)";
  std::vector<Input> seeds;
  for (const char* rest :
       {R"(true,"rope_theta":10000.0,"rope_scaling":null})",
        R"(false,"rope_theta":1e4,"rope_scaling":{"type":"linear","factor":2.0}})",
        R"(true,"rope_parameters":{"rope_type":"llama3","rope_theta":500000.0,"factor":8.0,)"
        R"("low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":32}})",
        R"(true,"rope_parameters":{"rope_type":"yarn","factor":4.0,"beta_fast":32,"beta_slow":1,)"
        R"("mscale":1.0,"mscale_all_dim":0.5,"original_max_position_embeddings":32}})"}) {
    const std::string text = common + rest;
    seeds.emplace_back(text.begin(), text.end());
  }
  for (const char* text :
       {R"({"architectures":["MistralForCausalLM"],"vocab_size":16,"hidden_size":8,)"
        R"("intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
        R"("num_key_value_heads":1,"hidden_act":"silu","sliding_window":16})",
        R"({"architectures":["Qwen2ForCausalLM"],"vocab_size":16,"hidden_size":8,)"
        R"("intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
        R"("num_key_value_heads":1,"hidden_act":"silu","use_sliding_window":true,)"
        R"("sliding_window":8,"max_window_layers":1})",
        R"({"architectures":["SmolLM3ForCausalLM"],"vocab_size":16,"hidden_size":8,)"
        R"("intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
        R"("num_key_value_heads":1,"no_rope_layers":[1,0]})",
        R"({"architectures":["Phi3ForCausalLM"],"vocab_size":16,"hidden_size":8,)"
        R"("intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
        R"("rope_scaling":{"type":"longrope","short_factor":[1,2],"long_factor":[1,4]},)"
        R"("original_max_position_embeddings":64,"max_position_embeddings":256})",
        R"({"architectures":["Gemma3ForCausalLM"],"vocab_size":16,"hidden_size":8,)"
        R"("intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":2,)"
        R"("num_key_value_heads":1,"head_dim":4,"sliding_window":8,"sliding_window_pattern":2,)"
        R"("rope_local_base_freq":1e4,"query_pre_attn_scalar":4})"}) {
    seeds.emplace_back(text, text + std::strlen(text));
  }
  return seeds;
}

}  // namespace fuzz
}  // namespace quanta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  quanta::fuzz::accepted += quanta::Configure(text);
  quanta::fuzz::accepted += quanta::Build(text, false);
  quanta::fuzz::accepted += quanta::Build(text, true);
  return 0;
}
