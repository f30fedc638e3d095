// SPDX-License-Identifier: MIT
//
// Strings and heredocs.
#include <algorithm>
#include <utility>
#include <vector>

#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {
namespace {

size_t LeadingBlanks(std::string_view line) {
  size_t count = 0;
  while (count < line.size() && IsBlank(line[count])) ++count;
  return count;
}

size_t CommonPrefix(std::string_view a, std::string_view b) {
  size_t count = 0;
  while (count < std::min(a.size(), b.size()) && a[count] == b[count]) ++count;
  return count;
}

/// The blanks that all lines which are not blank begin with.
std::string_view CommonIndent(const std::vector<std::string_view>& lines) {
  std::string_view indent;
  bool first = true;
  for (const std::string_view line : lines) {
    const size_t blanks = LeadingBlanks(line);
    if (blanks == line.size()) continue;
    const std::string_view own = line.substr(0, blanks);
    indent = first ? own : indent.substr(0, CommonPrefix(indent, own));
    first = false;
  }
  return indent;
}

}  // namespace

/// At a quote.
bool Parser::ReadString(String* out) {
  out->quote = Peek();
  out->span.begin = pos_;
  out->value.clear();
  const uint32_t end = LineEnd(pos_);
  for (uint32_t at = pos_ + 1; at < end; ++at) {
    char c = text_[at];
    if (c == out->quote) {
      pos_ = out->span.end = at + 1;
      return CountNode(out->span);
    }
    const char next = at + 1 < end ? text_[at + 1] : '\0';
    if (c == '\\' && out->quote == '"' && (next == '"' || next == '\\')) {
      c = next;
      ++at;
    }
    out->value += c;
  }
  return Fail("E102", {pos_, end}, "the string is not closed on its line",
              Concat("add the missing ", std::string(1, out->quote)));
}

/// A string that is not empty.
bool Parser::ReadText(const char* what, Statement* statement, std::string* out) {
  SkipBlanks();
  if (Peek() != '"' && Peek() != '\'') {
    return Fail("E106", statement->span,
                Concat(KeywordOf(statement->kind), " needs ", what, " in quotes"));
  }
  String string;
  if (!ReadString(&string)) return false;
  if (string.value.empty()) {
    return Fail("E106", string.span,
                Concat("this text of ", KeywordOf(statement->kind), " may not be empty"));
  }
  *out = std::move(string.value);
  return true;
}

/// A text whose quotes need not be escaped: see ReadLastQuote. `into`: INTO may follow it.
bool Parser::ReadLooseText(Statement* statement, bool into, bool may_be_empty) {
  SkipBlanks();
  if (Peek() != '"' && Peek() != '\'') {
    return Fail("E106", statement->span,
                Concat(KeywordOf(statement->kind), " needs a text in quotes"));
  }
  String string;
  if (!ReadString(&string)) return false;
  if (!AtStatementEnd()) {
    String longer;
    if (ReadLastQuote(string, into, &longer)) {
      Note("L213", Level::kWarning, string.span, "the text has quotes inside",
           "write \\\" for each of them");
      string = std::move(longer);
    }
  }
  if (string.value.empty() && !may_be_empty) {
    return Fail("E106", string.span,
                Concat("the text of ", KeywordOf(statement->kind), " may not be empty"));
  }
  statement->text = std::move(string.value);
  return true;
}

/// The reading that ends at the last quote of the line after which the statement may end.
/// False, with nothing read, if the first reading is followed by INTO or there is none.
bool Parser::ReadLastQuote(const String& first, bool into, String* out) {
  const Mark mark = GetMark();
  const auto fits = [&] {
    if (AtStatementEnd()) return true;
    SkipBlanks();
    return into && (PeekIdent() == "INTO" || (Peek() == '-' && Peek(1) == '>'));
  };
  if (fits()) {
    GoTo(mark);
    return false;
  }
  for (uint32_t at = LineEnd(first.span.begin) - 1; at > first.span.begin; --at) {
    if (text_[at] != first.quote) continue;
    pos_ = at + 1;
    if (!fits()) continue;
    pos_ = at + 1;
    out->value = text_.substr(first.span.begin + 1, at - first.span.begin - 1);
    out->span = {first.span.begin, pos_};
    return true;
  }
  GoTo(mark);
  return false;
}

/// At "<<".
bool Parser::OpenHeredoc(Heredoc* heredoc) {
  const Span span = Here(2);
  pos_ += 2;
  SkipBlanks();
  const char quote = Peek() == '"' || Peek() == '\'' ? Peek() : '\0';
  if (quote != '\0') ++pos_;
  size_t length = 0;
  while (IsIdent(Peek(length))) ++length;
  heredoc->tag = text_.substr(pos_, length);
  heredoc->raw = quote != '\0';
  pos_ += static_cast<uint32_t>(length);
  const bool closed = quote == '\0' || Peek() == quote;
  if (length == 0 || !closed) {
    return Fail("E106", span, "<< needs a tag of letters, digits and _", "<<END");
  }
  if (quote != '\0') ++pos_;
  return CountNode(span);
}

/// After the tag and what may follow it on its line.
bool Parser::ReadHeredocBody(const Statement& statement, const Heredoc& heredoc, std::string* out) {
  SkipBlanks();
  if (Peek() == '#') SkipComment();
  if (!AtLineEnd()) {
    return Fail("E115", {pos_, LineEnd(pos_)}, "there is text after the tag of the heredoc");
  }
  std::vector<std::string_view> lines;
  const std::string legacy = heredoc.tag + ">>";
  for (bool closed = false; !closed;) {
    if (AtEnd()) {
      return Fail("E103", statement.span,
                  Concat("Unexpected end of script: no line is \"", heredoc.tag, "\""),
                  "end the text with a line that holds only the tag");
    }
    const uint32_t begin = pos_ + 1;
    pos_ = LineEnd(begin);
    const std::string_view line = text_.substr(begin, pos_ - begin);
    const std::string_view trimmed = TrimBlanks(line);
    closed = trimmed == heredoc.tag || trimmed == legacy;
    if (!closed) lines.push_back(line);
    if (closed && trimmed == legacy) {
      Note("L215", Level::kInfo, statement.span, "TAG>> is an old form", "write the tag alone");
    }
  }
  const std::string_view indent = CommonIndent(lines);
  if (indent.find(' ') != indent.npos && indent.find('\t') != indent.npos) {
    Note("L220", Level::kWarning, statement.span,
         "the heredoc's lines begin with both blanks and tabs");
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) *out += '\n';
    if (LeadingBlanks(lines[i]) < lines[i].size()) out->append(lines[i].substr(indent.size()));
  }
  return true;
}

}  // namespace quanta::lite
