// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tiss_lite/syntax/ast.h"

/// Values and conditions as a script would write them: reading the text gives them back.
namespace quanta::lite {

/// In double quotes, or in single ones where that saves escapes. `text` has no line end.
std::string QuoteText(std::string_view text);

/// On one line. Text is quoted.
std::string LiteralText(const Value& value);

/// Over several lines if one would be longer than `width`; the later lines begin with
/// `indent` blanks and more.
std::string LiteralLines(const Value& value, size_t width, size_t indent);

std::string OperandText(const Operand& operand);
/// On one line, with all the parentheses it needs.
std::string ExpressionText(const Expression& expression);

}  // namespace quanta::lite
