// SPDX-License-Identifier: MIT
#include "converter/self_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/error.h"
#include "quanta/model.h"
#include "quanta/session.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

constexpr const char* kPrompt = "The quick brown fox jumps over the lazy dog. Once upon a time";
constexpr uint32_t kSteps = 16;
constexpr uint32_t kFixedIds = 8;

std::vector<int32_t> PromptIds(const Model& model, bool has_tokenizer) {
  std::vector<int32_t> ids;
  if (has_tokenizer) {
    TokenBuffer buffer;
    Check(model.tokenizer().Encode(kPrompt, {}, &buffer), ErrorDetail());
    ids.assign(buffer.ids().begin(), buffer.ids().end());
  } else {
    for (uint32_t i = 0; i < kFixedIds; ++i) {
      ids.push_back(static_cast<int32_t>((i * 37 + 1) % model.info().vocab));
    }
  }
  return ids;
}

/// The largest logit and how far the next one is below it. The first of equals wins, as
/// in the sampler.
struct Choice {
  int32_t id = 0;
  float margin = 0;
};

Choice Best(std::span<const float> logits) {
  float first = -std::numeric_limits<float>::infinity(), second = first;
  Choice choice;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) {
      throw Error(Code::kInternal, "", "the self-test computed a logit that is not finite",
                  "the weights may be damaged; --no-self-test converts them anyway");
    }
    if (logits[i] > first) {
      second = first;
      first = logits[i];
      choice.id = static_cast<int32_t>(i);
    } else {
      second = std::max(second, logits[i]);
    }
  }
  // A vocabulary of one has no second.
  choice.margin = std::isfinite(second) ? first - second : 0.0f;
  return choice;
}

}  // namespace

format::SelfTest SelfTestRecord::View() const {
  return {prompt, ids, expected, margins, tolerance};
}

float SelfTestTolerance(std::span<const format::Panel> panels) {
  float tolerance = 1e-3f;
  for (const format::Panel panel : panels) {
    // With q8 and q4 a rounding of f32 can move an activation by one of its 255 steps.
    const float of_panel = panel == format::Panel::kF32   ? 1e-3f
                           : panel == format::Panel::kF16 ? 5e-3f
                                                          : 0.1f;
    tolerance = std::max(tolerance, of_panel);
  }
  return tolerance;
}

SelfTestRecord RecordSelfTest(const std::string& path, bool has_tokenizer, float tolerance) {
  ErrorDetail detail;
  const Model model = Value(Model::Open(path.c_str(), {}, &detail), detail);
  SelfTestRecord record;
  record.ids = PromptIds(model, has_tokenizer);
  record.tolerance = tolerance;
  const uint32_t context = model.info().context;
  if (has_tokenizer && record.ids.size() < context) {
    record.prompt = kPrompt;
  } else {
    // In a tiny context as many ids as leave room for a step: no longer those of a text.
    record.ids.resize(std::min<size_t>(record.ids.size(), context - 1));
  }
  if (record.ids.empty()) return {};

  const auto prompt = static_cast<uint32_t>(record.ids.size());
  const uint32_t steps = std::min(kSteps, context - prompt);
  SessionOptions options;
  options.kv = KvType::kF32;
  options.context = prompt + steps;
  const size_t bytes = Value(Session::Bytes(model, options, &detail), detail);
  const auto arena = Value(platform::PageBlock::Create(bytes, &detail), detail);
  Session session = Value(Session::Create(model, options, arena.bytes(), &detail), detail);

  std::span<const float> logits = Value(session.Feed(record.ids, &detail), detail);
  for (uint32_t step = 0; step < steps; ++step) {
    const Choice choice = Best(logits);
    record.expected.push_back(choice.id);
    record.margins.push_back(choice.margin);
    if (step + 1 < steps) logits = Value(session.Feed({&choice.id, 1}, &detail), detail);
  }
  return record;
}

}  // namespace quanta::converter
