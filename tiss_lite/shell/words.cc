// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/words.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {
namespace {

/// Words that mean something to a shell where a command stands.
constexpr std::string_view kShellWords[] = {
    "cd",   "if",     "then", "else",   "elif",     "fi",     "for",      "while", "until", "do",
    "done", "case",   "esac", "select", "function", "time",   "export",   "set",   "unset", "eval",
    "exec", "source", ".",    "alias",  "local",    "return", "readonly", "trap",  "[["};

enum class TokenKind : uint8_t { kWord, kPipe, kAnd, kOr, kEnd, kRedirection, kStop };

struct Token {
  TokenKind kind = TokenKind::kStop;
  Word word;
  Redirection::Kind redirection = Redirection::Kind::kOut;
};

class Lexer {
 public:
  explicit Lexer(const CommandText& text) : text_(text) {}

  /// False if the text is not of the language; error() says why.
  bool Next(Token* token) {
    while (text_.plain(at_) && IsBlank(text_.at(at_))) ++at_;
    *token = {};
    if (at_ == text_.size()) return true;
    if (!text_.plain(at_)) return ReadWord(token);
    switch (text_.at(at_)) {
      case '\n':
      case ';':
        if (Is(1, ';')) return Refuse(";;");
        return Operator(TokenKind::kEnd, 1, token);
      case '|':
        if (Is(1, '&')) return Refuse("|&");
        return Is(1, '|') ? Operator(TokenKind::kOr, 2, token)
                          : Operator(TokenKind::kPipe, 1, token);
      case '&':
        return Is(1, '&') ? Operator(TokenKind::kAnd, 2, token) : Refuse("&");
      case '<':
        if (Is(1, '<') || Is(1, '&') || Is(1, '>')) return Refuse("<<, <& or <>");
        return Redirect(Redirection::Kind::kIn, 1, token);
      case '>':
        if (Is(1, '&') || Is(1, '|')) return Refuse(">& or >|");
        return Is(1, '>') ? Redirect(Redirection::Kind::kAppend, 2, token)
                          : Redirect(Redirection::Kind::kOut, 1, token);
      case '#':
        return Refuse("#");
      default:
        break;
    }
    const bool redirects = Is(1, '>') || Is(1, '<');
    if (IsDigit(text_.at(at_)) && redirects) return Numbered(token);
    return ReadWord(token);
  }

  const std::string& error() const { return error_; }

 private:
  bool Is(size_t ahead, char c) const {
    return text_.plain(at_ + ahead) && text_.at(at_ + ahead) == c;
  }
  bool Refuse(std::string_view what) {
    error_ = Concat("unsupported syntax: ", what);
    return false;
  }
  bool Operator(TokenKind kind, size_t length, Token* token) {
    token->kind = kind;
    at_ += length;
    return true;
  }
  bool Redirect(Redirection::Kind kind, size_t length, Token* token) {
    token->redirection = kind;
    return Operator(TokenKind::kRedirection, length, token);
  }
  /// "2>" and "2>&1".
  bool Numbered(Token* token) {
    if (!Is(0, '2') || !Is(1, '>') || Is(2, '>')) return Refuse("this redirection");
    if (!Is(2, '&')) return Redirect(Redirection::Kind::kErrors, 2, token);
    const bool ends = at_ + 4 >= text_.size() || (text_.plain(at_ + 4) && EndsWord(at_ + 4));
    if (!Is(3, '1') || !ends) return Refuse("this redirection");
    return Redirect(Redirection::Kind::kErrorsToOut, 4, token);
  }

  bool EndsWord(size_t i) const {
    const char c = text_.at(i);
    return IsBlank(c) || c == '\n' || c == ';' || c == '|' || c == '&' || c == '<' || c == '>';
  }

  void Push(Word* word, char c, bool pattern = false) {
    word->text += c;
    word->pattern += pattern ? '*' : ' ';
  }

  bool ReadWord(Token* token) {
    token->kind = TokenKind::kWord;
    Word& word = token->word;
    while (at_ < text_.size()) {
      const char c = text_.at(at_);
      if (!text_.plain(at_)) {
        word.plain = false;
        if (!text_.nothing(at_)) Push(&word, c);
        ++at_;
      } else if (EndsWord(at_)) {
        break;
      } else if (!Character(c, &word)) {
        return false;
      }
    }
    if (word.plain && word.text == "!") return Refuse("!");
    return true;
  }

