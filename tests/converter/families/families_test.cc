// SPDX-License-Identifier: MIT
//
// What each family makes of its config.json: the numbers that the checkpoints' authors had
// in mind, transformers' defaults for what is not said, and errors for the rest.
#include <cmath>
#include <functional>

#include "converter/families/family.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

using format::Role;
using format::RoleBit;

/// A config.json of the smallest kind: sizes only.
Json Sizes(const char* architecture) {
  return {{"architectures", {architecture}}, {"vocab_size", 64},       {"hidden_size", 32},
          {"intermediate_size", 48},         {"num_hidden_layers", 4}, {"num_attention_heads", 4},
          {"num_key_value_heads", 2},        {"hidden_act", "silu"}};
}

struct Configured {
  Checkpoint checkpoint;
  OptionalRoles roles;
  const Family* family;
  const format::Architecture& a() const { return checkpoint.architecture; }
  std::vector<uint32_t> Windows() const {
    std::vector<uint32_t> windows;
    for (const format::Layer& layer : a().layers) windows.push_back(layer.window);
    return windows;
  }
  std::vector<int32_t> Ropes() const {
    std::vector<int32_t> ropes;
    for (const format::Layer& layer : a().layers) ropes.push_back(layer.rope);
    return ropes;
  }
};

std::unique_ptr<Configured> Configure(const Json& json) {
  auto result = std::make_unique<Configured>();
  Config config(ParseJson(json.dump(), "config.json"), "config.json");
  result->family = &FindFamily(config);
  result->checkpoint.family = result->family->name;
  TensorSet none("config.json");
  result->roles = result->family->configure({config, none, {}}, &result->checkpoint);
  return result;
}

Json With(Json json, const Json& changes) {
  json.update(changes);
  return json;
}

TEST(Mistral, EveryLayerHasTheWindowAndNullMeansNone) {
  const Json sizes = Sizes("MistralForCausalLM");
  EXPECT_EQ(Configure(With(sizes, {{"sliding_window", 16}}))->Windows(),
            std::vector<uint32_t>(4, 16));
  EXPECT_EQ(Configure(With(sizes, {{"sliding_window", nullptr}}))->Windows(),
            std::vector<uint32_t>(4, 0));
  // transformers' class has a window where the file says nothing.
  EXPECT_EQ(Configure(sizes)->Windows(), std::vector<uint32_t>(4, 4096));
}

TEST(Mistral, AHeadsWidthMayBeItsOwnNumber) {
  const auto mistral = Configure(With(Sizes("MistralForCausalLM"), {{"head_dim", 16}}));
  EXPECT_EQ(mistral->a().head_dim, 16u);
  EXPECT_FLOAT_EQ(mistral->a().attention_scale, 0.25f);
}

TEST(Qwen2, HasBiasesOnQueriesKeysAndValuesOnly) {
  const auto qwen = Configure(Sizes("Qwen2ForCausalLM"));
  EXPECT_EQ(qwen->roles.layer,
            RoleBit(Role::kQBias) | RoleBit(Role::kKBias) | RoleBit(Role::kVBias));
  EXPECT_EQ(qwen->roles.model, RoleBit(Role::kHead));
  EXPECT_EQ(qwen->a().context, 32768u);
}

TEST(Qwen2, LayersFromMaxWindowLayersOnSeeAWindowIfItIsSwitchedOn) {
  const Json sizes = With(Sizes("Qwen2ForCausalLM"), {{"sliding_window", 8}});
  EXPECT_EQ(Configure(sizes)->Windows(), std::vector<uint32_t>(4, 0));
  const Json on = With(sizes, {{"use_sliding_window", true}});
  EXPECT_EQ(Configure(on)->Windows(), std::vector<uint32_t>(4, 0));  // from layer 28 on
  EXPECT_EQ(Configure(With(on, {{"max_window_layers", 1}}))->Windows(),
            (std::vector<uint32_t>{0, 8, 8, 8}));
  EXPECT_EQ(Configure(With(on, {{"max_window_layers", 0}}))->Windows(),
            std::vector<uint32_t>(4, 8));
  const Json listed =
      With(on, {{"layer_types",
                 {"full_attention", "sliding_attention", "full_attention", "sliding_attention"}}});
  EXPECT_EQ(Configure(listed)->Windows(), (std::vector<uint32_t>{0, 8, 0, 8}));
  EXPECT_ERROR(Configure(With(listed, {{"use_sliding_window", false}})),
               "layer_types has sliding_attention, but use_sliding_window");
}

