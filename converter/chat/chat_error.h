// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

#include "quanta/status.h"

namespace quanta::converter {

/// Why a template cannot be compiled. Stays inside this folder: CompileChatTemplate
/// turns it into a Status.
class ChatError : public std::runtime_error {
 public:
  ChatError(Code code, const std::string& text) : std::runtime_error(text), code_(code) {}
  Code code() const { return code_; }

 private:
  Code code_;
};

}  // namespace quanta::converter