  bool Character(char c, Word* word) {
    switch (c) {
      case '$':
      case '`':
      case '(':
      case ')':
      case '{':
      case '}':
        return Refuse(std::string(1, c));
      case '\'':
        return Single(word);
      case '"':
        return Double(word);
      case '\\':
        if (at_ + 1 >= text_.size()) return Refuse("\\ at the end");
        word->plain = false;
        if (!text_.nothing(at_ + 1)) Push(word, text_.at(at_ + 1));
        at_ += 2;
        return true;
      default:
        Push(word, c, c == '*' || c == '?');
        ++at_;
        return true;
    }
  }

  bool Single(Word* word) {
    word->plain = false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (Is(0, '\'')) {
        ++at_;
        return true;
      }
      if (!text_.nothing(at_)) Push(word, text_.at(at_));
    }
    return Refuse("a quote that is not closed");
  }

  bool Double(Word* word) {
    word->plain = false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (!text_.plain(at_)) {
        if (!text_.nothing(at_)) Push(word, text_.at(at_));
        continue;
      }
      char c = text_.at(at_);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '$' || c == '`') return Refuse(std::string(1, c));
      const bool escapes = Is(1, '"') || Is(1, '\\') || Is(1, '$') || Is(1, '`');
      if (c == '\\' && escapes) c = text_.at(++at_);
      Push(word, c);
    }
    return Refuse("a quote that is not closed");
  }

  const CommandText& text_;
  size_t at_ = 0;
  std::string error_;
};

bool IsAssignment(const Word& word) {
  size_t length = 0;
  while (length < word.text.size() && IsIdent(word.text[length])) ++length;
  return length > 0 && length < word.text.size() && word.text[length] == '=' &&
         IsIdentStart(word.text[0]) &&
         word.pattern.substr(0, length + 1).find('*') == std::string::npos;
}

std::string CheckName(const Word& word) {
  if (!word.plain) return {};
  if (IsAssignment(word)) return "unsupported syntax: an assignment";
  const bool known =
      std::find(std::begin(kShellWords), std::end(kShellWords), word.text) != std::end(kShellWords);
  return known ? "unsupported syntax: " + word.text : std::string();
}

class LineParser {
 public:
  LineParser(const CommandText& text, std::vector<Pipeline>* line) : lexer_(text), line_(*line) {}

  std::string Run() {
    Pipeline pipeline;
    for (;;) {
      Command command;
      if (std::string wrong = ReadCommand(&command); !wrong.empty()) return wrong;
      const bool empty = command.words.empty();
      const TokenKind end = token_.kind;
      if (!empty) {
        if (std::string wrong = CheckName(command.words[0]); !wrong.empty()) return wrong;
        pipeline.commands.push_back(std::move(command));
      }
      const bool needs_command =
          !pipeline.commands.empty() || pipeline.when != Pipeline::When::kAlways;
      const bool closes = end == TokenKind::kEnd || end == TokenKind::kStop;
      if (empty && (needs_command || !closes || !command.redirections.empty())) {
        return "unsupported syntax: a command is missing";
      }
      if (end == TokenKind::kPipe) continue;
      if (!pipeline.commands.empty()) line_.push_back(std::move(pipeline));
      pipeline = {};
      if (end == TokenKind::kStop) return {};
      if (end == TokenKind::kAnd) pipeline.when = Pipeline::When::kAfterSuccess;
      if (end == TokenKind::kOr) pipeline.when = Pipeline::When::kAfterFailure;
    }
  }

 private:
  /// Up to the operator that ends it, which is then in token_.
  std::string ReadCommand(Command* command) {
    for (;;) {
      if (!lexer_.Next(&token_)) return lexer_.error();
      if (token_.kind == TokenKind::kWord) {
        command->words.push_back(std::move(token_.word));
      } else if (token_.kind == TokenKind::kRedirection) {
        Redirection redirection{token_.redirection, {}};
        if (redirection.kind != Redirection::Kind::kErrorsToOut) {
          if (!lexer_.Next(&token_)) return lexer_.error();
          if (token_.kind != TokenKind::kWord) {
            return "unsupported syntax: a redirection without a file";
          }
          redirection.target = std::move(token_.word);
        }
        command->redirections.push_back(std::move(redirection));
      } else {
        return {};
      }
    }
  }

  Lexer lexer_;
  std::vector<Pipeline>& line_;
  Token token_;
};

}  // namespace

void CommandText::AddPlain(std::string_view text) {
  text_ += text;
  marks_.append(text.size(), 'p');
}

void CommandText::AddInert(std::string_view text) {
  text_ += text;
  marks_.append(text.size(), 'i');
  if (!text.empty()) return;
  text_ += '\0';
  marks_ += 'n';
}

std::string ParseCommandLine(const CommandText& text, std::vector<Pipeline>* line) {
  line->clear();
  return LineParser(text, line).Run();
}

}  // namespace quanta::lite
