// SPDX-License-Identifier: MIT
#include "converter/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "converter/error.h"

namespace quanta::converter {
namespace {

constexpr uint32_t kMaxContext = 1u << 30;
constexpr double kTwoPi = 2 * std::numbers::pi;

/// base^(2 i / dim), rounded once: the exponent is an f32 division, and the power the
/// f32 nearest to the true one, whatever the C library.
std::vector<float> Wavelengths(double theta, uint32_t dim) {
  const auto base = static_cast<float>(theta);
  std::vector<float> powers(dim / 2);
  for (uint32_t i = 0; i < powers.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(dim);
    powers[i] = static_cast<float>(std::pow(double{base}, double{exponent}));
  }
  return powers;
}

std::vector<float> Reciprocals(std::vector<float> powers) {
  for (float& value : powers) value = 1.0f / value;
  return powers;
}

double Factor(Config& settings) {
  const double factor = settings.Number("factor");
  if (!(factor >= 1 && factor <= 1e6)) {
    settings.Refuse(Code::kCorrupt, "factor",
                    Format("must be at least 1 and at most 1e6, not %g", factor));
  }
  return factor;
}

double Positive(Config& settings, std::string_view key,
                std::optional<double> fallback = std::nullopt) {
  const double value = settings.Number(key, fallback);
  if (!(value > 0)) settings.Refuse(Code::kCorrupt, key, Format("must be positive, not %g", value));
  return value;
}

RopeTable Linear(Config& settings, double theta, uint32_t dim) {
  const auto factor = static_cast<float>(Factor(settings));
  RopeTable table{Reciprocals(Wavelengths(theta, dim))};
  for (float& value : table.inv_freq) value /= factor;
  return table;
}

/// Long waves are slowed down by `factor`, short ones kept, those between blended.
RopeTable Llama3(Config& settings, double theta, uint32_t dim) {
  const auto factor = static_cast<float>(Factor(settings));
  const double low = Positive(settings, "low_freq_factor");
  const double high = Positive(settings, "high_freq_factor");
  const double original = settings.Count("original_max_position_embeddings", kMaxContext);
  if (!(high > low)) {
    settings.Refuse(Code::kCorrupt, "high_freq_factor", "must be more than low_freq_factor");
  }
  const auto longest = static_cast<float>(original / low);
  const auto shortest = static_cast<float>(original / high);

  RopeTable table{Reciprocals(Wavelengths(theta, dim))};
  for (float& value : table.inv_freq) {
    const float wave = static_cast<float>(kTwoPi) / value;
    if (wave > longest) {
      value /= factor;
    } else if (wave >= shortest) {
      const float kept = (static_cast<float>(original) / wave - static_cast<float>(low)) /
                         static_cast<float>(high - low);
      value = (1.0f - kept) * value / factor + kept * value;
    }
  }
  return table;
}

/// Peng et al. 2023, eq. 22, with an optional multiplier.
double YarnMagnitude(double factor, double multiplier) {
  return factor <= 1 ? 1.0 : 0.1 * multiplier * std::log(factor) + 1.0;
}

float YarnAttention(Config& settings, double factor) {
  const double mscale = settings.Number("mscale", 0);
  const double all_dim = settings.Number("mscale_all_dim", 0);
  if (settings.Has("attention_factor")) {
    return static_cast<float>(Positive(settings, "attention_factor"));
  }
  if (mscale != 0 && all_dim != 0) {
    return static_cast<float>(YarnMagnitude(factor, mscale) / YarnMagnitude(factor, all_dim));
  }
  return static_cast<float>(YarnMagnitude(factor, 1));
}

/// Dimensions that turn often within the original context keep their frequency, those
/// that turn seldom are interpolated, with a linear ramp between.
RopeTable Yarn(Config& settings, double theta, uint32_t dim, uint32_t context) {
  const double factor = Factor(settings);
  const double original = settings.Count("original_max_position_embeddings", kMaxContext, context);
  const double fast = Positive(settings, "beta_fast", 32);
  const double slow = Positive(settings, "beta_slow", 1);
  const bool whole = settings.Bool("truncate", true);

  // The dimension that turns `turns` times in `original` positions; eq. 17 solved for d.
  const auto dimension = [&](double turns) {
    return dim * std::log(original / (turns * kTwoPi)) / (2 * std::log(theta));
  };
  double low = dimension(fast), high = dimension(slow);
  if (whole) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1.0);
  if (low == high) high += 0.001;

