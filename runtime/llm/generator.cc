// SPDX-License-Identifier: MIT
#include "quanta/generator.h"

#include <algorithm>
#include <cstring>

#include "runtime/llm/sampler.h"

namespace quanta {
namespace {

/// Room for what is held back and for what two more calls of the decoder may give.
size_t PendingBytes(const Tokenizer& tokenizer) {
  return Generator::kMaxStopBytes + 2 * TextDecoder::StorageBytes(tokenizer);
}

Status CheckStops(std::span<const std::string_view> stops, ErrorDetail* detail) {
  if (stops.size() > Generator::kMaxStops) {
    return Fail(detail, Code::kInvalidArgument, "too many stop strings",
                "%zu stop strings were given: at most %zu can be", stops.size(),
                Generator::kMaxStops);
  }
  for (const std::string_view stop : stops) {
    if (stop.empty() || stop.size() > Generator::kMaxStopBytes) {
      return Fail(detail, Code::kInvalidArgument, "a stop string has a wrong length",
                  "a stop string has %zu bytes: it must have from 1 to %zu", stop.size(),
                  Generator::kMaxStopBytes);
    }
    // One that began inside a character would cut the text there.
    if ((static_cast<unsigned char>(stop.front()) & 0xC0) == 0x80) {
      return Fail(detail, Code::kInvalidArgument, "a stop string is not UTF-8",
                  "a stop string begins inside a UTF-8 character");
    }
  }
  return {};
}

}  // namespace

size_t Generator::StorageBytes(const Model& model) {
  return TextDecoder::StorageBytes(model.tokenizer()) + PendingBytes(model.tokenizer());
}

Result<Generator> Generator::Create(Session& session, const GenerateOptions& options,
                                    std::span<char> storage, ErrorDetail* detail) {
  const size_t needed = StorageBytes(session.model());
  if (storage.size() < needed) {
    return Fail(detail, Code::kInvalidArgument, "the generator's storage is too small",
                "the generator needs %zu bytes, its storage has %zu", needed, storage.size());
  }
  if (session.position() == 0) {
    return Fail(detail, Code::kInvalidArgument, "nothing was fed",
                "nothing was fed to the session: feed a prompt first");
  }
  QUANTA_TRY(llm::CheckSampling(options.sampling, session.model().info().vocab, detail));
  QUANTA_TRY(CheckStops(options.stops, detail));
  session.Seed(options.sampling.seed);
  return Generator(session, options, storage);
}

Generator::Generator(Session& session, const GenerateOptions& options, std::span<char> storage)
    : session_(&session),
      options_(options),
      decoder_(session.model().tokenizer(),
               storage.first(TextDecoder::StorageBytes(session.model().tokenizer())),
               /*skip_special=*/true),
      pending_(storage.subspan(TextDecoder::StorageBytes(session.model().tokenizer()))) {}

Result<Generator::Step> Generator::Next(ErrorDetail* detail) {
  pending_size_ -= released_;
  std::memmove(pending_.data(), pending_.data() + released_, pending_size_);
  released_ = 0;
  if (stop_ != StopReason::kNone) return Step{-1, {}, stop_};
  if (produced_ >= options_.max_tokens) return Finish(-1, StopReason::kMaxTokens);

  QUANTA_ASSIGN(const int32_t id, session_->Sample(options_.sampling, detail));
  if (!options_.ignore_stop_tokens && session_->model().tokenizer().IsStop(id)) {
    return Finish(id, StopReason::kStopToken);
  }
  ++produced_;
  if (!Append(decoder_.Push(id))) return Finish(id, StopReason::kStopString);
  if (produced_ == options_.max_tokens) return Finish(id, StopReason::kMaxTokens);
  if (session_->position() == session_->context()) return Finish(id, StopReason::kContextFull);

  QUANTA_TRY(session_->Feed({&id, 1}, detail).status());
  released_ = pending_size_ - HeldBack();
  return Step{id, {pending_.data(), released_}, StopReason::kNone};
}

/// The last step: nothing is held back any more.
Generator::Step Generator::Finish(int32_t id, StopReason reason) {
  if (reason != StopReason::kStopString && !Append(decoder_.Finish())) {
    reason = StopReason::kStopString;
  }
  stop_ = reason;
  released_ = pending_size_;
  return {id, {pending_.data(), released_}, reason};
}

bool Generator::Append(std::string_view text) {
  // Byte by byte, so that the stop string which is complete first wins, however
  // the text is cut into tokens.
  for (const char c : text) {
    QUANTA_CHECK(pending_size_ < pending_.size());
    pending_[pending_size_++] = c;
    const std::string_view pending(pending_.data(), pending_size_);
    size_t longest = 0;
    for (const std::string_view stop : options_.stops) {
      if (pending.ends_with(stop)) longest = std::max(longest, stop.size());
    }
    if (longest != 0) {
      pending_size_ -= longest;
      return false;
    }
  }
  return true;
}

size_t Generator::HeldBack() const {
  const std::string_view pending(pending_.data(), pending_size_);
  size_t held = 0;
  for (const std::string_view stop : options_.stops) {
    for (size_t n = std::min(stop.size() - 1, pending.size()); n > held; --n) {
      if (pending.ends_with(stop.substr(0, n))) {
        held = n;
        break;
      }
    }
  }
  return held;
}

}  // namespace quanta
