// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "quanta/chat.h"

namespace quanta::converter {

/// What a template makes of a conversation.
struct Rendering {
  enum class Kind {
    kText,
    kRefused,  ///< raise_exception: `text` is its message
    kFailed,   ///< the template itself failed: `text` says how
  };
  Kind kind = Kind::kText;
  std::string text;

  friend bool operator==(const Rendering&, const Rendering&) = default;
};

/// As templates know it.
inline const char* RoleName(ChatRole role) {
  constexpr const char* kNames[] = {"system", "user", "assistant"};
  return kNames[static_cast<int>(role)];
}

}  // namespace quanta::converter