  RopeTable table{Wavelengths(theta, dim), YarnAttention(settings, factor)};
  for (size_t i = 0; i < table.inv_freq.size(); ++i) {
    const float power = table.inv_freq[i];
    const float ramp = std::clamp(
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low), 0.0f,
        1.0f);
    const float kept = 1.0f - ramp;
    const float slowed = 1.0f / (static_cast<float>(factor) * power);
    table.inv_freq[i] = slowed * (1.0f - kept) + 1.0f / power * kept;
  }
  return table;
}

/// One of longrope's lists: a factor for each frequency.
std::vector<double> Factors(Config& settings, std::string_view key, size_t count) {
  const Json* list = settings.Find(key);
  if (list == nullptr || !list->is_array() || list->size() != count) {
    settings.Refuse(Code::kCorrupt, key, Format("must be a list of %zu numbers", count));
  }
  std::vector<double> factors;
  for (const Json& entry : *list) {
    if (!entry.is_number() || !(entry.get<double>() > 0)) {
      settings.Refuse(Code::kCorrupt, key, "must hold positive numbers");
    }
    factors.push_back(entry.get<double>());
  }
  return factors;
}

/// One list of factors serves positions up to the original context, another one every
/// position of a longer text, also those before: no cache could follow. So the first it is,
/// and the context ends where it does.
RopeTable LongRope(Config& settings, Config& outer, double theta, uint32_t dim, uint32_t context) {
  const uint32_t beside = outer.Count("original_max_position_embeddings", kMaxContext, context);
  const uint32_t original = settings.Count("original_max_position_embeddings", kMaxContext, beside);
  const auto factors = Factors(settings, "short_factor", dim / 2);
  Factors(settings, "long_factor", dim / 2);
  const double stretch =
      settings.Has("factor") ? Factor(settings) : static_cast<double>(context) / original;
  double magnitude = 1;
  if (settings.Has("attention_factor")) {
    magnitude = Positive(settings, "attention_factor");
  } else if (stretch > 1) {
    magnitude = std::sqrt(1 + std::log(stretch) / std::log(static_cast<double>(original)));
  }
  RopeTable table{Wavelengths(theta, dim), static_cast<float>(magnitude)};
  for (size_t i = 0; i < table.inv_freq.size(); ++i) {
    table.inv_freq[i] = 1.0f / (static_cast<float>(factors[i]) * table.inv_freq[i]);
  }
  if (original < context) table.context_limit = original;
  // Whoever reads the rule knows the shortened context alone.
  table.rule = {{"original_max_position_embeddings", original},
                {"attention_factor", table.magnitude}};
  return table;
}

/// Newer files say "rope_type", older ones "type"; some say both.
std::string Type(Config& settings) {
  const std::string old_name = settings.String("type", "default");
  const std::string name = settings.String("rope_type", old_name);
  if (settings.Has("type") && name != old_name && !(old_name == "su" && name == "longrope")) {
    settings.Refuse(Code::kCorrupt, "rope_type",
                    "is '" + name + "', but type is '" + old_name + "'");
  }
  return name;
}

double Theta(Config& config, Config& settings, double fallback) {
  const double theta = settings.Number("rope_theta", config.Number("rope_theta", fallback));
  if (config.Has("rope_theta") && config.Number("rope_theta") != theta) {
    settings.Refuse(
        Code::kCorrupt, "rope_theta",
        Format("is %g, but rope_theta outside is %g", theta, config.Number("rope_theta")));
  }
  if (!(theta > 1 && theta <= 1e30)) {
    config.Refuse(Code::kCorrupt, "rope_theta", Format("must be more than 1, not %g", theta));
  }
  return theta;
}

