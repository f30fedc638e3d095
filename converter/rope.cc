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

constexpr double kDefaultTheta = 10000;
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

/// Newer files say "rope_type", older ones "type"; some say both.
std::string Type(Config& settings) {
  const std::string old_name = settings.String("type", "default");
  const std::string name = settings.String("rope_type", old_name);
  if (settings.Has("type") && name != old_name) {
    settings.Refuse(Code::kCorrupt, "rope_type",
                    "is '" + name + "', but type is '" + old_name + "'");
  }
  return name;
}

double Theta(Config& config, Config& settings) {
  const double theta = settings.Number("rope_theta", config.Number("rope_theta", kDefaultTheta));
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

RopeTable ReadRope(Config& config, uint32_t dim, uint32_t context,
                   std::span<const std::string> allowed) {
  Config settings = Settings(config);
  const double theta = Theta(config, settings);
  settings.Require("partial_rotary_factor", 1.0);
  const std::string type = Type(settings);

  RopeTable table;
  if (type == "default") {
    table = {Reciprocals(Wavelengths(theta, dim))};
  } else if (type == "linear") {
    table = Linear(settings, theta, dim);
  } else if (type == "llama3") {
    table = Llama3(settings, theta, dim);
  } else if (type == "yarn") {
    table = Yarn(settings, theta, dim, context);
  } else {
    settings.Refuse(Code::kUnsupported, "rope_type",
                    "'" + type + "' is not supported: only default, linear, llama3, yarn are");
  }
  settings.RefuseUnread(allowed);
  CheckFinite(settings, table);
  return table;
}

}  // namespace quanta::converter
