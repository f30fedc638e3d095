// SPDX-License-Identifier: MIT
//
// Beside PyTorch: reference.py has the model again. Skipped where Python finds no torch.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "converter/json.h"
#include "runtime/format/roles.h"
#include "tests/train_host/small_batch.h"
#include "tests/train_host/temp_folder.h"
#include "train_host/model/transformer.h"
#include "train_host/optimizer/adamw.h"
#include "train_host/optimizer/schedule.h"

namespace quanta::train {
namespace {

using converter::Json;

constexpr size_t kRows = 3, kLength = 24;
constexpr int kSteps = 200;
constexpr double kClip = 1;

/// Debian's own Python, which is not always the first on the path.
std::string FindPython() {
  for (const char* python : {"/usr/bin/python3", "python3"}) {
    const std::string command = std::string(python) + " -c 'import torch' 2>/dev/null";
    if (std::system(command.c_str()) == 0) return python;
  }
  return {};
}

const std::string& Python() {
  static const std::string python = FindPython();
  return python;
}

Json Rows(const std::vector<int32_t>& values) {
  Json rows = Json::array();
  for (size_t row = 0; row < kRows; ++row) {
    const auto begin = values.begin() + static_cast<ptrdiff_t>(row * kLength);
    rows.push_back(std::vector<int32_t>(begin, begin + kLength));
  }
  return rows;
}

Json Describe(const Batch& batch) {
  std::vector<int32_t> documents(batch.tokens());
  for (size_t row = 0; row < batch.rows; ++row) {
    for (const Segment& segment : batch.SegmentsOf(row)) {
      for (uint32_t t = segment.begin; t < segment.end; ++t) {
        documents[row * batch.length + t] = static_cast<int32_t>(segment.begin);
      }
    }
  }
  return {{"ids", Rows(batch.ids)},
          {"targets", Rows(batch.targets)},
          {"positions", Rows(batch.positions)},
          {"documents", Rows(documents)}};
}

/// Tokens that follow from the ones before, so that there is something to learn.
Batch Learnable(uint32_t vocab, uint64_t seed) {
  Batch batch = testing::SmallBatch(kRows, kLength, vocab, seed);
  for (size_t t = 1; t < batch.tokens(); ++t) {
    if (batch.positions[t] != 0) {
      batch.ids[t] = (batch.ids[t - 1] * 5 + 3) % static_cast<int32_t>(vocab);
    }
  }
  for (size_t t = 0; t < batch.tokens(); ++t) {
    if (batch.targets[t] >= 0) batch.targets[t] = batch.ids[t + 1];
  }
  return batch;
}

struct Kind {
  const char* name;
  bool tied, qkv_bias, qk_norm;
};

class PyTorch : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    python_ = Python();
    if (python_.empty()) {
      GTEST_SKIP() << "no torch in Python: apt-get install python3-torch to compare with it";
    }
    shape_ = {.vocab = 61,
              .layers = 2,
              .hidden = 24,
              .heads = 4,
              .kv_heads = 2,
              .head_dim = 8,
              .ffn = 40,
              .context = kLength};
    shape_.tied = GetParam().tied;
    shape_.qkv_bias = GetParam().qkv_bias;
    shape_.qk_norm = GetParam().qk_norm;
    model_ = std::make_unique<Transformer<float>>(shape_, kRows, kLength, 2, InputQuantization());
    weights_.resize(model_->layout().size());
    Initialize(model_->layout(), shape_, 0.15, 3, weights_.data());
    for (int step = 0; step < kSteps; ++step) {
      batches_.push_back(Learnable(shape_.vocab, 50 + static_cast<uint64_t>(step)));
    }
    RunReference();
  }

