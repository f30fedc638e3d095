// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/check.h"

namespace quanta::converter {

/// A semantic version: a new major number breaks what relied on the old one.
struct Version {
  uint16_t major, minor, patch;
};

/// Things of one kind that are looked up by name instead of by a switch. Entry has a
/// `name` and a `version`; entries live as long as the program.
/// Threads: add at start, then read from any.
template <class Entry>
class Registry {
 public:
  void Add(const Entry* entry) {
    for (const Entry* other : entries_) QUANTA_CHECK(other->name != entry->name);
    entries_.push_back(entry);
  }

  const std::vector<const Entry*>& entries() const { return entries_; }

  /// "a, b, c": for messages.
  std::string Names() const {
    std::string names;
    for (const Entry* entry : entries_) {
      names += (names.empty() ? "" : ", ") + std::string(entry->name);
    }
    return names;
  }

 private:
  std::vector<const Entry*> entries_;
};

}  // namespace quanta::converter