TEST(Qwen3, NormsHeadsWhoseWidthIs128UnlessSaid) {
  const auto qwen = Configure(Sizes("Qwen3ForCausalLM"));
  EXPECT_EQ(qwen->roles.layer, RoleBit(Role::kQNorm) | RoleBit(Role::kKNorm));
  EXPECT_EQ(qwen->a().head_dim, 128u);
  const auto biased = Configure(With(Sizes("Qwen3ForCausalLM"), {{"attention_bias", true}}));
  EXPECT_TRUE((biased->roles.layer & RoleBit(Role::kOBias)) != 0);
}

TEST(SmolLm3, EveryFourthLayerDoesNotRotateUnlessListed) {
  const Json sizes = Sizes("SmolLM3ForCausalLM");
  EXPECT_EQ(Configure(sizes)->Ropes(), (std::vector<int32_t>{0, 0, 0, -1}));
  EXPECT_EQ(Configure(With(sizes, {{"no_rope_layer_interval", 2}}))->Ropes(),
            (std::vector<int32_t>{0, -1, 0, -1}));
  EXPECT_EQ(Configure(With(sizes, {{"no_rope_layers", {0, 1, 1, 0}}}))->Ropes(),
            (std::vector<int32_t>{-1, 0, 0, -1}));
  EXPECT_EQ(Configure(sizes)->roles.model, 0u);  // tied unless said
  EXPECT_FLOAT_EQ(Configure(sizes)->a().ropes[0].inv_freq[2],
                  static_cast<float>(1 / std::sqrt(2e6)));
  EXPECT_ERROR(Configure(With(sizes, {{"no_rope_layers", {1, 1}}})), "must have 4 entries");
  EXPECT_ERROR(Configure(With(sizes, {{"no_rope_layers", {1, 1, 2, 0}}})), "ones and zeros");
}

TEST(SmolLm3, LayersThatDoNotRotateAreThoseThatSlide) {
  const Json json =
      With(Sizes("SmolLM3ForCausalLM"), {{"use_sliding_window", true}, {"sliding_window", 8}});
  EXPECT_EQ(Configure(json)->Windows(), (std::vector<uint32_t>{0, 0, 0, 8}));
}

TEST(Phi3, RotatesAPartOfAHead) {
  const auto phi = Configure(With(Sizes("Phi3ForCausalLM"), {{"partial_rotary_factor", 0.5}}));
  EXPECT_EQ(phi->a().ropes[0].inv_freq.size(), 2u);
  EXPECT_FLOAT_EQ(phi->a().norm_eps, 1e-5f);
}

TEST(Phi3, AStretchedContextEndsWhereTheFrequenciesChange) {
  const auto phi = Configure(With(
      Sizes("Phi3ForCausalLM"),
      {{"max_position_embeddings", 4096},
       {"original_max_position_embeddings", 1024},
       {"rope_scaling",
        {{"type", "longrope"}, {"short_factor", {1, 2, 3, 4}}, {"long_factor", {5, 6, 7, 8}}}}}));
  EXPECT_EQ(phi->a().context, 1024u);
  EXPECT_FLOAT_EQ(phi->a().ropes[0].inv_freq[0], 1.0f);
  EXPECT_FLOAT_EQ(phi->a().ropes[0].magnitude,
                  static_cast<float>(std::sqrt(1 + std::log(4.0) / std::log(1024.0))));
  ASSERT_EQ(phi->checkpoint.notes.size(), 1u);
  EXPECT_THAT(phi->checkpoint.notes[0], ::testing::HasSubstr("the context is 1024 positions"));
}

TEST(Gemma3, HasItsScalesNormsWindowsAndTwoRotations) {
  Json json = Sizes("Gemma3ForCausalLM");
  json["hidden_size"] = 100;
  json["head_dim"] = 8;
  json["query_pre_attn_scalar"] = 16;
  json["sliding_window"] = 8;
  json["sliding_window_pattern"] = 2;
  json["final_logit_softcapping"] = 30.0;
  const auto gemma = Configure(json);
  const format::Architecture& a = gemma->a();
  EXPECT_EQ(a.embedding_scale, 10.0f);
  EXPECT_EQ(a.attention_scale, 0.25f);
  EXPECT_EQ(a.logit_softcap, 30.0f);
  EXPECT_EQ(a.attention_softcap, 0.0f);
  EXPECT_EQ(a.norm_placement, format::NormPlacement::kSandwich);
  EXPECT_EQ(a.activation, format::Activation::kGeluTanh);
  EXPECT_EQ(gemma->Windows(), (std::vector<uint32_t>{8, 0, 8, 0}));
  EXPECT_EQ(gemma->Ropes(), (std::vector<int32_t>{1, 0, 1, 0}));
  EXPECT_FLOAT_EQ(a.ropes[0].inv_freq[2], 1e-3f);  // 1e6^(-1/2)
  EXPECT_FLOAT_EQ(a.ropes[1].inv_freq[2], 1e-2f);  // 1e4^(-1/2)
  EXPECT_EQ(gemma->roles.model, 0u);
}

