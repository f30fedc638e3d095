// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// What logits say about the next token, in double precision and natural logarithms.
namespace quanta::cli {

/// -log of the probability that softmax(logits) gives `id`.
double NegativeLogLikelihood(std::span<const float> logits, int32_t id);

/// How far the distribution softmax(other) is from softmax(truth), both [vocab]: the sum of
/// p log(p / q). 0 only where they are equal.
/// Source: Kullback & Leibler 1951, eq. 2.4.
double Divergence(std::span<const float> truth, std::span<const float> other);

/// The likeliest token; of equal ones the first, as greedy sampling takes it.
size_t Likeliest(std::span<const float> logits);

}  // namespace quanta::cli
