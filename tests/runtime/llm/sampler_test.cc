// SPDX-License-Identifier: MIT
#include "runtime/llm/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace quanta::llm {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> SomeLogits(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> logits(count);
  for (float& v : logits) v = static_cast<float>(random() % 1000) / 100 - 5;  // with ties
  return logits;
}

/// The distribution that the options describe, straight from their definitions: full
/// sorts, double precision.
std::map<int32_t, double> Oracle(const std::vector<float>& logits, const SamplingOptions& o,
                                 const std::vector<int32_t>& history) {
  std::vector<std::pair<double, int32_t>> all;
  for (size_t i = 0; i < logits.size(); ++i) {
    double v = double{logits[i]};
    const size_t window = o.repetition_window == 0 ? history.size() : o.repetition_window;
    const size_t first = history.size() > window ? history.size() - window : 0;
    const auto id = static_cast<int32_t>(i);
    const auto begin = history.begin() + static_cast<ptrdiff_t>(first);
    if (std::find(begin, history.end(), id) != history.end()) {
      v = v > 0 ? v / double{o.repetition_penalty} : v * double{o.repetition_penalty};
    }
    for (const auto& bias : o.logit_bias) {
      if (bias.id == id) v += double{bias.value};
    }
    all.push_back({v, id});
  }
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (o.top_k != 0 && o.top_k < all.size()) all.resize(o.top_k);
  const double max = all[0].first;
  double total = 0;
  for (auto& [v, id] : all) total += v = std::exp((v - max) / double{o.temperature});
  if (o.top_p < 1) {
    double sum = 0;
    size_t keep = 0;
    while (keep < all.size() && (keep == 0 || sum < double{o.top_p} * total)) {
      sum += all[keep++].first;
    }
    all.resize(keep);
  }
  std::erase_if(all, [&](auto& e) { return e.first < double{o.min_p}; });
  total = 0;
  for (auto& [v, id] : all) total += v;
  std::map<int32_t, double> result;
  for (auto& [v, id] : all) result[id] = v / total;
  return result;
}

class SamplerTest : public ::testing::Test {
 protected:
  int32_t Choose(const std::vector<float>& logits, const SamplingOptions& options = {},
                 const std::vector<int32_t>& history = {}) {
    std::vector<Candidate> scratch(logits.size());
    auto id = ChooseToken(logits, options, history, scratch, &random_, &detail_);
    return id.ok() ? *id : -1;
  }

  std::map<int32_t, double> Frequencies(const std::vector<float>& logits,
                                        const SamplingOptions& options, int draws,
                                        const std::vector<int32_t>& history = {}) {
    std::map<int32_t, double> counts;
    for (int i = 0; i < draws; ++i) counts[Choose(logits, options, history)] += 1.0 / draws;
    return counts;
  }

  Random random_{1};
  ErrorDetail detail_;
};

// --- Random numbers -------------------------------------------------------------------

TEST(Random, GivesThePublishedSequence) {
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(Random, UniformStaysBelowOneAndIsEven) {
  Random random(3);
  int bins[10] = {};
  for (int i = 0; i < 20000; ++i) {
    const double u = random.Uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    ++bins[static_cast<int>(u * 10)];
  }
  for (const int count : bins) EXPECT_NEAR(count, 2000, 200);
}

// --- Greedy ---------------------------------------------------------------------------

TEST_F(SamplerTest, GreedyTakesTheGreatestAndOnTiesTheLowestId) {
  EXPECT_EQ(Choose({1, 3, 2}), 1);
  EXPECT_EQ(Choose({1, 3, 3, 3}), 1);
  EXPECT_EQ(Choose({-5, -7}), 0);
  EXPECT_EQ(Choose({1, kInf, kInf}), 1);
  SamplingOptions biased;  // the way without shortcuts
  const SamplingOptions::Bias none[] = {{0, 0.0f}};
  biased.logit_bias = none;
  EXPECT_EQ(Choose({1, 3, 3, 3}, biased), 1);
}

TEST_F(SamplerTest, WhatIsNotANumberIsNeverChosen) {
  EXPECT_EQ(Choose({kNan, 1, kNan}), 1);
  EXPECT_EQ(Choose({kNan, -kInf, -3e38f}), 2);
  SamplingOptions hot;
  hot.temperature = 100;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Choose({kNan, 1, -kInf}, hot), 1);
    EXPECT_EQ(Choose({3, kInf, 5}, hot), 1);
  }
}

TEST_F(SamplerTest, SaysWhenNothingCanBeChosen) {
  EXPECT_EQ(Choose({kNan, -kInf}), -1);
  EXPECT_NE(std::string(detail_.text()).find("no token has a usable logit"), std::string::npos);
  const SamplingOptions::Bias all[] = {{0, -kInf}, {1, -kInf}};
  SamplingOptions banned;
  banned.logit_bias = all;
  EXPECT_EQ(Choose({1, kInf}, banned), -1);
}

