// SPDX-License-Identifier: MIT
#include "converter/rope.h"

#include <cmath>
#include <numbers>

#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

constexpr uint32_t kDim = 16, kContext = 512;

RopeTable Read(const std::string& text) {
  Config config(ParseJson(text, "config.json"), "config.json");
  RopeTable table = ReadRope(config, {kDim, kContext}, {});
  config.RefuseUnread({});
  return table;
}

/// theta^(-2i/dim), in double.
double Plain(double theta, size_t i) { return std::pow(theta, -2.0 * double(i) / kDim); }

TEST(Rope, DefaultIsAGeometricSeries) {
  const RopeTable table = Read(R"({"rope_theta": 10000.0})");

  ASSERT_EQ(table.inv_freq.size(), kDim / 2);
  EXPECT_EQ(table.inv_freq[0], 1.0f);
  EXPECT_EQ(table.inv_freq[4], 1.0f / 100.0f);
  for (size_t i = 0; i < kDim / 2; ++i) {
    EXPECT_NEAR(table.inv_freq[i] / Plain(10000, i), 1, 2e-7);
  }
  EXPECT_EQ(table.magnitude, 1.0f);
}

TEST(Rope, BothGenerationsOfKeysGiveTheSame) {
  const RopeTable old_keys = Read(R"({"rope_theta": 500000.0, "rope_scaling": {
      "type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 64}})");
  const RopeTable new_keys = Read(R"({"rope_parameters": {"rope_theta": 500000.0,
      "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 64}})");
  const RopeTable both = Read(R"({"rope_theta": 500000.0,
      "rope_scaling": {"rope_type": "linear", "factor": 2},
      "rope_parameters": {"rope_type": "linear", "factor": 2, "rope_theta": 500000.0}})");

  EXPECT_EQ(old_keys.inv_freq, new_keys.inv_freq);
  EXPECT_EQ(both.inv_freq[1], Read(R"({"rope_theta": 500000.0})").inv_freq[1] / 2);
}

TEST(Rope, LinearDividesEveryFrequency) {
  const RopeTable plain = Read("{}");
  const RopeTable scaled = Read(R"({"rope_scaling": {"type": "linear", "factor": 4.0}})");
  for (size_t i = 0; i < kDim / 2; ++i) EXPECT_EQ(scaled.inv_freq[i], plain.inv_freq[i] / 4);
}

TEST(Rope, Llama3KeepsShortWavesSlowsLongOnesAndBlendsBetween) {
  const RopeTable table = Read(R"({"rope_theta": 10000.0, "rope_scaling": {
      "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 64}})");

  int kept = 0, slowed = 0, blended = 0;
  for (size_t i = 0; i < kDim / 2; ++i) {
    const double plain = Plain(10000, i), wave = 2 * std::numbers::pi / plain;
    double expected = plain;
    if (wave > 64.0) {
      expected = plain / 8;
      ++slowed;
    } else if (wave >= 16.0) {
      const double share = (64.0 / wave - 1) / 3;
      expected = (1 - share) * plain / 8 + share * plain;
      ++blended;
    } else {
      ++kept;
    }
    EXPECT_NEAR(table.inv_freq[i] / expected, 1, 1e-6) << i;
  }
  EXPECT_TRUE(kept > 0 && slowed > 0 && blended > 0);  // else this test shows little
}

TEST(Rope, YarnInterpolatesSlowDimensionsAndRaisesTheMagnitude) {
  const RopeTable table = Read(R"({"rope_theta": 10000.0, "rope_scaling": {
      "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512}})");

  // Peng et al. 2023: d(r) = dim ln(L / (2 pi r)) / (2 ln theta), for 32 and 1 turns.
  const auto dimension = [](double turns) {
    return kDim * std::log(512 / (turns * 2 * std::numbers::pi)) / (2 * std::log(10000.0));
  };
  const double low = std::floor(dimension(32)), high = std::ceil(dimension(1));
  ASSERT_LT(low, high);
  for (size_t i = 0; i < kDim / 2; ++i) {
    const double ramp = std::clamp((double(i) - low) / (high - low), 0.0, 1.0);
    const double expected = Plain(10000, i) * (ramp / 4 + 1 - ramp);
    EXPECT_NEAR(table.inv_freq[i] / expected, 1, 1e-6) << i;
  }
  EXPECT_FLOAT_EQ(table.magnitude, static_cast<float>(0.1 * std::log(4.0) + 1));
}

TEST(Rope, YarnsOwnMagnitudeWins) {
  const RopeTable given = Read(R"({"rope_scaling": {"rope_type": "yarn", "factor": 4.0,
      "attention_factor": 1.5}})");
  const RopeTable scaled = Read(R"({"rope_scaling": {"rope_type": "yarn", "factor": 4.0,
      "mscale": 1.0, "mscale_all_dim": 1.0}})");
  EXPECT_EQ(given.magnitude, 1.5f);
  EXPECT_EQ(scaled.magnitude, 1.0f);
}

