// SPDX-License-Identifier: MIT
//
// The way back: from an architecture's numbers to a config.json.
#include <bit>
#include <cmath>

#include "converter/error.h"
#include "converter/families/common.h"
#include "converter/families/settings.h"

namespace quanta::converter {
namespace {

using format::Role;

/// Settings of a rotation as they were read. Throws if they are not there or do not give
/// these frequencies.
Json RuleOf(const format::Architecture& a, const format::Rope& rope) {
  if (rope.rule.empty()) CannotExpress("a rotation that the file does not state the rule of");
  Json rule = ParseJson(rope.rule, "the model's rotation");
  Config settings(rule, "the model's rotation");
  Config outer(Json::object(), "the model's rotation");
  const RopeTable table = MakeRope(
      settings, outer, {.head_dim = a.head_dim, .context = a.context, .partial = true}, {});
  const bool same = table.inv_freq.size() == rope.inv_freq.size() &&
                    std::equal(table.inv_freq.begin(), table.inv_freq.end(), rope.inv_freq.begin());
  if (!same || table.magnitude != rope.magnitude) {
    CannotExpress("a rotation whose frequencies do not follow from the rule that it states");
  }
  return rule;
}

/// rope_theta and rope_scaling: the keys that every version reads.
void DescribeRope(Json rule, Json* config) {
  (*config)["rope_theta"] = rule["rope_theta"];
  rule.erase("rope_theta");
  if (rule.contains("partial_rotary_factor")) {
    (*config)["partial_rotary_factor"] = rule["partial_rotary_factor"];
    rule.erase("partial_rotary_factor");
  }
  (*config)["rope_scaling"] = rule["rope_type"] == "default" ? Json() : rule;
}

void RequireCommon(const format::Architecture& a) {
  if (a.norm != format::NormKind::kRms) CannotExpress("layer norms");
  if (a.norm_placement == format::NormPlacement::kPost) CannotExpress("norms after the blocks");
  if (!a.final_norm) CannotExpress("a model without final norm");
  if (!a.gated) CannotExpress("a feed-forward block without gate");
  if (a.norm_eps_outside) CannotExpress("an epsilon outside the root");
  if (a.residual_scale != 1) CannotExpress("a residual scale");
  if (a.logit_scale != 1) CannotExpress("a logit scale");
  for (const format::Rope& rope : a.ropes) {
    if (rope.pairing != format::RopePairing::kHalf) CannotExpress("an interleaved rotation");
  }
}

}  // namespace

void CannotExpress(std::string_view what) {
  throw Error(Code::kUnsupported, "",
              "a Hugging Face checkpoint of this family cannot express " + std::string(what),
              "leave the model in its own format");
}

double Shortest(double value, double tolerance) {
  for (int digits = 1; digits < 12; ++digits) {
    const double rounded = std::stod(Format("%.*g", digits, value));
    if (std::abs(rounded - value) <= tolerance * std::abs(value)) return rounded;
  }
  return value;
}

uint32_t OneWindow(const format::Architecture& a) {
  for (const format::Layer& layer : a.layers) {
    if (layer.window != a.layers[0].window) CannotExpress("windows that differ between layers");
  }
  return a.layers[0].window;
}

uint32_t DescribeWindows(const format::Architecture& a, Json* config) {
  uint32_t window = 0;
  Json types = Json::array();
  for (const format::Layer& layer : a.layers) {
    types.push_back(layer.window == 0 ? "full_attention" : "sliding_attention");
    if (layer.window == 0) continue;
    if (window != 0 && window != layer.window) CannotExpress("two different windows");
    window = layer.window;
  }
  (*config)["layer_types"] = std::move(types);
  return window;
}

void DescribeSwitchedWindow(const format::Architecture& a, Json* config) {
  const uint32_t window = DescribeWindows(a, config);
  (*config)["use_sliding_window"] = window != 0;
  (*config)["sliding_window"] = window == 0 ? Json() : Json(window);
}

bool DescribeBiases(const OptionalRoles& roles, format::RoleSet set, std::string_view what) {
  const format::RoleSet there = roles.layer & set;
  if (there != 0 && there != set)
    CannotExpress("some " + std::string(what) + " without the others");
  return there != 0;
}

Json DescribeConfig(const Family& family, const format::Architecture& a,
                    const OptionalRoles& roles) {
  RequireCommon(a);
  Json config = {{"architectures", {family.architecture}},
                 {"model_type", family.model_type},
                 {"vocab_size", a.vocab},
                 {"hidden_size", a.hidden},
                 {"num_hidden_layers", a.layers.size()},
                 {"num_attention_heads", a.heads},
                 {"num_key_value_heads", a.kv_heads},
                 {"head_dim", a.head_dim},
                 {"intermediate_size", a.ffn},
                 {"max_position_embeddings", a.context},
                 // Else transformers' classes have ids of their own, which may lie outside.
                 {"bos_token_id", nullptr},
                 {"eos_token_id", nullptr},
                 {"pad_token_id", nullptr},
                 {"hidden_act", ActivationName(a.activation)},
                 {"rms_norm_eps", Shortest(a.norm_eps, 1e-8)},
                 {"tie_word_embeddings", (roles.model & format::RoleBit(Role::kHead)) == 0}};
  if (a.ropes.size() == 0) CannotExpress("a model without rotation");
  DescribeRope(RuleOf(a, a.ropes[0]), &config);
  for (const format::Rope& rope : a.ropes) RuleOf(a, rope);
  family.describe(a, roles, &config);

  // What was written must be read as what it was written from.
  Checkpoint again;
  TensorSet none("");
  Config reread(ParseJson(config.dump(), "config.json"), "config.json");
  again.family = family.name;
  const OptionalRoles roles_again = family.configure({reread, none, {}}, &again);
  if (roles_again.model != roles.model || roles_again.layer != roles.layer) {
    CannotExpress("the tensors that it has");
  }
  const format::Architecture& b = again.architecture;
  const auto same_layers = [&] {
    for (size_t i = 0; i < a.layers.size(); ++i) {
      if (a.layers[i].window != b.layers[i].window || a.layers[i].rope != b.layers[i].rope) {
        return false;
      }
    }
    return true;
  };
  if (b.norm_eps != a.norm_eps || b.attention_scale != a.attention_scale ||
      b.attention_softcap != a.attention_softcap || b.logit_softcap != a.logit_softcap ||
      b.embedding_scale != a.embedding_scale || b.activation != a.activation ||
      b.norm_placement != a.norm_placement || !same_layers()) {
    CannotExpress("all numbers of this architecture");
  }
  return config;
}

}  // namespace quanta::converter
