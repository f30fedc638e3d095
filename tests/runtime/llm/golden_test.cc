// SPDX-License-Identifier: MIT
// The fixture checkpoints, converted with --quant f32, against the logits and greedy
// ids that PyTorch gave for them.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "quanta/self_test.h"
#include "tests/runtime/llm/test_session.h"
#include "tests/support/checkpoints.h"
#include "tests/support/npy.h"

namespace quanta {
namespace {

using testing::AllLogits;
using testing::NpyArray;
using testing::ReadNpy;
using testing::TestSession;
using testing::TinyOptions;

constexpr double kTolerance = 1e-3;
/// A cache of f16 rounds keys and values to 11 bits.
constexpr double kHalfCacheTolerance = 2e-2;

std::string GoldenDir() {
  const char* dir = std::getenv("QUANTA_GOLDEN_DIR");
  return dir != nullptr ? dir : QUANTA_GOLDEN_DIR;
}

struct Way {
  const char* name;
  uint32_t chunk;
  size_t step;  ///< tokens per call, 0 = all
};
constexpr Way kWays[] = {{"one chunk", 64, 0}, {"chunks of 7", 7, 0}, {"token by token", 64, 1}};

class GoldenTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string path = GoldenDir() + "/" + GetParam() + ".qfb";
    ErrorDetail detail;
    auto model = Model::Open(path.c_str(), OpenOptions(), &detail);
    ASSERT_TRUE(model.ok()) << detail.text() << "\nThe build target `golden` makes these files.";
    model_.emplace(std::move(model).value());

    const std::string golden = std::string(QUANTA_TEST_DATA "/hf/") + GetParam() + "/golden/";
    const auto inputs = ReadNpy<int64_t>(golden + "input_ids.npy");
    logits_ = ReadNpy<float>(golden + "logits.npy");
    greedy_ = ReadNpy<int64_t>(golden + "greedy.npy");
    ASSERT_EQ(inputs.shape, (std::vector<size_t>{2, 48})) << golden;
    ASSERT_EQ(logits_.shape, (std::vector<size_t>{2, 48, model_->info().vocab}));
    ASSERT_EQ(greedy_.shape, (std::vector<size_t>{2, 32}));
    for (const int64_t id : inputs.values) inputs_.push_back(static_cast<int32_t>(id));
  }

  std::span<const int32_t> Prompt(size_t row) const {
    return std::span(inputs_).subspan(row * 48, 48);
  }
  std::vector<float> Expected(size_t row) const {
    const size_t count = 48 * model_->info().vocab;
    const auto begin = logits_.values.begin() + static_cast<ptrdiff_t>(row * count);
    return std::vector<float>(begin, begin + static_cast<ptrdiff_t>(count));
  }

  std::vector<int64_t> Greedy(Session& session) {
    std::vector<int64_t> ids;
    while (ids.size() < 32) {
      const int32_t id = session.Sample({}).value();
      ids.push_back(id);
      EXPECT_TRUE(session.Feed({&id, 1}).ok());
    }
    return ids;
  }

  std::optional<Model> model_;
  std::vector<int32_t> inputs_;
  NpyArray<float> logits_;
  NpyArray<int64_t> greedy_;
};

TEST_P(GoldenTest, LogitsAndGreedyIdsAreTheReferences) {
  for (const KvType kv : {KvType::kF32, KvType::kF16}) {
    const bool half = kv == KvType::kF16;
    double worst = 0;
    for (size_t row = 0; row < 2; ++row) {
      std::vector<float> first;
      std::vector<int64_t> first_ids;
      for (const Way& way : kWays) {
        for (const int threads : {1, 2}) {
          SCOPED_TRACE(std::string(way.name) + ", " + std::to_string(threads) + " threads");
          TestSession session(*model_, TinyOptions(way.chunk, threads, kv));
          const auto logits = AllLogits(*session, Prompt(row), way.step);
          const auto ids = Greedy(*session);
          if (first.empty()) {
            worst = std::max(worst, testing::MaxDifference(logits, Expected(row)));
            first = logits;
            first_ids = ids;
          }
          // Bit for bit the same: so this one error holds for all.
          EXPECT_EQ(logits, first);
          EXPECT_EQ(ids, first_ids);
        }
      }
      const auto begin = greedy_.values.begin() + static_cast<ptrdiff_t>(row * 32);
      const std::vector<int64_t> expected(begin, begin + 32);
      if (!half) {
        EXPECT_EQ(first_ids, expected);
      }
    }
    EXPECT_LT(worst, half ? kHalfCacheTolerance : kTolerance);
    std::printf("%s, %s cache: largest error of a logit %.3g\n", GetParam(), half ? "f16" : "f32",
                worst);
  }
}

TEST_P(GoldenTest, PassesItsOwnSelfTest) {
  if (!model_->info().has_self_test) GTEST_SKIP() << "the file carries none";
  ErrorDetail detail;
  const auto report = RunSelfTest(*model_, 0, &detail);
  ASSERT_TRUE(report.ok()) << detail.text();
  EXPECT_GT(report.value().judged, 0u);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, GoldenTest, ::testing::ValuesIn(testing::kCheckpoints),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace quanta
