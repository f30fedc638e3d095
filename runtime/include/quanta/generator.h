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

enum class StopReason : uint8_t {
  kNone,       ///< still going
  kStopToken,  ///< the model ended the text
  kStopString, ///< a stop string appeared; it is not part of the text
  kMaxTokens,
  kContextFull,
};

struct GenerateOptions {
  SamplingOptions sampling;
  uint32_t max_tokens = 256;
  /// The text ends before the first of these; borrowed. At most kMaxStops, each at
  /// most kMaxStopBytes long and not empty.
  std::span<const std::string_view> stops;
  bool ignore_stop_tokens = false;
};

/// Text from a session, token by token: pull with Next until `stop` is set.
///
/// Pieces are whole UTF-8 characters; what might be the start of a stop string is
/// held back until it is certain. Allocates nothing.
class Generator {
 public:
  static constexpr size_t kMaxStops = 16;
  static constexpr size_t kMaxStopBytes = 128;

  /// Bytes for `storage` below.
  static size_t StorageBytes(const Model& model);

  /// The session must have been fed a prompt. All arguments are borrowed.
  /// Errors: kInvalidArgument (options, storage too small, nothing fed).
  static Result<Generator> Create(Session& session, const GenerateOptions& options,
                                  std::span<char> storage, ErrorDetail* detail = nullptr);

  struct Step {
    int32_t id = -1;          ///< the token chosen; -1 where none was
    std::string_view text;    ///< newly certain text, valid until the next call
    StopReason stop = StopReason::kNone;
  };

  /// Chooses and feeds one token. The step that stops carries the rest of the text;
  /// a stop token is reported in `id` and not fed. Do not call again after a stop.
  Result<Step> Next(ErrorDetail* detail = nullptr);

  uint32_t tokens() const { return produced_; }

 private:
  Generator(Session& session, const GenerateOptions& options, std::span<char> storage);
  /// Moves text that can no longer begin a stop string to the front of `storage_`.
  std::string_view Release(std::string_view piece, bool last, bool* stopped);

  Session* session_;
  GenerateOptions options_;
  TextDecoder decoder_;
  std::span<char> pending_;
  size_t pending_size_ = 0;
  size_t released_ = 0;
  uint32_t produced_ = 0;
};

}  // namespace quanta