TEST(Rope, LongropeTakesTheShortFactorsAndEndsTheContextWhereTheyEnd) {
  const std::string factors = R"("short_factor": [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5],
      "long_factor": [9, 9, 9, 9, 9, 9, 9, 9])";
  const RopeTable table = Read(R"({"original_max_position_embeddings": 128,
      "rope_scaling": {"type": "longrope", )" +
                               factors + "}}");
  for (size_t i = 0; i < kDim / 2; ++i) {
    EXPECT_FLOAT_EQ(table.inv_freq[i], static_cast<float>(Plain(10000, i) / (1 + 0.5 * double(i))));
  }
  EXPECT_FLOAT_EQ(table.magnitude,
                  static_cast<float>(std::sqrt(1 + std::log(4.0) / std::log(128.0))));
  EXPECT_EQ(table.context_limit, 128u);

  // An older name of the same; a context that is not stretched has no limit.
  const RopeTable whole = Read(R"({"rope_scaling": {"type": "su", )" + factors + "}}");
  EXPECT_EQ(whole.inv_freq, table.inv_freq);
  EXPECT_EQ(whole.magnitude, 1.0f);
  EXPECT_EQ(whole.context_limit, 0u);
}

TEST(Rope, APartOfAHeadMayRotateWhereTheFamilySaysSo) {
  Config config(ParseJson(R"({"partial_rotary_factor": 0.75})", "config.json"), "config.json");
  const RopeTable table =
      ReadRope(config, {.head_dim = kDim, .context = kContext, .partial = true}, {});
  ASSERT_EQ(table.inv_freq.size(), 6u);
  EXPECT_FLOAT_EQ(table.inv_freq[3], 0.01f);  // 10000^(-6/12)
}

TEST(Rope, ItsRuleGivesTheSameAgain) {
  for (const char* text :
       {"{}", R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2}})",
        R"({"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "mscale": 1.0}})",
        R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
            "high_freq_factor": 4, "original_max_position_embeddings": 64}})",
        R"({"original_max_position_embeddings": 128, "rope_scaling": {"type": "longrope",
            "short_factor": [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5],
            "long_factor": [9, 9, 9, 9, 9, 9, 9, 9]}})"}) {
    const RopeTable table = Read(text);
    Config rule(table.rule, "rule"), none(Json::object(), "rule");
    const uint32_t context = table.context_limit != 0 ? table.context_limit : kContext;
    const RopeTable again = MakeRope(rule, none, {kDim, context}, {});
    EXPECT_EQ(again.inv_freq, table.inv_freq) << text;
    EXPECT_EQ(again.magnitude, table.magnitude) << text;
    EXPECT_EQ(again.context_limit, 0u) << text;
    EXPECT_EQ(again.rule, table.rule) << text;
  }
}

TEST(Rope, BadSettingsAreErrorsThatNameThem) {
  const struct {
    const char* config;
    const char* error;
  } cases[] = {
      {R"({"rope_scaling": {"type": "dynamic", "factor": 2}})",
       "rope_scaling.rope_type 'dynamic' is not supported: only default, linear, llama3, yarn"},
      {R"({"rope_parameters": {"rope_type": "longrope"}})",
       "short_factor must be a list of 8 numbers"},
      {R"({"rope_parameters": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1, 1, 0],
          "long_factor": [1, 1, 1, 1, 1, 1, 1, 1]}})",
       "short_factor must hold positive numbers"},
      {R"({"rope_parameters": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1, 1, 1]}})",
       "long_factor must be a list of 8 numbers"},
      {R"({"rope_scaling": {"type": "linear"}})", "rope_scaling.factor is missing"},
      {R"({"rope_scaling": {"type": "linear", "factor": 0.5}})", "factor must be at least 1"},
      {R"({"rope_scaling": {"type": "linear", "factor": "2"}})", "factor must be a number"},
      {R"({"rope_scaling": {"type": "linear", "factor": 2, "warp": 9}})",
       "unknown setting rope_scaling.warp = 9"},
      {R"({"rope_scaling": {"type": "linear", "rope_type": "yarn", "factor": 2}})",
       "rope_type is 'yarn', but type is 'linear'"},
      {R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
          "high_freq_factor": 4, "original_max_position_embeddings": 64}})",
       "high_freq_factor must be more than low_freq_factor"},
      {R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
          "high_freq_factor": 4}})",
       "original_max_position_embeddings is missing"},
      {R"({"rope_theta": 0})", "rope_theta must be more than 1"},
      {R"({"rope_theta": -5.0})", "rope_theta must be more than 1"},
      {R"({"rope_theta": 1e300})", "rope_theta must be"},
      {R"({"rope_theta": 1e4, "rope_parameters": {"rope_theta": 2e4}})",
       "rope_parameters.rope_theta is 20000, but rope_theta outside is 10000"},
      {R"({"rope_parameters": {"partial_rotary_factor": 0.5}})",
       "partial_rotary_factor is 0.5: not supported in this architecture, only 1 is"},
      {R"({"rope_parameters": {"rope_type": "linear", "factor": 2},
          "rope_scaling": {"rope_type": "linear", "factor": 3}})",
       "contradict each other"},
      {R"({"rope_scaling": {"rope_type": "yarn", "factor": 4, "mscale": 1e99,
          "mscale_all_dim": 0.5}})",
       "settings that give no finite rotation"},
      {R"({"rope_scaling": [1]})", "rope_scaling must be a JSON object"},
  };
  for (const auto& bad : cases) EXPECT_ERROR(Read(bad.config), bad.error) << bad.config;
}

}  // namespace
}  // namespace quanta::converter
