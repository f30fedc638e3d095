// SPDX-License-Identifier: MIT
#include "runtime/llm/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quanta::llm {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// A total order (ids differ), so that no result depends on the sort's algorithm.
bool Likelier(const Candidate& a, const Candidate& b) {
  return a.value != b.value ? a.value > b.value : a.id < b.id;
}

/// For heaps: std's keep the greatest at the front, by this order the likeliest.
bool Unlikelier(const Candidate& a, const Candidate& b) { return Likelier(b, a); }

float Penalize(float logit, float penalty) { return logit > 0 ? logit / penalty : logit * penalty; }

/// Every id with its logit, after penalty and bias, at scratch[id].
void Adjust(std::span<const float> logits, const SamplingOptions& options,
            std::span<const int32_t> history, std::span<Candidate> scratch) {
  for (size_t i = 0; i < logits.size(); ++i) {
    const float logit = std::isnan(logits[i]) ? kNever : logits[i];
    scratch[i] = {logit, static_cast<int32_t>(i)};
  }
  if (options.repetition_penalty != 1) {
    const size_t window = options.repetition_window;
    if (window != 0 && window < history.size()) history = history.last(window);
    // From the logit itself: a token seen twice is penalized once.
    for (const int32_t id : history) {
      const auto i = static_cast<size_t>(id);
      if (!std::isnan(logits[i])) {
        scratch[i].value = Penalize(logits[i], options.repetition_penalty);
      }
    }
  }
  for (const SamplingOptions::Bias& bias : options.logit_bias) {
    float& value = scratch[static_cast<size_t>(bias.id)].value;
    // -inf means never, also for a logit of +inf.
    value = value == kNever || bias.value == kNever ? kNever : value + bias.value;
  }
}

/// The lowest of the ids with the greatest logit; -1 if none can be chosen.
int32_t Greatest(std::span<const float> logits) {
  float best = kNever;
  int32_t id = -1;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > best) {
      best = logits[i];
      id = static_cast<int32_t>(i);
    }
  }
  return id;
}

/// Turns logits into weights relative to the likeliest's, which is 1.
void Weigh(std::span<Candidate> candidates, float max, float temperature) {
  for (Candidate& c : candidates) {
    const double exponent = (double{c.value} - double{max}) / double{temperature};
    // Equal first: both may be infinite.
    c.value = c.value == max ? 1.0f : static_cast<float>(std::exp(exponent));
  }
}

double SumOf(std::span<const Candidate> candidates) {
  double sum = 0;
  for (const Candidate& c : candidates) sum += double{c.value};
  return sum;
}

/// The likeliest candidates whose sum first reaches `share` of all, in order.
std::span<Candidate> Nucleus(std::span<Candidate> candidates, double share) {
  const double enough = share * SumOf(candidates);
  std::make_heap(candidates.begin(), candidates.end(), Unlikelier);
  // Each pop puts the likeliest of the rest at the end: the nucleus grows there.
  double sum = 0;
  size_t rest = candidates.size();
  do {
    std::pop_heap(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(rest),
                  Unlikelier);
    sum += double{candidates[--rest].value};
  } while (sum < enough && rest != 0);
  const auto nucleus = candidates.subspan(rest);
  std::reverse(nucleus.begin(), nucleus.end());
  return nucleus;
}

std::span<Candidate> Filter(std::span<Candidate> candidates, const SamplingOptions& options) {
  float max = kNever;
  for (const Candidate& c : candidates) max = std::max(max, c.value);
  if (options.top_k != 0 && options.top_k < candidates.size()) {
    const auto end = candidates.begin() + static_cast<ptrdiff_t>(options.top_k);
    std::partial_sort(candidates.begin(), end, candidates.end(), Likelier);
    candidates = candidates.first(options.top_k);
  }
  Weigh(candidates, max, options.temperature);
  if (options.top_p < 1) candidates = Nucleus(candidates, double{options.top_p});
  if (options.min_p > 0) {
    const auto end = std::remove_if(candidates.begin(), candidates.end(),
                                    [&](const Candidate& c) { return c.value < options.min_p; });
    candidates = candidates.first(static_cast<size_t>(end - candidates.begin()));
  }
  return candidates;
}

int32_t Draw(std::span<const Candidate> candidates, Random* random) {
  const double target = random->Uniform() * SumOf(candidates);
  double sum = 0;
  int32_t id = candidates.front().id;
  for (const Candidate& c : candidates) {
    if (c.value == 0) continue;
    id = c.id;
    sum += double{c.value};
    if (sum > target) break;
  }
  return id;
}

Status BadOption(const char* name, const char* range, double value, ErrorDetail* detail) {
  return Fail(detail, Code::kInvalidArgument, "a sampling option is out of range",
              "%s is %g: it must be %s", name, value, range);
}

bool Between(float low, float value, float high) { return value >= low && value <= high; }

}  // namespace

uint64_t Random::Next() {
  state_ += 0x9E3779B97F4A7C15u;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

double Random::Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

Status CheckSampling(const SamplingOptions& options, uint32_t vocab, ErrorDetail* detail) {
  constexpr float kMax = std::numeric_limits<float>::max();
  if (!Between(0, options.temperature, kMax)) {
    return BadOption("temperature", "0 or more", double{options.temperature}, detail);
  }
  if (!Between(0, options.top_p, 1)) {
    return BadOption("top_p", "from 0 to 1", double{options.top_p}, detail);
  }
  if (!Between(0, options.min_p, 1)) {
    return BadOption("min_p", "from 0 to 1", double{options.min_p}, detail);
  }
  if (!Between(0, options.repetition_penalty, kMax) || options.repetition_penalty == 0) {
    return BadOption("repetition_penalty", "above 0", double{options.repetition_penalty}, detail);
  }
  for (const SamplingOptions::Bias& bias : options.logit_bias) {
    if (bias.id < 0 || static_cast<uint32_t>(bias.id) >= vocab) {
      return Fail(detail, Code::kInvalidArgument, "a logit bias is outside the vocabulary",
                  "a logit bias names token %d: the vocabulary has %u", bias.id, vocab);
    }
    if (!(bias.value <= kMax)) {
      return BadOption("a logit bias", "a number or -inf", double{bias.value}, detail);
    }
  }
  return {};
}

Result<int32_t> ChooseToken(std::span<const float> logits, const SamplingOptions& options,
                            std::span<const int32_t> history, std::span<Candidate> scratch,
                            Random* random, ErrorDetail* detail) {
  const bool adjusted = options.repetition_penalty != 1 || !options.logit_bias.empty();
  if (options.temperature == 0 && !adjusted) {
    if (const int32_t id = Greatest(logits); id >= 0) return id;
  }
  std::span<Candidate> candidates = scratch.first(logits.size());
  Adjust(logits, options, history, candidates);
  const auto end = std::remove_if(candidates.begin(), candidates.end(),
                                  [](const Candidate& c) { return c.value == kNever; });
  candidates = candidates.first(static_cast<size_t>(end - candidates.begin()));
  if (candidates.empty()) {
    return Fail(detail, Code::kInvalidArgument, "no token can be chosen",
                "no token has a usable logit: the bias excludes all, or the model is broken");
  }
  if (options.temperature == 0) {
    return std::min_element(candidates.begin(), candidates.end(), Likelier)->id;
  }
  return Draw(Filter(candidates, options), random);
}

}  // namespace quanta::llm
