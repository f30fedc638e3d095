// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "converter/chat/observe.h"

/// What the two files of Observer share.
namespace quanta::converter {

inline constexpr size_t kNoMessage = SIZE_MAX;

[[noreturn]] inline void Unsupported(const Probe& probe, const std::string& what) {
  throw ChatError(Code::kUnsupported, "the chat template " + what + ", as in " + probe.Describe());
}

inline std::string Padded(std::string_view content) {
  std::string out(kPadBefore);
  return out.append(content).append(kPadAfter);
}

/// The wording that a message's content has in a conversation of markers.
inline Wording WordingIn(const Observation& full, size_t message) {
  if (full.refusal) return {};
  if (full.messages[message]) return *full.messages[message];
  for (const auto& insertion : full.insertions) {
    if (insertion) return *insertion;
  }
  return {};
}

/// Reads `text` from its start.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool Take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool at_end() const { return rest_.empty(); }

  /// What is left of the white space before and behind a content.
  Trim TakeStart() {
    if (Take(kPadBefore)) return Trim::kNone;
    return Take(kPadBefore.substr(1)) ? Trim::kNewlines : Trim::kAll;
  }
  Trim TakeEnd() {
    if (Take(kPadAfter)) return Trim::kNone;
    return Take(kPadAfter.substr(0, kPadAfter.size() - 1)) ? Trim::kNewlines : Trim::kAll;
  }

 private:
  std::string_view rest_;
};

}  // namespace quanta::converter