  void RunReference() {
    Json tensors = Json::array();
    std::vector<std::string> matrices;
    for (const Parameter& p : model_->layout().parameters()) {
      tensors.push_back({format::RoleName(p.role), p.layer, p.rows, p.columns, p.offset});
      if (p.matrix) matrices.push_back(format::RoleName(p.role));
    }
    Json batches = Json::array();
    std::vector<double> rates;
    for (int step = 0; step < kSteps; ++step) {
      batches.push_back(Describe(batches_[static_cast<size_t>(step)]));
      rates.push_back(schedule_.At(static_cast<uint64_t>(step) + 1));
    }
    const Json job = {{"shape",
                       {{"layers", shape_.layers},
                        {"heads", shape_.heads},
                        {"kv_heads", shape_.kv_heads},
                        {"head_dim", shape_.head_dim},
                        {"norm_eps", shape_.norm_eps},
                        {"rope_theta", shape_.rope_theta}}},
                      {"tensors", tensors},
                      {"matrices", matrices},
                      {"batches", batches},
                      {"rates", rates},
                      {"decay", optimizer_.decay},
                      {"beta1", optimizer_.beta1},
                      {"beta2", optimizer_.beta2},
                      {"eps", optimizer_.eps},
                      {"clip", kClip}};
    folder_.Write("job.json", job.dump());
    folder_.Write("weights.f32", std::string(reinterpret_cast<const char*>(weights_.data()),
                                             weights_.size() * sizeof(float)));
    const std::string command = python_ + " " QUANTA_REFERENCE " '" + folder_.File("") + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    losses_ = Json::parse(folder_.Read("losses.json")).get<std::vector<double>>();
    ASSERT_EQ(losses_.size(), static_cast<size_t>(kSteps));
  }

  void CompareGradients();
  void CompareLosses();

  double MeanLoss(size_t step, std::vector<float>* gradient) {
    const Batch& batch = batches_[step];
    const auto targets = static_cast<double>(batch.target_count);
    std::fill(gradient->begin(), gradient->end(), 0.0f);
    return model_->Differentiate(weights_.data(), batch, {.scale = 1 / targets}, gradient->data()) /
           targets;
  }

  std::string python_;
  testing::TempFolder folder_;
  ModelShape shape_;
  const AdamWOptions optimizer_ = {};
  const Schedule schedule_ = {Decline::kCosine, 5e-3, 5e-4, 10, kSteps};
  std::unique_ptr<Transformer<float>> model_;
  std::vector<float> weights_;
  std::vector<Batch> batches_;
  std::vector<double> losses_;
};

TEST_P(PyTorch, HasTheSameGradientsAndTheSameLossesForTwoHundredSteps) {
  CompareGradients();
  CompareLosses();
}

void PyTorch::CompareGradients() {
  std::vector<float> gradient(weights_.size());
  EXPECT_NEAR(MeanLoss(0, &gradient), losses_[0], 1e-5 * losses_[0]);
  const std::string bytes = folder_.Read("gradient.f32");
  ASSERT_EQ(bytes.size(), gradient.size() * sizeof(float));
  const auto* expected = reinterpret_cast<const float*>(bytes.data());
  for (const Parameter& p : model_->layout().parameters()) {
    double difference = 0, size = 0;
    for (size_t i = p.offset; i < p.offset + p.count(); ++i) {
      difference += std::pow(double{gradient[i]} - double{expected[i]}, 2);
      size += std::pow(double{expected[i]}, 2);
    }
    EXPECT_GT(size, 0);
    EXPECT_LT(std::sqrt(difference), 1e-4 * std::sqrt(size))
        << format::RoleName(p.role) << " of layer " << p.layer;
  }
}

void PyTorch::CompareLosses() {
  std::vector<float> gradient(weights_.size()), m(weights_.size()), v(weights_.size());
  std::vector<UpdateRange> ranges;
  for (const Parameter& p : model_->layout().parameters()) {
    ranges.push_back({p.offset, p.count(), p.matrix});
  }
  std::vector<double> scratch;
  double worst = 0;
  for (uint64_t step = 1; step <= kSteps; ++step) {
    const double loss = MeanLoss(step - 1, &gradient);
    worst = std::max(worst, std::abs(loss / losses_[step - 1] - 1));
    ASSERT_NEAR(loss, losses_[step - 1], 0.01 * losses_[step - 1]) << "step " << step;
    const double norm = GradientNorm(gradient.data(), ranges, &scratch, 2);
    Update({weights_.data(), gradient.data(), m.data(), v.data(), ranges, schedule_.At(step),
            norm > kClip ? kClip / norm : 1, step},
           optimizer_, 2);
  }
  RecordProperty("largest_relative_difference", std::to_string(worst));
  EXPECT_LT(losses_.back(), 0.5 * losses_.front()) << "it learnt nothing";
}

INSTANTIATE_TEST_SUITE_P(Kinds, PyTorch,
                         ::testing::Values(Kind{"tied", true, false, false},
                                           Kind{"bias", true, true, false},
                                           Kind{"norms", false, false, true}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace quanta::train