TEST_F(SamplerTest, GreedyIgnoresTheFiltersButNotPenaltyAndBias) {
  SamplingOptions options;
  options.top_k = 1;
  options.top_p = 0;
  options.min_p = 1;
  EXPECT_EQ(Choose({1, 3, 2}, options), 1);
  options.repetition_penalty = 2;
  EXPECT_EQ(Choose({1, 3, 2}, options, {1}), 2);
  EXPECT_EQ(Choose({-1, -3, -2}, options, {0, 0, 0}), 0);  // -2 once, and id 0 wins the tie
  const SamplingOptions::Bias bias[] = {{0, 1.5f}, {0, 1.0f}};
  options.logit_bias = bias;
  EXPECT_EQ(Choose({1, 3, 2}, options, {1}), 0);
}

TEST_F(SamplerTest, PenaltyWindowCountsTheLastTokensOnly) {
  SamplingOptions options;
  options.repetition_penalty = 10;
  options.repetition_window = 2;
  EXPECT_EQ(Choose({1, 3, 2}, options, {1, 0, 0}), 1);
  EXPECT_EQ(Choose({1, 3, 2}, options, {1, 0}), 2);
  options.repetition_window = 0;
  EXPECT_EQ(Choose({1, 3, 2}, options, {1, 0, 0}), 2);
}

// --- Distributions ---------------------------------------------------------------------

struct Filter {
  float temperature;
  uint32_t top_k;
  float top_p, min_p, penalty;
  uint32_t window;
};

TEST_F(SamplerTest, FollowsTheDistributionOfABruteForceOracle) {
  const SamplingOptions::Bias bias[] = {{3, 2.5f}, {10, -4.0f}};
  const std::vector<int32_t> history = {1, 5, 5, 9, 30, 2};
  int nontrivial = 0;
  for (const Filter& f : std::vector<Filter>{{1, 0, 1, 0, 1, 64},
                                             {0.7f, 0, 1, 0, 1, 64},
                                             {2, 5, 1, 0, 1, 64},
                                             {1.5f, 0, 0.8f, 0, 1, 64},
                                             {1.5f, 0, 1, 0.2f, 1, 64},
                                             {3, 20, 0.9f, 0.1f, 1, 64},
                                             {3, 20, 0.9f, 0.1f, 1.5f, 3},
                                             {1, 1, 1, 0, 1, 64},
                                             {5, 0, 0, 0, 1, 64},
                                             {50, 0, 0.5f, 0.5f, 2, 0}}) {
    const std::vector<float> logits = SomeLogits(40, 11);
    SamplingOptions options;
    options.temperature = f.temperature;
    options.top_k = f.top_k;
    options.top_p = f.top_p;
    options.min_p = f.min_p;
    options.repetition_penalty = f.penalty;
    options.repetition_window = f.window;
    options.logit_bias = bias;
    const auto expected = Oracle(logits, options, history);
    const auto actual = Frequencies(logits, options, 20000, history);
    for (const auto& [id, frequency] : actual) {
      ASSERT_TRUE(expected.contains(id)) << id << " should have been filtered out";
    }
    for (const auto& [id, probability] : expected) {
      const auto at = actual.find(id);
      const double frequency = at == actual.end() ? 0 : at->second;
      EXPECT_NEAR(frequency, probability, 5 * std::sqrt(probability / 20000) + 1e-3) << id;
    }
    nontrivial += expected.size() > 1 && expected.size() < logits.size();
  }
  EXPECT_GE(nontrivial, 5);
}

// Many random settings: no other token than those that the oracle keeps.
TEST_F(SamplerTest, NeverLeavesTheOraclesSet) {
  std::mt19937 engine(5);
  const auto random = [&] { return static_cast<uint32_t>(engine()); };
  for (int round = 0; round < 300; ++round) {
    const std::vector<float> logits = SomeLogits(3 + random() % 200, random());
    SamplingOptions options;
    options.temperature = 0.2f + static_cast<float>(random() % 100) / 20;
    options.top_k = random() % 3 == 0 ? 0 : 1 + random() % 250;
    options.top_p = random() % 3 == 0 ? 1 : static_cast<float>(random() % 101) / 100;
    options.min_p = random() % 3 == 0 ? 0 : static_cast<float>(random() % 101) / 100;
    const auto expected = Oracle(logits, options, {});
    for (int i = 0; i < 50; ++i) {
      const int32_t id = Choose(logits, options);
      // At a boundary, f32 weights may keep or drop one that ties within rounding.
      if (expected.contains(id)) continue;
      double nearest = INFINITY;
      for (const auto& [other, p] : expected) {
        nearest = std::min(nearest, std::fabs(double{logits[static_cast<size_t>(other)]} -
                                              double{logits[static_cast<size_t>(id)]}));
      }
      EXPECT_LT(nearest, 0.011) << "round " << round;
    }
  }
}

