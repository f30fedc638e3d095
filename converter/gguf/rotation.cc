// SPDX-License-Identifier: MIT
#include "converter/gguf/rotation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "converter/error.h"
#include "converter/rope.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

constexpr const char* kOriginal = "original_max_position_embeddings";

// Llama 3's own, of all its releases; files hold the factors that come of them alone.
constexpr double kLlama3Low = 1, kLlama3High = 4;
constexpr uint32_t kLlama3Original = 8192;
/// That factors computed in f32 may be off by.
constexpr double kRounding = 1e-5;

std::vector<float> Frequencies(const Json& rule, uint32_t dim, uint32_t context) {
  Config settings(rule, ""), outer(Json::object(), "");
  return MakeRope(settings, outer, {.head_dim = dim, .context = context}, {}).inv_freq;
}

/// The rule of Llama 3 whose frequencies are those of `theta` divided by `factors`; null:
/// there is none.
Json FindLlama3(const std::vector<float>& factors, double theta, uint32_t dim, uint32_t context,
                uint32_t original) {
  const float factor = *std::max_element(factors.begin(), factors.end());
  if (!(factor >= 1)) return {};
  Json rule = {{"rope_type", "llama3"},
               {"rope_theta", theta},
               {"factor", factor},
               {"low_freq_factor", kLlama3Low},
               {"high_freq_factor", kLlama3High},
               {kOriginal, original}};
  const auto plain = Frequencies({{"rope_type", "default"}, {"rope_theta", theta}}, dim, context);
  const auto ruled = Frequencies(rule, dim, context);
  for (size_t i = 0; i < factors.size(); ++i) {
    const double wanted = double{plain[i]} / double{factors[i]};
    if (!(std::abs(wanted - double{ruled[i]}) <= kRounding * wanted)) return {};
  }
  rule.erase("rope_theta");
  return rule;
}

Json ToJson(const std::vector<float>& numbers) {
  Json list = Json::array();
  for (const float number : numbers) list.push_back(number);
  return list;
}

/// What the rotation's settings of a file mean for its config.json.
class Reader {
 public:
  Reader(const GgufArchitecture& architecture, Config& gguf, const FindFactors& factors,
         Json* config, std::vector<std::string>* notes)
      : architecture_(architecture),
        gguf_(gguf),
        find_(factors),
        config_(*config),
        notes_(*notes),
        head_dim_((*config)["head_dim"].get<uint32_t>()),
        context_((*config)["max_position_embeddings"].get<uint32_t>()) {}

  void Read() {
    ReadDimension();
    // Says how a model came about.
    gguf_.Find("rope.scaling.finetuned");
    original_ = gguf_.Count("rope.scaling.original_context_length", format::kMaxContext, context_);
    if (architecture_.long_factors && !find_(kRopeShort).empty()) return ReadLong();
    if (architecture_.frequency_factors && !find_(kRopeFreqs).empty()) return ReadFactors();
    const double factor = gguf_.Number("rope.scaling.factor", gguf_.Number("rope.scale_linear", 1));
    gguf_.Find("rope.scale_linear");
    // A file that names no kind means this one.
    const std::string type = gguf_.String("rope.scaling.type", "linear");
    if (type == "yarn") return ReadYarn(factor);
    if (type != "linear" && type != "none") {
      gguf_.Refuse(Code::kUnsupported, "rope.scaling.type",
                   "is '" + type + "', which is not supported here");
    }
    // 0 is as good as no factor.
    if (type == "linear" && factor != 1 && factor != 0) {
      config_["rope_scaling"] = {{"rope_type", "linear"}, {"factor", factor}};
    }
    RequireNoAttention();
  }

 private:
  void ReadDimension() {
    const uint32_t turning = gguf_.Count("rope.dimension_count", format::kMaxWidth, head_dim_);
    if (turning > head_dim_) {
      gguf_.Refuse(Code::kCorrupt, "rope.dimension_count",
                   Format("(%u) is more than a head has (%u)", turning, head_dim_));
    }
    turning_ = turning;
    if (turning != head_dim_) {
      config_["partial_rotary_factor"] = static_cast<double>(turning) / head_dim_;
    }
  }

