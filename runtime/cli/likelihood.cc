// SPDX-License-Identifier: MIT
#include "runtime/cli/likelihood.h"

#include <algorithm>
#include <cmath>

#include "quanta/check.h"

namespace quanta::cli {
namespace {

/// log of the sum of exp(logits).
double LogOfSum(std::span<const float> logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  return top + std::log(sum);
}

}  // namespace

double NegativeLogLikelihood(std::span<const float> logits, int32_t id) {
  return LogOfSum(logits) - static_cast<double>(logits[static_cast<size_t>(id)]);
}

double Divergence(std::span<const float> truth, std::span<const float> other) {
  QUANTA_CHECK(truth.size() == other.size());
  const double of_truth = LogOfSum(truth);
  const double of_other = LogOfSum(other);
  double sum = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const double log_p = static_cast<double>(truth[i]) - of_truth;
    const double log_q = static_cast<double>(other[i]) - of_other;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  return std::max(sum, 0.0);  // rounding
}

size_t Likeliest(std::span<const float> logits) {
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace quanta::cli