TEST_F(SamplerTest, TheSameStateGivesTheSameChoice) {
  const std::vector<float> logits = SomeLogits(5000, 2);
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 40;
  options.top_p = 0.9f;
  std::vector<int32_t> first, second;
  random_ = Random(99);
  for (int i = 0; i < 50; ++i) first.push_back(Choose(logits, options));
  random_ = Random(99);
  for (int i = 0; i < 50; ++i) second.push_back(Choose(logits, options));
  EXPECT_EQ(first, second);
  EXPECT_GT(std::set<int32_t>(first.begin(), first.end()).size(), 5u);
}

// Fixed numbers: any platform, any standard library.
TEST_F(SamplerTest, ChoicesAreTheSameOnEveryPlatform) {
  const std::vector<float> logits = SomeLogits(1000, 77);
  const auto draw = [&](uint32_t top_k, float top_p, float min_p) {
    SamplingOptions options;
    options.temperature = 1.5f;
    options.top_k = top_k;
    options.top_p = top_p;
    options.min_p = min_p;
    random_ = Random(42);
    std::vector<int32_t> ids;
    for (int i = 0; i < 6; ++i) ids.push_back(Choose(logits, options));
    return ids;
  };
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(draw(0, 1, 0), (Ids{745, 182, 306, 372, 34, 868}));
  EXPECT_EQ(draw(50, 1, 0), (Ids{949, 481, 377, 386, 836, 412}));
  EXPECT_EQ(draw(0, 0.5f, 0), (Ids{554, 346, 486, 229, 710, 825}));
  EXPECT_EQ(draw(0, 1, 0.3f), (Ids{739, 186, 314, 386, 35, 855}));
  EXPECT_EQ(draw(200, 0.7f, 0.2f), (Ids{777, 377, 486, 536, 710, 51}));
}

// At the very boundary: half of two equals is one; the likeliest always stays.
TEST_F(SamplerTest, FiltersKeepWhatReachesThemExactly) {
  SamplingOptions options;
  options.temperature = 1;
  options.top_p = 0.5f;
  for (const auto& [id, frequency] : Frequencies({2, 2}, options, 50)) EXPECT_EQ(id, 0);
  options.top_p = 1;
  options.min_p = 1;
  EXPECT_EQ(Frequencies({1, 2, 2}, options, 200).size(), 2u);
  options.min_p = 0.5f;
  options.temperature = 1.0f / 1024;
  for (const auto& [id, frequency] : Frequencies({1, 2}, options, 50)) EXPECT_EQ(id, 1);
}

TEST_F(SamplerTest, TinyTemperaturesAreGreedyAndHugeOnesUniform) {
  SamplingOptions options;
  options.temperature = 1e-30f;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Choose({1, 2.99f, 3, 2.99f}, options), 2);
  options.temperature = 1e30f;
  for (const auto& [id, frequency] : Frequencies({-9, 0, 5, 30}, options, 8000)) {
    EXPECT_NEAR(frequency, 0.25, 0.03) << id;
  }
}

// --- Options ----------------------------------------------------------------------------

TEST(CheckSampling, RefusesWhatIsOutOfRangeByName) {
  const auto refused = [](auto change) {
    SamplingOptions options;
    change(options);
    ErrorDetail detail;
    const Status status = CheckSampling(options, 10, &detail);
    EXPECT_EQ(status.code(), status.ok() ? Code::kOk : Code::kInvalidArgument);
    return std::string(detail.text());
  };
  EXPECT_EQ(refused([](SamplingOptions&) {}), "");
  EXPECT_EQ(refused([](SamplingOptions& o) { o.temperature = -0.5f; }),
            "temperature is -0.5: it must be 0 or more");
  EXPECT_EQ(refused([](SamplingOptions& o) { o.top_p = 1.5f; }),
            "top_p is 1.5: it must be from 0 to 1");
  for (const float bad : {kNan, kInf, -kInf}) {
    EXPECT_NE(refused([&](SamplingOptions& o) { o.temperature = bad; }), "");
    EXPECT_NE(refused([&](SamplingOptions& o) { o.top_p = bad; }), "");
    EXPECT_NE(refused([&](SamplingOptions& o) { o.min_p = bad; }), "");
    EXPECT_NE(refused([&](SamplingOptions& o) { o.repetition_penalty = bad; }), "");
  }
  EXPECT_NE(refused([](SamplingOptions& o) { o.min_p = -0.1f; }), "");
  EXPECT_NE(refused([](SamplingOptions& o) { o.repetition_penalty = 0; }), "");
  const auto bias = [&](int32_t id, float value) {
    const SamplingOptions::Bias one[] = {{id, value}};
    return refused([&](SamplingOptions& o) { o.logit_bias = one; });
  };
  EXPECT_EQ(bias(9, -kInf), "");
  EXPECT_EQ(bias(10, 0), "a logit bias names token 10: the vocabulary has 10");
  EXPECT_NE(bias(-1, 0), "");
  EXPECT_NE(bias(0, kInf), "");
  EXPECT_NE(bias(0, kNan), "");
}

}  // namespace
}  // namespace quanta::llm