  std::vector<float> Factors(const char* name) {
    std::vector<float> factors = find_(name);
    const bool fine = factors.size() == turning_ / 2 &&
                      std::all_of(factors.begin(), factors.end(),
                                  [](float f) { return f > 0 && std::isfinite(f); });
    if (!fine) {
      throw Error(Code::kCorrupt, gguf_.place(),
                  Format("tensor '%s' must hold %u positive numbers", name, turning_ / 2));
    }
    return factors;
  }

  void ReadLong() {
    RequireType("longrope");
    gguf_.Find("rope.scaling.factor");  // the factors say it
    const double magnitude = gguf_.Number("rope.scaling.attn_factor", 1);
    config_["rope_scaling"] = {{"rope_type", "longrope"},
                               {"short_factor", ToJson(Factors(kRopeShort))},
                               {"long_factor", ToJson(Factors(kRopeLong))},
                               {kOriginal, original_},
                               {"attention_factor", magnitude}};
  }

  void ReadFactors() {
    RequireType("none");
    RequireNoAttention();
    const std::vector<float> factors = Factors(kRopeFreqs);
    const double theta = config_["rope_theta"].get<double>();
    const bool told = gguf_.Has("rope.scaling.original_context_length");
    const Json rule =
        FindLlama3(factors, theta, turning_, context_, told ? original_ : kLlama3Original);
    if (!rule.is_null()) {
      config_["rope_scaling"] = rule;
      notes_.push_back(
          Format("%s holds the factors of Llama 3's rule for %g times the context: "
                 "taken as that rule",
                 kRopeFreqs, rule["factor"].get<double>()));
      return;
    }
    config_["rope_scaling"] = {{"rope_type", "longrope"},
                               {"short_factor", ToJson(factors)},
                               {"long_factor", ToJson(factors)},
                               {kOriginal, context_},
                               {"attention_factor", 1.0}};
  }

  void ReadYarn(double factor) {
    Json yarn = {{"rope_type", "yarn"}, {"factor", factor}, {kOriginal, original_}};
    yarn["beta_fast"] = gguf_.Number("rope.scaling.yarn_beta_fast", 32);
    yarn["beta_slow"] = gguf_.Number("rope.scaling.yarn_beta_slow", 1);
    // On top of the magnitude that yarn has by itself.
    const double attention = gguf_.Number("rope.scaling.attn_factor", 1);
    if (attention != 1) {
      yarn["attention_factor"] = attention * (factor <= 1 ? 1 : 0.1 * std::log(factor) + 1);
    }
    config_["rope_scaling"] = std::move(yarn);
  }

  void RequireType(const char* type) {
    const std::string found = gguf_.String("rope.scaling.type", type);
    if (found != type && found != "none") {
      gguf_.Refuse(Code::kUnsupported, "rope.scaling.type",
                   "is '" + found + "' beside factors of each frequency: not supported");
    }
  }
  void RequireNoAttention() {
    if (gguf_.Number("rope.scaling.attn_factor", 1) != 1) {
      gguf_.Refuse(Code::kUnsupported, "rope.scaling.attn_factor",
                   "is not supported with this kind of scaling");
    }
  }

  const GgufArchitecture& architecture_;
  Config& gguf_;
  const FindFactors& find_;
  Json& config_;
  std::vector<std::string>& notes_;
  uint32_t head_dim_, context_;
  uint32_t turning_ = 0, original_ = 0;
};

[[noreturn]] void CannotSay(std::string_view what) {
  throw Error(Code::kUnsupported, "",
              "a GGUF file of this family cannot express " + std::string(what),
              "leave the model in its own format");
}

std::vector<float> FloatsOf(const Json& list) { return list.get<std::vector<float>>(); }

/// Whether this is how ReadFactors says frequencies one by one.
bool IsPlainFactors(const Json& rule, uint32_t context) {
  return rule["short_factor"] == rule["long_factor"] && rule.value("attention_factor", 0.0) == 1 &&
         rule.value(kOriginal, 0u) == context;
}

