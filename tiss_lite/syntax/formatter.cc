// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/formatter.h"

#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/syntax/literal.h"

namespace quanta::lite {
namespace {

using Kind = StatementKind;

constexpr size_t kIndent = 4, kWidth = 100;

class Formatter {
 public:
  Formatter(const Source& source, const Program& program)
      : source_(source), comments_(program.comments) {}

  std::string Run(const std::vector<Statement>& statements) {
    List(statements, source_.size(), true);
    return std::move(out_);
  }

 private:
  /// What the last line of a list was, to know where blank lines go.
  enum class Last : uint8_t { kNothing, kComment, kLine, kBlock };

  void Line(std::string_view text) { out_.append(depth_ * kIndent, ' ').append(text).append("\n"); }

  /// Puts `text` at the end of the last line.
  void Append(std::string_view text) { out_.insert(out_.size() - 1, text); }

  bool HasComment(uint32_t before) const {
    return next_ < comments_.size() && comments_[next_].span.begin < before;
  }
  std::string TakeComment() {
    return std::string(TrimIf(source_.TextOf(comments_[next_++].span), IsBlank));
  }

  /// The next comment, if only blanks and ";" lie between `from` and it.
  bool TakeTrailing(uint32_t from, std::string* text) {
    if (next_ >= comments_.size() || comments_[next_].span.begin < from) return false;
    for (const char c : source_.TextOf({from, comments_[next_].span.begin})) {
      if (!IsBlank(c) && c != ';') return false;
    }
    *text = TakeComment();
    return true;
  }

  void BlankLine(Last last, uint32_t offset, bool forced) {
    if (last == Last::kNothing) return;
    const std::string_view before = source_.LineText(source_.LineOf(offset) - 1);
    if (forced || TrimBlanks(before).empty()) out_ += '\n';
  }

  void OwnLineComments(uint32_t before, bool top, Last* last) {
    while (HasComment(before)) {
      BlankLine(*last, comments_[next_].span.begin, top && *last == Last::kBlock);
      Line(TakeComment());
      *last = Last::kComment;
    }
  }

  void List(const std::vector<Statement>& statements, uint32_t end, bool top, Last last = {}) {
    for (const Statement& statement : statements) {
      OwnLineComments(statement.span.begin, top, &last);
      const bool edge = statement.has_block || last == Last::kBlock;
      BlankLine(last, statement.span.begin, top && edge && last != Last::kComment);
      last = Print(statement) ? Last::kComment : statement.has_block ? Last::kBlock : Last::kLine;
    }
    OwnLineComments(end, top, &last);
  }

  /// True if comments from inside the statement were put after it.
  bool Print(const Statement& statement) {
    if (statement.has_block) {
      Block(statement);
    } else if (statement.heredoc) {
      HeredocLines(statement);
    } else {
      Line(Simple(statement));
    }
    std::vector<std::string> inner;
    while (HasComment(statement.span.end)) inner.push_back(TakeComment());
    std::string trailing;
    if (TakeTrailing(statement.span.end, &trailing)) Append(" " + trailing);
    for (const std::string& comment : inner) Line(comment);
    return !inner.empty();
  }

  void HeredocLines(const Statement& statement) {
    Line(Simple(statement));
    if (HasComment(statement.span.end)) Append(" " + TakeComment());
    std::string_view body = statement.kind == Kind::kWrite         ? statement.content
                            : statement.kind == Kind::kPromptAgent ? statement.text
                                                                   : statement.value.text;
    // No lines and one empty line are different texts in the source, but the same content.
    while (!body.empty()) {
      const size_t end = body.find('\n');
      const std::string_view line = body.substr(0, end);
      if (line.empty()) {
        out_ += '\n';
      } else {
        Line(line);
      }
      if (end == body.npos) break;
      body.remove_prefix(end + 1);
      if (body.empty()) out_ += '\n';  // the content ends with an empty line
    }
    Line(statement.heredoc->tag);
  }

  void Block(const Statement& statement) {
    Line(Header(statement));
    Body(statement.body, statement.body_span);
    Other(statement);
  }

