// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::lite {

/// The text of a RUN: what the script wrote, and values put into it, which are inert.
class CommandText {
 public:
  void AddPlain(std::string_view text);
  /// One piece of a word, whatever characters it has; also if it has none.
  void AddInert(std::string_view text);

  size_t size() const { return text_.size(); }
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  bool plain(size_t i) const { return i < text_.size() && marks_[i] == 'p'; }
  /// The place of an inert piece without characters.
  bool nothing(size_t i) const { return i < text_.size() && marks_[i] == 'n'; }

 private:
  std::string text_;
  std::string marks_;  ///< per character: 'p' plain, 'i' inert, 'n' stands for nothing
};

struct Word {
  std::string text;
  std::string pattern;  ///< per character of text: '*' where that is a pattern, else ' '
  bool plain = true;    ///< no quotes, escapes or inert pieces
  bool has_pattern() const { return pattern.find('*') != pattern.npos; }
};

struct Redirection {
  enum class Kind : uint8_t { kIn, kOut, kAppend, kErrors, kErrorsToOut };
  Kind kind = Kind::kOut;
  Word target;  ///< none for kErrorsToOut
};

struct Command {
  std::vector<Word> words;  ///< one at least
  std::vector<Redirection> redirections;
};

struct Pipeline {
  enum class When : uint8_t { kAlways, kAfterSuccess, kAfterFailure };
  When when = When::kAlways;  ///< as regards the exit code so far
  std::vector<Command> commands;
};

/// Parses a line of the command language. Returns an empty text, or what is wrong with it; the
/// whole line is refused then.
std::string ParseCommandLine(const CommandText& text, std::vector<Pipeline>* line);

}  // namespace quanta::lite