/// What the frequencies of `rule` are those without scaling divided by.
std::vector<float> FactorsOf(const Json& rule, double theta, uint32_t dim, uint32_t context) {
  Json scaled = rule;
  scaled["rope_theta"] = theta;
  const auto plain = Frequencies({{"rope_type", "default"}, {"rope_theta", theta}}, dim, context);
  std::vector<float> factors = Frequencies(scaled, dim, context);
  for (size_t i = 0; i < factors.size(); ++i) factors[i] = plain[i] / factors[i];
  return factors;
}

void DescribeYarn(const Json& rule, uint32_t context, GgufRotation* out) {
  const double factor = rule["factor"].get<double>();
  const double own = factor <= 1 ? 1 : 0.1 * std::log(factor) + 1;
  const double fast = rule.value("beta_fast", 32.0), slow = rule.value("beta_slow", 1.0);
  if (!rule.value("truncate", true)) CannotSay("a yarn rotation that is not truncated");
  double magnitude = own;
  if (rule.contains("attention_factor") && !rule["attention_factor"].is_null()) {
    magnitude = rule["attention_factor"].get<double>();
  } else if (rule.contains("mscale") || rule.contains("mscale_all_dim")) {
    CannotSay("a yarn rotation with mscale");
  }
  out->settings.emplace_back("rope.scaling.type", "yarn");
  out->settings.emplace_back("rope.scaling.factor", factor);
  out->settings.emplace_back("rope.scaling.original_context_length",
                             rule.value(kOriginal, context));
  if (fast != 32) out->settings.emplace_back("rope.scaling.yarn_beta_fast", fast);
  if (slow != 1) out->settings.emplace_back("rope.scaling.yarn_beta_slow", slow);
  if (magnitude != own) out->settings.emplace_back("rope.scaling.attn_factor", magnitude / own);
}

void DescribeLong(const Json& rule, uint32_t context, GgufRotation* out) {
  out->settings.emplace_back("rope.scaling.type", "longrope");
  out->settings.emplace_back("rope.scaling.original_context_length",
                             rule.value(kOriginal, context));
  out->settings.emplace_back("rope.scaling.attn_factor", rule["attention_factor"].get<double>());
  out->tensors.emplace_back(kRopeLong, FloatsOf(rule["long_factor"]));
  out->tensors.emplace_back(kRopeShort, FloatsOf(rule["short_factor"]));
}

}  // namespace

void ReadGgufRotation(const GgufArchitecture& architecture, Config& gguf,
                      const FindFactors& factors, Json* config, std::vector<std::string>* notes) {
  Reader(architecture, gguf, factors, config, notes).Read();
}

GgufRotation DescribeGgufRotation(const GgufArchitecture& architecture, uint32_t head_dim,
                                  Json* config) {
  GgufRotation out;
  const auto context = (*config)["max_position_embeddings"].get<uint32_t>();
  const double theta = (*config)["rope_theta"].get<double>();
  const double share = config->value("partial_rotary_factor", 1.0);
  const auto turning = static_cast<uint32_t>(head_dim * share);
  out.settings.emplace_back("rope.dimension_count", turning);
  const Json rule = config->value("rope_scaling", Json());
  config->erase("partial_rotary_factor");
  config->erase("rope_scaling");
  config->erase(kOriginal);
  if (rule.is_null()) return out;

  const std::string type = rule["rope_type"].get<std::string>();
  if (type == "linear") {
    out.settings.emplace_back("rope.scaling.type", "linear");
    out.settings.emplace_back("rope.scaling.factor", rule["factor"].get<double>());
  } else if (type == "yarn") {
    DescribeYarn(rule, context, &out);
  } else if (type == "llama3" && architecture.frequency_factors) {
    out.settings.emplace_back("rope.scaling.original_context_length", rule[kOriginal]);
    out.tensors.emplace_back(kRopeFreqs, FactorsOf(rule, theta, turning, context));
  } else if (type == "longrope" && architecture.frequency_factors &&
             IsPlainFactors(rule, context)) {
    out.tensors.emplace_back(kRopeFreqs, FloatsOf(rule["short_factor"]));
  } else if (type == "longrope" && architecture.long_factors) {
    DescribeLong(rule, context, &out);
  } else {
    CannotSay("a rotation of type " + type);
  }
  return out;
}

}  // namespace quanta::converter
