// SPDX-License-Identifier: MIT
//
// What the trainer computes is what the runtime computes with the converted checkpoint.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "converter/convert.h"
#include "quanta/model.h"
#include "quanta/session.h"
#include "tests/train_host/tiny_run.h"
#include "train_host/training/trainer.h"

namespace quanta::train {
namespace {

using converter::Json;

constexpr size_t kTokens = 40;

Batch OneRow(uint32_t vocab) {
  Batch batch;
  batch.rows = 1;
  batch.length = kTokens;
  for (size_t t = 0; t < kTokens; ++t) {
    batch.ids.push_back(static_cast<int32_t>((t * 31 + 7) % vocab));
    batch.positions.push_back(static_cast<int32_t>(t));
  }
  for (size_t t = 0; t + 1 < kTokens; ++t) batch.targets.push_back(batch.ids[t + 1]);
  batch.targets.push_back(-1);
  batch.target_count = kTokens - 1;
  batch.segments = {{0, kTokens}};
  batch.row_segments = {0, 1};
  return batch;
}

std::vector<float> RuntimeLogits(const std::string& path, const std::vector<int32_t>& ids) {
  const Model model = Model::Open(path.c_str()).value();
  const SessionOptions options = {.context = 48, .kv = KvType::kF32, .all_logits = true};
  platform::PageBlock arena =
      platform::PageBlock::Create(Session::Bytes(model, options).value(), nullptr).value();
  Session session = Session::Create(model, options, arena.bytes()).value();
  std::vector<float> logits;
  Session::FeedHooks hooks;
  hooks.context = &logits;
  hooks.on_logits = [](void* out, size_t, std::span<const float> rows) {
    static_cast<std::vector<float>*>(out)->insert(static_cast<std::vector<float>*>(out)->end(),
                                                  rows.begin(), rows.end());
  };
  EXPECT_TRUE(session.Feed(ids, hooks).ok());
  return logits;
}

/// The mean of -log p of the targets.
double Loss(const std::vector<float>& logits, const Batch& batch, size_t vocab) {
  double sum = 0;
  for (size_t t = 0; t + 1 < kTokens; ++t) {
    const float* row = logits.data() + t * vocab;
    const double top = *std::max_element(row, row + vocab);
    double total = 0;
    for (size_t i = 0; i < vocab; ++i) total += std::exp(double{row[i]} - top);
    sum += top + std::log(total) - double{row[batch.targets[t]]};
  }
  return sum / static_cast<double>(batch.target_count);
}

struct Kind {
  const char* name;
  const char* model;  ///< settings beyond the tiny ones
  format::Panel panel;
  double tolerance;  ///< of logits
};

class AfterConversion : public ::testing::TestWithParam<Kind> {};

TEST_P(AfterConversion, TheRuntimeComputesWhatTheTrainerDid) {
  const Kind& kind = GetParam();
  testing::TempFolder folder;
  Json config = testing::TinyConfig(folder);
  config["model"].update(Json::parse(kind.model));
  config["run"]["steps"] = 40;
  const bool qat = kind.panel == format::Panel::kQ8 || kind.panel == format::Panel::kQ4;
  if (qat) config["qat"] = {{"scheme", kind.panel == format::Panel::kQ8 ? "q8" : "q4"}};
  Trainer trainer(ParseTrainConfig(Json::parse(config.dump()), "c.json"), {});
  trainer.Run();
  const uint32_t vocab = trainer.shape().vocab;
  const Batch batch = OneRow(vocab);
  std::vector<float> expected(kTokens * vocab);
  trainer.model().Logits(trainer.effective(), batch, expected.data());

  converter::ConvertOptions options;
  options.checkpoint = folder.File("out/last");
  options.output = folder.File("m.qfb");
  options.scheme = kind.panel;
  converter::Progress quiet(converter::Progress::Style::kNone, nullptr, nullptr);
  converter::Convert(options, &quiet);
  const std::vector<float> logits = RuntimeLogits(options.output, batch.ids);
  ASSERT_EQ(logits.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    worst = std::max(worst, std::abs(double{logits[i]} - double{expected[i]}));
  }
  EXPECT_LT(worst, kind.tolerance);
  const double ours = Loss(expected, batch, vocab), theirs = Loss(logits, batch, vocab);
  RecordProperty("largest_difference_of_logits", std::to_string(worst));
  RecordProperty("relative_difference_of_perplexity", std::to_string(std::exp(theirs - ours) - 1));
  EXPECT_NEAR(std::exp(theirs - ours), 1, kind.panel == format::Panel::kF32 ? 1e-5 : 2e-3);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, AfterConversion,
    ::testing::Values(
        Kind{"llama", "{}", format::Panel::kF32, 2e-5},
        Kind{"untied", R"({"tied": false, "rope_theta": 5000})", format::Panel::kF32, 2e-5},
        Kind{"qwen2", R"({"qkv_bias": true})", format::Panel::kF32, 2e-5},
        Kind{"qwen3", R"({"qk_norm": true, "head_dim": 16})", format::Panel::kF32, 2e-5},
        // A sum that differs in its last bit can make an int8 input differ by one.
        Kind{"q8", "{}", format::Panel::kQ8, 0.1}, Kind{"q4", "{}", format::Panel::kQ4, 0.1}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace quanta::train
