// SPDX-License-Identifier: MIT
//
// Values: literals, objects, lists, text without quotes.
#include <algorithm>
#include <utility>

#include "tiss_lite/base/number.h"
#include "tiss_lite/syntax/parser_impl.h"

namespace quanta::lite {

/// The value of VAR, SET_BUDGET, a directive or a binding. `last_run`: LAST_RUN.field is
/// that field.
bool Parser::ParseValue(Statement* statement, bool last_run) {
  const bool heredoc = Peek() == '<' && Peek(1) == '<';
  const bool takes_heredoc =
      statement->kind == StatementKind::kVar || statement->kind == StatementKind::kBinding;
  if (heredoc && takes_heredoc) {
    statement->heredoc.emplace();
    statement->value = Value::Text("");
    return OpenHeredoc(&*statement->heredoc) &&
           ReadHeredocBody(*statement, *statement->heredoc, &statement->value.text);
  }
  if (!CountNode(Here())) return false;
  const Mark mark = GetMark();
  if (last_run && EqualsAnyCase(PeekIdent(), "LAST_RUN")) {
    const std::string dotted = Upper(PeekDotted());
    const std::string field = dotted.substr(std::min(dotted.size(), size_t{9}));
    pos_ += static_cast<uint32_t>(dotted.size());
    if (IsLastRunField(field) && AtStatementEnd()) {
      statement->last_run_field = true;
      statement->value = Value::Text(field);
      return true;
    }
    GoTo(mark);
  }
  const char c = Peek();
  if (c == '"' || c == '\'' || c == '{' || c == '[') {
    return ParseLiteral(&statement->value, 0, "E106");
  }
  if (NumberLength(text_.substr(pos_)) > 0) {
    if (!ReadNumber(&statement->value, "E106")) return false;
    if (AtStatementEnd()) return true;
    GoTo(mark);  // "3 apples" is a text
  }
  const std::string_view word = PeekIdent();
  if (EqualsAnyCase(word, "true") || EqualsAnyCase(word, "false")) {
    statement->value = Value::Boolean(EqualsAnyCase(word, "true"));
    pos_ += static_cast<uint32_t>(word.size());
    if (AtStatementEnd()) return true;
    GoTo(mark);
  }
  return ParseBareText(statement);
}

bool Parser::ParseBareText(Statement* statement) {
  const uint32_t begin = pos_;
  while (!AtLineEnd() && Peek() != ';' && Peek() != '}') {
    if (Peek() == '#' && (pos_ == begin || IsBlank(text_[pos_ - 1]))) break;
    ++pos_;
  }
  const std::string_view text = TrimBlanks(text_.substr(begin, pos_ - begin));
  if (text.empty()) {
    return Fail("E106", statement->span, "a value is missing");
  }
  statement->value = Value::Text(std::string(text));
  statement->bare_text = true;
  Note("L225", Level::kInfo, {begin, begin + static_cast<uint32_t>(text.size())},
       "the value is a text without quotes", "write it in quotes");
  return true;
}

bool Parser::ReadNumber(Value* value, std::string_view code) {
  const size_t length = NumberLength(text_.substr(pos_));
  const auto number = ParseNumber(text_.substr(pos_, length));
  if (!number) return Fail(code, Here(static_cast<uint32_t>(length)), "the number is too large");
  pos_ += static_cast<uint32_t>(length);
  *value = Value::Number(*number);
  return true;
}

/// A string, a list or an object.
bool Parser::ParseLiteral(Value* value, int depth, std::string_view code) {
  switch (Peek()) {
    case '{':
      return ParseObject(value, depth);
    case '[':
      return ParseListValue(value, depth);
    case '"':
    case '\'': {
      String string;
      if (!ReadString(&string)) return false;
      *value = Value::Text(std::move(string.value));
      return true;
    }
    default:
      return Fail(code, Here(), "a value is missing");
  }
}

bool Parser::ParseObject(Value* value, int depth) {
  const Span open = Here();
  if (depth >= kMaxValueDepth) return Fail("E114", open, "the value is nested too deeply");
  *value = Value::Object();
  ++pos_;
  SkipLines();
  if (Peek() == '}') {
    ++pos_;
    return true;
  }
  for (;;) {
    SkipLines();
    std::string key(PeekDotted());
    if (Peek() == '"' || Peek() == '\'') {
      String string;
      if (!ReadString(&string)) return false;
      key = std::move(string.value);
    } else if (key.empty()) {
      return Fail("E110", AtEnd() ? open : Here(),
                  AtEnd() ? "the object is not closed" : "the object needs a key here");
    } else {
      pos_ += static_cast<uint32_t>(key.size());
    }
    SkipLines();
    if (Peek() != ':') return Fail("E110", Here(), "a ':' must follow the key");
    ++pos_;
    Value element;
    if (!ParseElement(&element, depth + 1)) return false;
    value->Set(key, std::move(element));
    SkipLines();
    const char c = Peek();
    if (c != ',' && c != '}') {
      return Fail("E110", AtEnd() ? open : Here(), "the object needs ',' or '}' here");
    }
    ++pos_;
    if (c == '}') return true;
  }
}

bool Parser::ParseListValue(Value* value, int depth) {
  const Span open = Here();
  if (depth >= kMaxValueDepth) return Fail("E114", open, "the value is nested too deeply");
  *value = Value::List();
  ++pos_;
  SkipLines();
  if (Peek() == ']') {
    ++pos_;
    return true;
  }
  for (;;) {
    Value element;
    if (!ParseElement(&element, depth + 1)) return false;
    value->items.push_back(std::move(element));
    SkipLines();
    const char c = Peek();
    if (c != ',' && c != ']') {
      return Fail("E110", AtEnd() ? open : Here(), "the list needs ',' or ']' here");
    }
    ++pos_;
    if (c == ']') return true;
  }
}

bool Parser::ParseElement(Value* value, int depth) {
  SkipLines();
  if (!CountNode(Here())) return false;
  if (NumberLength(text_.substr(pos_)) > 0) return ReadNumber(value, "E110");
  const std::string_view word = PeekDotted();
  if (word.empty()) return ParseLiteral(value, depth, "E110");
  pos_ += static_cast<uint32_t>(word.size());
  if (EqualsAnyCase(word, "true") || EqualsAnyCase(word, "false")) {
    *value = Value::Boolean(EqualsAnyCase(word, "true"));
  } else if (word == "null") {
    *value = Value();
  } else {
    *value = Value::Text(std::string(word));
  }
  return true;
}

}  // namespace quanta::lite
