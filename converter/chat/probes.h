// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/chat.h"
#include "runtime/text/chat_conditions.h"

namespace quanta::converter {

/// A conversation that owns its texts.
struct Probe {
  std::vector<ChatRole> roles;
  std::vector<std::string> contents;  ///< one per role
  bool generation_prompt = false;

  std::vector<ChatMessage> Messages() const;  ///< borrows
  std::string Describe() const;               ///< for an error: short, one line
};

/// A text for message `index` that occurs nowhere else.
std::string Marker(size_t index);

/// A text that stands for a thought.
inline constexpr char kThoughtMarker[] = "QqZkXvJ";

/// White space that no template writes, to see whether it survives: all of it, all but
/// the line feeds at the outer end, or nothing.
inline constexpr std::string_view kPadBefore = "\n\t \n\t ";
inline constexpr std::string_view kPadAfter = "\t\n \t\n";

/// What a message says that says nothing: kept, trimmed, or skipped by the template.
inline constexpr const char* kNothings[] = {"", " \n\t "};

/// Conversations to learn from, contents all markers: every order of roles up to four
/// messages, and longer ones that a user could have; with and without the generation
/// prompt.
std::vector<Probe> TeachingProbes();

/// Conversations to check with: other orders of roles, contents of every kind, and
/// whatever `literals` (the template's own strings) and `marks` might react to.
/// Deterministic.
std::vector<Probe> CheckingProbes(const std::vector<std::string>& literals,
                                  const text::ChatMarks& marks);

}  // namespace quanta::converter
