// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/parser.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "tiss_lite/base/utf8.h"
#include "tiss_lite/syntax/header.h"
#include "tiss_lite/syntax/parser_impl.h"
#include "tiss_lite/syntax/sort_stably.h"

namespace quanta::lite {
namespace {

constexpr std::string_view kReserved[] = {
    "DEFINE_TASK", "CALL",   "FOR",      "WHILE",      "REPEAT",     "RETURN",     "BREAK",
    "AWAIT",       "QUERY",  "QUERY_DB", "INSERT_DOC", "UPDATE_DOC", "DELETE_DOC", "PRINT",
    "ACTION",      "IMPORT", "INCLUDE",  "ELIF",       "SWITCH",     "COPY_FILE",  "APPEND"};

bool IsReserved(std::string_view word) {
  return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
}

bool IsStray(std::string_view word) {
  return word == "ELSE" || word == "ENDIF" || word == "CATCH" || word == "THEN";
}

}  // namespace

ParseResult Parse(const Source& source, Recovery recovery) {
  return Parser(source, recovery).Run();
}

ParseResult Parser::Run() {
  if (!CheckEncoding()) return std::move(result_);
  ParseList({}, Close::kEnd, {}, &result_.program.statements);
  const auto& statements = result_.program.statements;
  ReadHeaders(source_, statements.empty() ? source_.size() : statements[0].span.begin, &result_);
  SortDiagnostics(&result_.notes);
  SortStably(&result_.errors,
             [](const Diagnostic& a, const Diagnostic& b) { return a.span.begin < b.span.begin; });
  if (recovery_ == Recovery::kStop && result_.errors.size() > 1) result_.errors.resize(1);
  return std::move(result_);
}

bool Parser::CheckEncoding() {
  if (text_.size() > kMaxSourceBytes) {
    return Fail("E111", {0, 0}, "the script is larger than 256 KiB");
  }
  const size_t invalid = std::min(FindInvalidUtf8(text_), text_.find('\0'));
  if (invalid != text_.npos) {
    const auto at = static_cast<uint32_t>(invalid);
    return Fail(
        "E111", {at, at + 1},
        text_[invalid] == '\0' ? "the script has a NUL character" : "the script is not UTF-8 text");
  }
  for (uint32_t line = 1; line <= source_.lines(); ++line) {
    const std::string_view text = source_.LineText(line);
    if (text.size() <= kMaxLineBytes) continue;
    const auto at = static_cast<uint32_t>(text.data() - text_.data());
    return Fail("E111", {at, at + 1}, "the line is longer than 64 KiB");
  }
  return true;
}

bool Parser::StopsLegacyIf() {
  const std::string_view word = PeekIdent();
  return word == "ELSE" || word == "ENDIF";
}

bool Parser::ParseList(const Place& place, Close close, const Statement& opener,
                       std::vector<Statement>* out) {
  for (;;) {
    SkipSeparators();
    if (AtEnd()) {
      if (close == Close::kEnd) return true;
      return Fail("E104", opener.span,
                  Concat("Unexpected end of script: this ", KeywordOf(opener.kind),
                         close == Close::kEndif ? " has no ENDIF" : " is not closed"),
                  close == Close::kEndif ? "end it with ENDIF, or write it with braces"
                                         : "add the missing '}'");
    }
    if (Peek() == '}' && close == Close::kBrace) {
      ++pos_;
      --brace_depth_;
      return true;
    }
    if (close == Close::kEndif && StopsLegacyIf()) return true;
    if (Peek() == '}' && close == Close::kEndif) {
      --brace_depth_;
      return Fail("E104", opener.span, "this IF has no ENDIF before the '}' of the block around it",
                  "end it with ENDIF, or write it with braces");
    }
    if (ParseOne(place, out)) continue;
    if (!Recover(place)) return false;
    if (brace_depth_ < place.depth) return true;  // it skipped our end
    if (brace_depth_ > place.depth && !AtEnd()) {
      // Inside a block whose header was not understood.
      Statement lost;
      lost.kind = StatementKind::kStep;
      lost.span = result_.errors.back().span;
      if (!ParseList(Inside(place, lost.kind), Close::kBrace, lost, out)) return false;
    }
  }
}

bool Parser::ParseOne(const Place& place, std::vector<Statement>* out) {
  if (Peek() == '}') {
    ++pos_;
    return Fail("E105", {pos_ - 1, pos_}, "this '}' closes nothing");
  }
  Statement statement;
  statement.span = Here();
  statement.line = source_.LineOf(pos_);
  const bool ok = ParseStatement(place, &statement) && ExpectStatementEnd();
  statement.span.end = std::max(pos_, statement.span.end);
  if (ok || recovery_ == Recovery::kContinue) out->push_back(std::move(statement));
  return ok;
}

/// After an error: goes to the next line that begins with a keyword in at most one block.
/// True if the list at `place` can go on, or has ended, there.
bool Parser::Recover(const Place& place) {
  if (recovery_ == Recovery::kStop || place.depth > 1) return false;
  tree_depth_ = place.depth;
  while (!AtEnd()) {
    const uint32_t end = LineEnd(pos_);
    for (; pos_ < end; ++pos_) {
      if (text_[pos_] == '{') ++brace_depth_;
      if (text_[pos_] == '}') brace_depth_ = std::max(0, brace_depth_ - 1);
    }
    if (AtEnd()) break;
    ++pos_;
    SkipBlanks();
    if (brace_depth_ > 1) continue;
    const std::string_view word = PeekIdent();
    if (KindOfKeyword(word) || word == "ENDIF" || Peek() == '@' || Peek() == '}') {
      pos_ = end;  // a statement ends here, whoever asks
      return true;
    }
    pos_ = end + 1;
  }
  return true;
}

bool Parser::StrayWord(std::string_view word, Span span) {
  if (IsStray(word)) {
    const char* after = word == "CATCH" ? "the block of a TRY" : "an IF";
    return Fail("E108", span, Concat(word, " may only stand after ", after));
  }
  if (IsReserved(word)) {
    return Fail("E113", span, Concat(word, " is reserved for later versions"));
  }
  const std::string upper = Upper(word);
  const bool known = KindOfKeyword(upper).has_value() || IsStray(upper);
  return Fail("E101", span, Concat("there is no statement \"", word, "\""),
              known ? "keywords are upper case: " + upper : "");
}

}  // namespace quanta::lite
