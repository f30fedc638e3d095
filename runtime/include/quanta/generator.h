// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/session.h"
#include "quanta/status.h"
#include "quanta/tokenizer.h"

namespace quanta {

/// The values are part of the C ABI.
enum class StopReason : uint8_t {
  kNone = 0,        ///< still going
  kStopToken = 1,   ///< the model ended the text
  kStopString = 2,  ///< a stop string appeared; it is not part of the text
  kMaxTokens = 3,
  kContextFull = 4,
};

struct GenerateOptions {
  SamplingOptions sampling;
  uint32_t max_tokens = 256;
  /// The text ends before the first of these to be complete; borrowed. At most
  /// kMaxStops, each UTF-8, not empty and at most kMaxStopBytes long.
  std::span<const std::string_view> stops;
  bool ignore_stop_tokens = false;
};

/// Text from a session, token by token: pull with Next until `stop` is set.
///
/// Pieces are whole UTF-8 characters; what might be the start of a stop string is
/// held back until it is certain. Special tokens have no text. Allocates nothing.
class Generator {
 public:
  static constexpr size_t kMaxStops = 16;
  static constexpr size_t kMaxStopBytes = 128;

  /// Bytes for `storage` below.
  static size_t StorageBytes(const Model& model);

  /// The session must have been fed a prompt; it is seeded here. All arguments are
  /// borrowed. Errors: kInvalidArgument (options, storage too small, nothing fed).
  static Result<Generator> Create(Session& session, const GenerateOptions& options,
                                  std::span<char> storage, ErrorDetail* detail = nullptr);

  struct Step {
    int32_t id = -1;        ///< the token chosen; -1 where none was
    std::string_view text;  ///< newly certain text, valid until the next call
    StopReason stop = StopReason::kNone;
  };

  /// Chooses and feeds one token. The step that stops carries the rest of the text;
  /// its token is reported in `id` and not fed. A call after that changes nothing and
  /// reports the same reason. Errors: those of Session::Sample.
  Result<Step> Next(ErrorDetail* detail = nullptr);

  uint32_t tokens() const { return produced_; }  ///< chosen, stop tokens not counted

 private:
  Generator(Session& session, const GenerateOptions& options, std::span<char> storage);

  /// Adds text; false once a stop string is complete: the text then ends before it.
  bool Append(std::string_view text);
  /// The bytes at the end of the pending text that may begin a stop string.
  size_t HeldBack() const;
  Step Finish(int32_t id, StopReason reason);

  Session* session_;
  GenerateOptions options_;
  TextDecoder decoder_;
  std::span<char> pending_;  ///< text that no step has carried yet
  size_t pending_size_ = 0;
  size_t released_ = 0;  ///< of it, what the last step carried
  uint32_t produced_ = 0;
  StopReason stop_ = StopReason::kNone;
};

}  // namespace quanta