TEST(Gemma3, ScalesTheGlobalRotationOnly) {
  Json json = Sizes("Gemma3ForCausalLM");
  json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 8.0}};
  const auto gemma = Configure(json);
  EXPECT_EQ(gemma->a().ropes[0].inv_freq[0], 0.125f);
  EXPECT_EQ(gemma->a().ropes[1].inv_freq[0], 1.0f);
}

TEST(Families, ASettingThatChangesTheMathematicsIsAnError) {
  const struct {
    const char* architecture;
    Json change;
    const char* error;
  } cases[] = {
      {"LlamaForCausalLM", {{"use_sliding_window", true}}, "use_sliding_window is true"},
      {"MistralForCausalLM", {{"sliding_window", 0}}, "sliding_window must be"},
      {"Qwen2ForCausalLM", {{"layer_types", {"full_attention"}}}, "must name the kind of 4 layers"},
      {"Qwen3ForCausalLM",
       {{"layer_types", {"full_attention", "full_attention", "full_attention", "chunked"}}},
       "layer_types has kinds other than"},
      {"Phi3ForCausalLM", {{"attention_bias", true}}, "attention_bias is true"},
      {"Phi3ForCausalLM", {{"partial_rotary_factor", 0.4}}, "cannot turn in pairs"},
      {"Gemma3ForCausalLM",
       {{"use_bidirectional_attention", true}},
       "use_bidirectional_attention is true"},
      {"Gemma3ForCausalLM", {{"query_pre_attn_scalar", -1}}, "query_pre_attn_scalar must be"},
      {"Gemma3ForCausalLM", {{"attn_logit_softcapping", -2.0}}, "attn_logit_softcapping must be"},
      {"Gemma3ForCausalLM",
       {{"rope_parameters",
         {{"full_attention", {{"rope_type", "default"}}},
          {"chunked", {{"rope_type", "default"}}}}}},
       "unknown setting rope_parameters.chunked"},
      {"Qwen3ForCausalLM", {{"partial_rotary_factor", 0.5}}, "partial_rotary_factor is 0.5"},
      {"SmolLM3ForCausalLM", {{"flux", 1}}, "unknown setting flux = 1"},
  };
  for (const auto& bad : cases) {
    const Json json = With(Sizes(bad.architecture), bad.change);
    Config config(ParseJson(json.dump(), "config.json"), "config.json");
    Checkpoint checkpoint;
    TensorSet none("model");
    EXPECT_ERROR(BuildCheckpoint(FindFamily(config), {config, none, {}}, &checkpoint), bad.error)
        << bad.architecture << bad.change;
  }
}

/// Configs that use what each family has, to be described and read again.
const Json kDescribed[] = {
    With(Sizes("LlamaForCausalLM"), {{"attention_bias", true},
                                     {"tie_word_embeddings", true},
                                     {"rope_scaling",
                                      {{"rope_type", "llama3"},
                                       {"factor", 8.0},
                                       {"low_freq_factor", 1.0},
                                       {"high_freq_factor", 4.0},
                                       {"original_max_position_embeddings", 64}}}}),
    With(Sizes("MistralForCausalLM"), {{"sliding_window", 16}, {"head_dim", 16}}),
    With(Sizes("MistralForCausalLM"), {{"sliding_window", nullptr}, {"rope_theta", 1e6}}),
    With(Sizes("Qwen2ForCausalLM"),
         {{"use_sliding_window", true}, {"sliding_window", 8}, {"max_window_layers", 2}}),
    With(Sizes("Qwen3ForCausalLM"), {{"head_dim", 12}, {"rms_norm_eps", 1e-5}}),
    With(Sizes("SmolLM3ForCausalLM"), {{"no_rope_layers", {1, 0, 1, 1}}, {"mlp_bias", true}}),
    With(Sizes("Phi3ForCausalLM"),
         {{"max_position_embeddings", 4096},
          {"original_max_position_embeddings", 1024},
          {"partial_rotary_factor", 0.5},
          {"rope_scaling",
           {{"type", "longrope"}, {"short_factor", {1, 2}}, {"long_factor", {5, 6}}}}}),
    With(Sizes("Gemma3ForCausalLM"), {{"head_dim", 8},
                                      {"sliding_window", 8},
                                      {"sliding_window_pattern", 2},
                                      {"query_pre_attn_scalar", 168},
                                      {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8}}}}),
};

