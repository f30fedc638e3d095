// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "converter/chat/jinja/lexer.h"
#include "converter/chat/jinja/syntax.h"

namespace quanta::converter::jinja {

/// Reads expressions from the code of a tag, with Jinja's grammar and precedence.
/// All functions throw ChatError: kCorrupt (no such syntax), kLimit (nested too deeply),
/// kUnsupported.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view code) : tokens_(Tokens(code)) {}

  /// `condition`: whether "a if b" may follow.
  ExpressionPtr Expression(bool condition = true);
  /// An expression, or a tuple without parentheses.
  ExpressionPtr Tuple(bool condition = true);
  /// Filters with nothing in front of them; `first`: the first name has no "|" either.
  ExpressionPtr Filters(bool first);
  /// An expression as it stands in front of "(" or "[".
  ExpressionPtr Primary();
  /// Names between commas, in parentheses or not.
  std::vector<std::string> Targets();

  const Token& Peek(size_t ahead = 0) const;
  bool AtEnd() const { return Peek().kind == Token::Kind::kEnd; }
  bool TakeOperator(std::string_view text);
  bool TakeName(std::string_view name);
  void ExpectOperator(std::string_view text);
  void ExpectName(std::string_view name);
  void ExpectEnd();
  std::string AnyName();

 private:
  bool IsOperator(std::string_view text) const;
  ExpressionPtr Or();
  ExpressionPtr And();
  ExpressionPtr Not();
  ExpressionPtr Comparison();
  ExpressionPtr Sum();
  ExpressionPtr Concatenation();
  ExpressionPtr Product();
  ExpressionPtr Power();
  ExpressionPtr Unary(bool filters);
  ExpressionPtr Postfix(ExpressionPtr node);
  ExpressionPtr FiltersAndTests(ExpressionPtr node);
  ExpressionPtr Filter(ExpressionPtr node);
  ExpressionPtr Test(ExpressionPtr node);
  ExpressionPtr Subscript(ExpressionPtr node);
  ExpressionPtr Parenthesized();
  ExpressionPtr ListLiteral();
  ExpressionPtr DictLiteral();
  void CallArguments(jinja::Expression* call);

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace quanta::converter::jinja
