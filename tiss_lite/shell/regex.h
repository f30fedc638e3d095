// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace quanta::lite {

/// A regular expression without back references, matched in time linear in the text (times the
/// pattern's size), whatever both say: . [a-z] [^...] [[:alpha:]] * + ? {m} {m,} {m,n} {,n} | ( )
/// ^ $ and backslash escapes. Works on bytes.
class Regex {
 public:
  /// Null, or what is wrong with the pattern. `any_case`: ASCII letters stand for both of theirs.
  const char* Compile(std::string_view pattern, bool any_case = false);
  /// True if some part of `text` matches.
  bool FoundIn(std::string_view text) const;
  /// How many steps each byte of a text can take at most.
  size_t size() const { return states_.size(); }

 private:
  friend class RegexCompiler;
  struct State {
    enum class Kind : uint8_t { kBytes, kSplit, kBegin, kEnd, kMatch };
    Kind kind = Kind::kMatch;
    uint32_t bytes = 0;  ///< of kBytes: which of sets_
    uint32_t next = 0, other = 0;
  };
  void Add(uint32_t state, bool at_begin, bool at_end, std::vector<uint32_t>* list,
           std::vector<bool>* seen) const;

  std::vector<State> states_;
  std::vector<std::bitset<256>> sets_;
  uint32_t start_ = 0;
};

}  // namespace quanta::lite
