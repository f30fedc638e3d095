// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "converter/chat/jinja/value.h"

/// What the parser makes of a template.
namespace quanta::converter::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct Expression {
  enum class Kind {
    kConstant,   ///< `constant`
    kName,       ///< `name`
    kList,       ///< of `children`
    kTuple,      ///< of `children`
    kDict,       ///< of `children`: key, value, key, value ...
    kAttribute,  ///< `children[0]`.`name`
    kItem,       ///< `children[0]`[`children[1]`]
    kSlice,      ///< `children[0]`[start:stop:step], children 1 to 3, null where left out
    kCall,       ///< of `children[0]` with the other children and `named`
    kFilter,     ///< `children[0]` | `name`, with arguments likewise; null: a block's text
    kTest,       ///< `children[0]` is `name`, with arguments likewise
    kNot,
    kNegative,
    kPositive,
    kArithmetic,   ///< of two children; `name` is the operator
    kComparison,   ///< of `children` in a row; `operators` between them
    kConcatenate,  ///< `children[0]` ~ `children[1]`
    kAnd,
    kOr,
    kConditional,  ///< `children[1]` if `children[0]` else `children[2]`, which may be null
  };
  Kind kind = Kind::kConstant;
  std::string name;
  Value constant;
  std::vector<ExpressionPtr> children;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  std::vector<std::string> operators;
};

struct Statement;
using Body = std::vector<Statement>;

struct Statement {
  enum class Kind {
    kText,      ///< `text`
    kOutput,    ///< `expression`
    kIf,        ///< `expression`: `body`, else `otherwise`
    kFor,       ///< `names` in `expression` if `condition`: `body`; nothing: `otherwise`
    kSet,       ///< `names` (several take an item each), or names[0].attribute = `expression`
    kSetBlock,  ///< names[0] = the text of `body`, through the filters in `expression` if any
    kMacro,     ///< `text`: its name; `names`: its parameters; `defaults`: of the last of them
    kCall,      ///< `expression`, a call whose caller() is a macro of `names` and `body`
    kFilter,    ///< the text of `body` through the filters in `expression`
    kScope,     ///< `body`, with `names` as the values of `defaults`
    kBreak,
    kContinue,
  };
  Kind kind = Kind::kText;
  std::string text;
  std::string attribute;
  std::vector<std::string> names;
  ExpressionPtr expression, condition;
  std::vector<ExpressionPtr> defaults;
  Body body, otherwise;
};

}  // namespace quanta::converter::jinja