  void Other(const Statement& statement) {
    if (!statement.has_other) return;
    if (statement.kind == Kind::kTry) {
      Append(statement.variable.empty() ? " CATCH" : " CATCH AS " + statement.variable);
    } else if (statement.other.size() == 1 &&
               statement.other[0].span.begin == statement.other_span.begin) {
      const Statement& nested = statement.other[0];
      Append(" ELSE " + Header(nested));
      Body(nested.body, nested.body_span);
      return Other(nested);
    } else {
      Append(" ELSE");
    }
    Body(statement.other, statement.other_span);
  }

  /// From the "{", which goes to the end of the last line, to the "}".
  void Body(const std::vector<Statement>& statements, Span span) {
    std::vector<std::string> early;
    while (HasComment(span.begin)) early.push_back(TakeComment());
    Append(" {");
    const bool brace = source_.TextOf({span.begin, span.begin + 1}) == "{";
    std::string trailing;
    const bool has_trailing = TakeTrailing(span.begin + (brace ? 1 : 0), &trailing);
    if (statements.empty() && early.empty() && !has_trailing && !HasComment(span.end)) {
      return Append("}");
    }
    if (has_trailing) Append(" " + trailing);
    ++depth_;
    for (const std::string& comment : early) Line(comment);
    List(statements, span.end, false, early.empty() ? Last::kNothing : Last::kComment);
    --depth_;
    Line("}");
  }

  std::string Header(const Statement& statement) {
    std::string line(KeywordOf(statement.kind));
    if (statement.kind == Kind::kIf) return Concat(line, " ", statement.condition_text);
    if (!statement.text.empty()) line.append(" ").append(QuoteText(statement.text));
    return line;
  }

  std::string Simple(const Statement& statement) {
    std::string line(KeywordOf(statement.kind));
    const std::string quoted =
        statement.kind == Kind::kPromptAgent && statement.heredoc ? "" : QuoteText(statement.text);
    switch (statement.kind) {
      case Kind::kDirective:
        return Concat("@", statement.text, " ", ValueText(statement));
      case Kind::kBinding:
        return Concat(statement.text, " = ", ValueText(statement));
      case Kind::kVar:
      case Kind::kSetBudget:
        return Concat(line, " ", statement.text, " = ", ValueText(statement));
      case Kind::kAssert:
        return Concat(line, " ", statement.condition_text);
      case Kind::kRead:
        return Concat(line, " ", quoted, " AS ", statement.variable);
      case Kind::kWrite:
        return Concat(line, " ", quoted, " ",
                      statement.heredoc ? Tag(*statement.heredoc) : QuoteText(statement.content));
      case Kind::kPromptAgent:
        line.append(" ").append(statement.heredoc ? Tag(*statement.heredoc) : quoted);
        break;
      default:
        line.append(" ").append(quoted);
        break;
    }
    if (!statement.variable.empty()) line.append(" INTO ").append(statement.variable);
    return line;
  }

  static std::string Tag(const Heredoc& heredoc) {
    return heredoc.raw ? Concat("<<\"", heredoc.tag, "\"") : "<<" + heredoc.tag;
  }

  std::string ValueText(const Statement& statement) const {
    if (statement.heredoc) return Tag(*statement.heredoc);
    if (statement.last_run_field) return "LAST_RUN." + statement.value.text;
    if (statement.bare_text) return statement.value.text;
    return LiteralLines(statement.value, kWidth, depth_ * kIndent);
  }

  const Source& source_;
  const std::vector<Comment>& comments_;
  size_t next_ = 0;
  size_t depth_ = 0;
  std::string out_;
};

}  // namespace

bool Format(const Source& source, const Program& program, std::string* out) {
  std::string text = Formatter(source, program).Run(program.statements);
  if (text.size() > kMaxSourceBytes) return false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end - begin > kMaxLineBytes) return false;
    begin = end + 1;
  }
  *out = std::move(text);
  return true;
}

}  // namespace quanta::lite