/// Settings that are numbers may still be absurd together.
void CheckFinite(const Config& settings, const RopeTable& table) {
  const bool fine = std::isfinite(table.magnitude) && table.magnitude > 0 &&
                    std::all_of(table.inv_freq.begin(), table.inv_freq.end(),
                                [](float value) { return std::isfinite(value) && value >= 0; });
  if (!fine) {
    settings.Refuse(Code::kCorrupt, "rope_type", "has settings that give no finite rotation");
  }
}

/// How many elements of a head turn.
uint32_t RotatedDim(Config& settings, Config& outer, const RopeDefaults& defaults) {
  const double beside = outer.Number("partial_rotary_factor", 1);
  const double share = settings.Number("partial_rotary_factor", beside);
  if (!defaults.partial && share != 1) {
    settings.Refuse(Code::kUnsupported, "partial_rotary_factor",
                    Format("is %g: not supported in this architecture, only 1 is", share));
  }
  const auto dim = static_cast<uint32_t>(defaults.head_dim * std::clamp(share, 0.0, 1.0));
  if (dim == 0 || dim % 2 != 0) {
    settings.Refuse(Code::kUnsupported, "partial_rotary_factor",
                    Format("is %g: %u elements of a head cannot turn in pairs", share, dim));
  }
  return dim;
}

/// The object that holds the settings, under its old or its new name.
Config Settings(Config& config) {
  const Json* fresh = config.Find("rope_parameters");
  const Json* old = config.Find("rope_scaling");
  if (fresh == nullptr) return config.Object("rope_scaling");
  if (old != nullptr) {
    Json merged = *old;
    if (merged.is_object() && fresh->is_object() && fresh->contains("rope_theta")) {
      merged["rope_theta"] = (*fresh)["rope_theta"];
    }
    if (merged != *fresh) {
      config.Refuse(Code::kCorrupt, "rope_parameters", "and rope_scaling contradict each other",
                    "remove the one that is wrong");
    }
  }
  return config.Object("rope_parameters");
}

}  // namespace

std::vector<float> PlainFrequencies(double theta, uint32_t dim) {
  return Reciprocals(Wavelengths(theta, dim));
}

RopeTable MakeRope(Config& settings, Config& outer, const RopeDefaults& defaults,
                   std::span<const std::string> allowed) {
  const double theta = Theta(outer, settings, defaults.theta);
  const uint32_t dim = RotatedDim(settings, outer, defaults);
  const std::string type = Type(settings);

  RopeTable table;
  if (type == "default") {
    table = {Reciprocals(Wavelengths(theta, dim))};
  } else if (type == "linear") {
    table = Linear(settings, theta, dim);
  } else if (type == "llama3") {
    table = Llama3(settings, theta, dim);
  } else if (type == "yarn") {
    table = Yarn(settings, theta, dim, defaults.context);
  } else if (type == "longrope" || type == "su") {
    table = LongRope(settings, outer, theta, dim, defaults.context);
  } else {
    settings.Refuse(
        Code::kUnsupported, "rope_type",
        "'" + type + "' is not supported: only default, linear, llama3, yarn, longrope are");
  }
  Json rule = settings.json();
  rule.erase("type");
  if (table.rule.is_object()) rule.update(table.rule);
  table.rule = std::move(rule);
  table.rule["rope_type"] = type == "su" ? "longrope" : type;
  table.rule["rope_theta"] = theta;
  if (dim != defaults.head_dim) {
    table.rule["partial_rotary_factor"] = static_cast<double>(dim) / defaults.head_dim;
  }
  settings.RefuseUnread(allowed);
  CheckFinite(settings, table);
  return table;
}

RopeTable ReadRope(Config& config, const RopeDefaults& defaults,
                   std::span<const std::string> allowed) {
  Config settings = Settings(config);
  return MakeRope(settings, config, defaults, allowed);
}

}  // namespace quanta::converter
