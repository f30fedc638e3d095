// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "quanta/generator.h"
#include "quanta/model.h"
#include "quanta/session.h"
#include "runtime/platform/platform.h"

namespace quanta::cli {

/// A session with the memory it lives in. Ctrl-C stops what it does between chunks.
class LiveSession {
 public:
  /// `place`: the model's path, for errors. Throws Error.
  LiveSession(const Model& model, const SessionOptions& options, std::string place);

  Session& session() { return *session_; }
  size_t bytes() const { return arena_.bytes().size(); }

  /// Appends `ids`. False if it was interrupted. Throws Error.
  bool Feed(std::span<const int32_t> ids);

  /// Throws Error.
  Generator Generate(const GenerateOptions& options);

 private:
  std::string place_;
  platform::PageBlock arena_;
  std::string storage_;  ///< of the generator
  std::optional<Session> session_;
};

/// Where to get more: "the prompt has N tokens, the context holds M; ...".
[[noreturn]] void ThrowPromptTooLong(const std::string& place, size_t tokens, uint32_t context,
                                     const Model& model);

}  // namespace quanta::cli
