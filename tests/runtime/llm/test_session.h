// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "quanta/session.h"
#include "tests/runtime/llm/tiny_model.h"

namespace quanta::testing {

/// Asserts that a Status or Result is ok, else shows `detail`.
#define ASSERT_OK_DETAIL(r, detail) ASSERT_TRUE((r).ok()) << (detail).text()

/// A session with an arena of exactly its size.
class TestSession {
 public:
  explicit TestSession(const Model& model, const SessionOptions& options = {})
      : arena_(BytesOf(model, options)) {
    ErrorDetail detail;
    auto session = Session::Create(model, options, arena_.span(), &detail);
    if (!session.ok()) Panic(detail.text(), __FILE__, __LINE__);
    session_.emplace(std::move(session).value());
  }

  Session& operator*() { return *session_; }
  Session* operator->() { return &*session_; }

  static size_t BytesOf(const Model& model, const SessionOptions& options) {
    ErrorDetail detail;
    auto bytes = Session::Bytes(model, options, &detail);
    if (!bytes.ok()) Panic(detail.text(), __FILE__, __LINE__);
    return *bytes;
  }

 private:
  AlignedBytes arena_;
  std::optional<Session> session_;
};

/// Options of a tiny session; all_logits, so that AllLogits works.
inline SessionOptions TinyOptions(uint32_t chunk, int threads, KvType kv = KvType::kF32) {
  SessionOptions options;
  options.chunk = chunk;
  options.threads = threads;
  options.kv = kv;
  options.all_logits = true;
  return options;
}

/// The logits of every token [tokens, vocab], fed in calls of `step` tokens (0: all at
/// once), within which the session's chunk cuts again.
inline std::vector<float> AllLogits(Session& session, std::span<const int32_t> tokens,
                                    size_t step = 0) {
  std::vector<float> all;
  Session::FeedHooks hooks;
  hooks.context = &all;
  hooks.on_logits = [](void* context, size_t, std::span<const float> logits) {
    auto* to = static_cast<std::vector<float>*>(context);
    to->insert(to->end(), logits.begin(), logits.end());
  };
  if (step == 0) step = tokens.size();
  for (size_t at = 0; at < tokens.size(); at += step) {
    ErrorDetail detail;
    auto fed = session.Feed(tokens.subspan(at, std::min(step, tokens.size() - at)), hooks, &detail);
    if (!fed.ok()) Panic(detail.text(), __FILE__, __LINE__);
  }
  return all;
}

/// Some tokens of a tiny model.
inline std::vector<int32_t> SomeTokens(size_t count, uint32_t vocab = kTinyVocab) {
  std::vector<int32_t> tokens;
  uint32_t state = 12345;
  for (size_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;
    tokens.push_back(static_cast<int32_t>((state >> 8) % vocab));
  }
  return tokens;
}

template <class T>
double MaxDifference(std::span<const float> a, const std::vector<T>& b) {
  if (a.size() != b.size()) return INFINITY;
  double max = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(double{a[i]} - static_cast<double>(b[i]));
    max = difference <= max ? max : difference;  // NaN counts
  }
  return max;
}

}  // namespace quanta::testing
