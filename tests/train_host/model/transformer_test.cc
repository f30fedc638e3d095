// SPDX-License-Identifier: MIT
//
// The whole model: gradients of every parameter against central differences, and what its
// results may not depend on.
#include "train_host/model/transformer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/train_host/gradient_check.h"
#include "tests/train_host/small_batch.h"

namespace quanta::train {
namespace {

using testing::ExpectGradient;
using testing::Randoms;
using testing::SmallBatch;

ModelShape Tiny() {
  return {.vocab = 13,
          .layers = 2,
          .hidden = 6,
          .heads = 4,
          .kv_heads = 2,
          .head_dim = 4,
          .ffn = 7,
          .context = 10};
}

struct Kind {
  const char* name;
  bool tied, qkv_bias, qk_norm;
  double dropout, smoothing;
};

class TransformerGradient : public ::testing::TestWithParam<Kind> {};

TEST_P(TransformerGradient, EqualsDifferencesInEveryParameter) {
  ModelShape shape = Tiny();
  shape.tied = GetParam().tied;
  shape.qkv_bias = GetParam().qkv_bias;
  shape.qk_norm = GetParam().qk_norm;
  Transformer<double> model(shape, 2, 10, 2, {});
  const Batch batch = SmallBatch(2, 10, shape.vocab);
  const std::vector<double> weights = Randoms(model.layout().size(), 3, 0.4);
  std::vector<double> gradient(weights.size());
  const PassOptions options = {
      .scale = 0.5, .smoothing = GetParam().smoothing, .dropout = GetParam().dropout, .seed = 9};
  model.Differentiate(weights.data(), batch, options, gradient.data());
  std::vector<double> ignored(weights.size());
  ExpectGradient(GetParam().name, weights, gradient, [&](const std::vector<double>& w) {
    return 0.5 * model.Differentiate(w.data(), batch, options, ignored.data());
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, TransformerGradient,
                         ::testing::Values(Kind{"tied", true, false, false, 0, 0},
                                           Kind{"untied", false, false, false, 0, 0.1},
                                           Kind{"bias", true, true, false, 0.2, 0},
                                           Kind{"norms", false, false, true, 0, 0}),
                         [](const auto& param) { return param.param.name; });

class TransformerResults : public ::testing::Test {
 protected:
  ModelShape shape_ = Tiny();
  const ParameterLayout layout_{shape_};
  std::vector<float> Weights() const {
    std::vector<float> weights(layout_.size());
    Initialize(layout_, shape_, 0.3, 5, weights.data());
    return weights;
  }
};

TEST_F(TransformerResults, DoNotDependOnTheNumberOfThreads) {
  shape_.context = 300;  // more than a row block
  const Batch batch = SmallBatch(3, 300, shape_.vocab);
  std::vector<std::vector<float>> gradients;
  std::vector<double> losses;
  for (const int threads : {1, 2}) {
    Transformer<float> model(shape_, 3, 300, threads, {});
    gradients.emplace_back(layout_.size());
    losses.push_back(model.Differentiate(Weights().data(), batch, {.dropout = 0.1, .seed = 4},
                                         gradients.back().data()));
  }
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(gradients[0], gradients[1]);
}

TEST_F(TransformerResults, EvaluationIsTheLossWithoutDropout) {
  Transformer<float> model(shape_, 2, 10, 1, {});
  const Batch batch = SmallBatch(2, 10, shape_.vocab);
  std::vector<float> gradient(layout_.size());
  const std::vector<float> weights = Weights();
  EXPECT_EQ(model.Evaluate(weights.data(), batch),
            model.Differentiate(weights.data(), batch, {}, gradient.data()));
}

TEST_F(TransformerResults, ADocumentsLossDoesNotDependOnItsRow) {
  Transformer<float> model(shape_, 1, 10, 1, {});
  const std::vector<float> weights = Weights();
  Batch together = SmallBatch(1, 10, shape_.vocab);  // several documents
  ASSERT_GT(together.segments.size(), 1u);
  double sum = 0;
  for (const Segment& segment : together.segments) {
    sum += model.Evaluate(weights.data(), testing::Part(together, segment));
  }
  EXPECT_NEAR(model.Evaluate(weights.data(), together), sum, 1e-4);
}

TEST_F(TransformerResults, GradientsAdd) {
  Transformer<float> model(shape_, 2, 10, 1, {});
  const Batch batch = SmallBatch(2, 10, shape_.vocab);
  const std::vector<float> weights = Weights();
  std::vector<float> once(layout_.size()), twice(layout_.size());
  model.Differentiate(weights.data(), batch, {}, once.data());
  model.Differentiate(weights.data(), batch, {}, twice.data());
  model.Differentiate(weights.data(), batch, {}, twice.data());
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_NEAR(twice[i], 2 * once[i], 1e-4 * (1 + std::abs(once[i]))) << i;
  }
}

TEST_F(TransformerResults, InputsRoundedToInt8ChangeTheLossALittle) {
  Transformer<float> plain(shape_, 2, 10, 1, {});
  Transformer<float> rounded(shape_, 2, 10, 1, {.layers = true, .head = true});
  const Batch batch = SmallBatch(2, 10, shape_.vocab);
  const std::vector<float> weights = Weights();
  const double exact = plain.Evaluate(weights.data(), batch);
  const double near = rounded.Evaluate(weights.data(), batch);
  EXPECT_NE(exact, near);
  EXPECT_NEAR(exact, near, 0.02 * exact);
}

}  // namespace
}  // namespace quanta::train