TEST(DescribeConfig, GivesTheSameArchitectureAgain) {
  for (const Json& json : kDescribed) {
    const auto first = Configure(json);
    const Json described = DescribeConfig(*first->family, first->a(), first->roles);
    Config strict(ParseJson(described.dump(), "config.json"), "config.json");
    Checkpoint again;
    TensorSet none("model");
    EXPECT_ERROR(BuildCheckpoint(FindFamily(strict), {strict, none, {}}, &again),
                 "embed_tokens.weight' is missing")
        << described;  // every setting was understood: only the tensors are missing
    EXPECT_EQ(again.inv_freqs, first->checkpoint.inv_freqs) << described;
    EXPECT_EQ(again.architecture.context, first->a().context);
    EXPECT_EQ(again.architecture.attention_scale, first->a().attention_scale) << described;
    EXPECT_EQ(DescribeConfig(*first->family, again.architecture, first->roles), described);
  }
}

TEST(DescribeConfig, WritesAWholeNumberWhereTransformersTakesNoOther) {
  const auto gemma =
      Configure(With(Sizes("Gemma3ForCausalLM"), {{"head_dim", 8}, {"query_pre_attn_scalar", 32}}));
  const Json described = DescribeConfig(*gemma->family, gemma->a(), gemma->roles);
  EXPECT_TRUE(described["query_pre_attn_scalar"].is_number_integer()) << described;
}

TEST(DescribeConfig, LeavesNoTokenToTheDefaultsOfTransformersClasses) {
  const auto phi = Configure(Sizes("Phi3ForCausalLM"));
  const Json described = DescribeConfig(*phi->family, phi->a(), phi->roles);
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    ASSERT_TRUE(described.contains(key)) << key;
    EXPECT_TRUE(described[key].is_null()) << key;
  }
}

TEST(DescribeConfig, RefusesWhatTheFamilyCannotExpress) {
  const struct {
    std::function<void(format::Architecture&)> change;
    const char* error;
  } cases[] = {
      {[](auto& a) { a.layers[1].window = 3; }, "sliding windows|windows that differ"},
      {[](auto& a) { a.norm = format::NormKind::kLayer; }, "layer norms"},
      {[](auto& a) { a.gated = false; }, "without gate"},
      {[](auto& a) { a.logit_softcap = 3; }, "all numbers"},
      {[](auto& a) { a.embedding_scale = 2; }, "all numbers"},
      {[](auto& a) { a.layers[2].rope = -1; }, "all numbers"},
      {[](auto& a) { a.ropes[0].rule = {}; }, "the rule of"},
      {[](auto& a) { a.ropes[0].magnitude = 2; }, "do not follow from the rule"},
      {[](auto& a) { a.ropes[0].pairing = format::RopePairing::kInterleaved; }, "interleaved"},
  };
  for (const auto& bad : cases) {
    const auto llama = Configure(Sizes("LlamaForCausalLM"));
    bad.change(llama->checkpoint.architecture);
    EXPECT_THAT(ErrorOf([&] { DescribeConfig(*llama->family, llama->a(), llama->roles); }),
                ::testing::ContainsRegex(bad.error));
  }
}

TEST(FullName, IsTheNameInTheFamilysCheckpoints) {
  EXPECT_EQ(FullName(kLlama, Role::kQ, 3), "model.layers.3.self_attn.q_proj.weight");
  EXPECT_EQ(FullName(kPhi3, Role::kUp, 0), "model.layers.0.mlp.gate_up_proj.weight");
  EXPECT_EQ(FullName(kGemma3, Role::kFfnNorm, 1),
            "model.layers.1.pre_feedforward_layernorm.weight");
  EXPECT_EQ(FullName(kLlama, Role::kHead, -1), "lm_head.weight");
  EXPECT_EQ(FullName(kLlama, Role::kPosition, -1), "");
}

}  // namespace
}  // namespace quanta::converter
