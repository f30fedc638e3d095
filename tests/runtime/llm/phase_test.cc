// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include "quanta/probe.h"
#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::SomeTokens;
using testing::TestSession;
using testing::TinyModel;
using testing::TinyOptions;
using testing::TinySpec;

struct Told {
  Phase phase;
  PhaseWork work;
};

std::vector<Told> Watch(Session& session, std::span<const int32_t> tokens) {
  std::vector<Told> told;
  Session::FeedHooks hooks;
  hooks.context = &told;
  hooks.on_phase = [](void* context, Phase phase, const PhaseWork& work) {
    static_cast<std::vector<Told>*>(context)->push_back({phase, work});
  };
  EXPECT_TRUE(session.Feed(tokens, hooks).ok());
  return told;
}

PhaseWork Sum(const std::vector<Told>& told, Phase phase) {
  PhaseWork sum;
  for (const Told& one : told) {
    if (one.phase != phase) continue;
    sum.weight_bytes += one.work.weight_bytes;
    sum.cache_bytes += one.work.cache_bytes;
    sum.multiply_adds += one.work.multiply_adds;
  }
  return sum;
}

TEST(Phases, ComeInTheOrderOfALayerAndEndOnceForEachChunk) {
  TinySpec spec;
  spec.panel = format::Panel::kQ8;
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  TestSession session(model, TinyOptions(4, 1));
  const std::vector<Told> told = Watch(*session, SomeTokens(8));
  EXPECT_EQ(std::count_if(told.begin(), told.end(),
                          [](const Told& one) { return one.phase == Phase::kDone; }),
            2);
  EXPECT_EQ(told.front().phase, Phase::kEmbed);
  EXPECT_EQ(told.back().phase, Phase::kDone);
  std::vector<Phase> layer;
  for (size_t i = 1; told[i].phase != Phase::kQkv || layer.size() < 5; ++i) {
    layer.push_back(told[i].phase);
  }
  EXPECT_EQ(layer,
            (std::vector<Phase>{Phase::kNorm, Phase::kQkv, Phase::kCache, Phase::kAttention,
                                Phase::kQuantize, Phase::kOutput, Phase::kNorm, Phase::kGateUp,
                                Phase::kQuantize, Phase::kDown, Phase::kNorm}));
}

TEST(Phases, OfATokenReadTheBytesThatTheModelStates) {
  for (const auto panel :
       {format::Panel::kF32, format::Panel::kF16, format::Panel::kQ8, format::Panel::kQ4}) {
    TinySpec spec;
    spec.panel = panel;
    TinyModel tiny(spec);
    const Model model = tiny.Open();
    TestSession session(model, TinyOptions(4, 1));
    const std::vector<Told> told = Watch(*session, SomeTokens(1));
    uint64_t bytes = 0;
    for (const Told& one : told) bytes += one.work.weight_bytes;
    // The model's number has the norms' vectors too.
    EXPECT_LE(bytes, model.info().decode_bytes);
    EXPECT_GE(bytes, model.info().decode_bytes - 5 * 32 * sizeof(float));
  }
}

TEST(Phases, CountWhatAttentionSeesAndWhatProductsMultiply) {
  TinySpec spec;
  spec.layers[1].window = 3;
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  SessionOptions options = TinyOptions(8, 1);
  options.all_logits = false;
  TestSession session(model, options);
  const std::vector<Told> told = Watch(*session, SomeTokens(8));
  // All 8 rows of the first layer, the last row of the second.
  const uint64_t seen = 8 * 9 / 2 + 3;
  const PhaseWork attention = Sum(told, Phase::kAttention);
  EXPECT_EQ(attention.cache_bytes, 2 * seen * 2 * 8 * sizeof(float));
  EXPECT_EQ(attention.multiply_adds, 2 * seen * 4 * 8);
  EXPECT_EQ(Sum(told, Phase::kDown).multiply_adds, 32u * 48 * (8 + 1));
  EXPECT_EQ(Sum(told, Phase::kHead).multiply_adds, 272u * 32);
}

TEST(Phases, AreToldToNobodyAfterTheCallThatAsked) {
  TinyModel tiny{TinySpec()};
  const Model model = tiny.Open();
  TestSession session(model, TinyOptions(4, 1));
  const std::vector<Told> told = Watch(*session, SomeTokens(2));
  const size_t before = told.size();
  ASSERT_TRUE(session->Feed(SomeTokens(2)).ok());
  EXPECT_EQ(told.size(), before);
}

TEST(Probe, ReadsAndMultipliesWithTheThreadsItGets) {
  TinyModel tiny{TinySpec()};
  const Model model = tiny.Open();
  for (const int threads : {1, 2, 0}) {
    auto probe = Probe::Create(model, 100000, threads);
    ASSERT_TRUE(probe.ok());
    const uint64_t bytes = probe->Read();
    EXPECT_GE(bytes, 100000u);
    EXPECT_LT(bytes, 100000u + 256 * 8 * 512);
    EXPECT_EQ(probe->Read(), bytes);
    EXPECT_EQ(probe->Multiply() % (uint64_t{64} * 128 * 512), 0u);
  }
}

TEST(Probe, SaysThatThereIsNotSoMuchMemory) {
  TinyModel tiny{TinySpec()};
  const Model model = tiny.Open();
  ErrorDetail detail;
  const auto probe = Probe::Create(model, SIZE_MAX / 2, 1, &detail);
  EXPECT_EQ(probe.status().code(), Code::kOutOfMemory);
  EXPECT_FALSE(detail.empty());
}

}  // namespace
}  // namespace quanta
