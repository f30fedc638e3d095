// SPDX-License-Identifier: MIT
#include "runtime/cli/live_session.h"

#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"

namespace quanta::cli {

LiveSession::LiveSession(const Model& model, const SessionOptions& options, std::string place)
    : place_(std::move(place)) {
  constexpr const char* kHint = "a smaller --context or --chunk needs less";
  ErrorDetail detail;
  const size_t bytes = Value(Session::Bytes(model, options, &detail), detail, place_);
  arena_ = Value(platform::PageBlock::Create(bytes, &detail), detail, place_, kHint);
  session_.emplace(Value(Session::Create(model, options, arena_.bytes(), &detail), detail, place_));
  storage_.resize(Generator::StorageBytes(model));
}

bool LiveSession::Feed(std::span<const int32_t> ids) {
  Session::FeedHooks hooks;
  hooks.proceed = [](void*, size_t, size_t) { return !Interrupted(); };
  ErrorDetail detail;
  const auto logits = session_->Feed(ids, hooks, &detail);
  if (logits.status().code() == Code::kCancelled) return false;
  Check(logits.status(), detail, place_);
  return true;
}

Generator LiveSession::Generate(const GenerateOptions& options) {
  ErrorDetail detail;
  return Value(Generator::Create(*session_, options, storage_, &detail), detail, place_);
}

void ThrowPromptTooLong(const std::string& place, size_t tokens, uint32_t context,
                        const Model& model) {
  throw Error(Code::kLimit, place,
              "the prompt has " + std::to_string(tokens) + " tokens, the context holds " +
                  std::to_string(context),
              context < model.info().context ? "use --context or shorten it" : "shorten it");
}

}  // namespace quanta::cli
