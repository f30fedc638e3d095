// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::fuzz {

/// Choices made by bytes: the same bytes choose the same. When they are used up, all is 0.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  /// In [0, bound), which is at most 65536.
  size_t Below(size_t bound);
  bool left() const { return at_ < size_; }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

/// A context-free grammar that writes texts.
class Grammar {
 public:
  struct Rule {
    std::string_view name;
    /// One for each way to write it; "<x>" in them stands for the rule x, all else for itself.
    /// The first must lead to an end: it is taken once the choices are used up.
    std::vector<std::string_view> ways;
  };
  /// Stops the process if a rule is missing. The rules' texts must outlive the grammar.
  explicit Grammar(const std::vector<Rule>& rules);

  /// The pieces of a text that the first rule stands for. The text ends soon after `size` bytes.
  std::vector<std::string_view> Write(Choices* choices, size_t size) const;

 private:
  struct Symbol {
    std::string_view text;
    size_t rule;  ///< kText: none
  };
  static constexpr size_t kText = SIZE_MAX;
  std::vector<std::vector<std::vector<Symbol>>> rules_;
};

/// Breaks a text here and there: pieces that are missing, twice there, exchanged, cut off, or
/// beside bytes that do not belong there.
std::string Corrupt(std::vector<std::string_view> pieces, Choices* choices);
std::string Join(const std::vector<std::string_view>& pieces);

}  // namespace quanta::fuzz
