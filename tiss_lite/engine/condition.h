// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

/// Whom a condition asks about the world: a run, or a dry run that does not know all of it.
class ConditionWorld {
 public:
  virtual ~ConditionWorld() = default;
  enum class Known : uint8_t { kValue, kNothing, kUnknown, kError };
  /// The value of an operand, texts with their names put in. kNothing: unset.
  virtual Known Evaluate(const Operand& operand, Value* value) = 0;
  enum class Answer : uint8_t { kFalse, kTrue, kUnknown, kError };
  virtual Answer FileExists(const std::string& path) = 0;
};

/// Evaluates conditions (AND and OR stop as soon as the answer is sure).
class ConditionEvaluator {
 public:
  using Answer = ConditionWorld::Answer;

  ConditionEvaluator(ConditionWorld* world, bool strict) : world_(*world), strict_(strict) {}

  /// kError: error() says why, R313, unless it is empty: then the world has its own reason.
  Answer Evaluate(const Expression& expression);
  const std::string& error() const { return error_; }

  /// "LAST_RUN.EXIT_CODE is 127, name is nothing": what the names in it stand for.
  std::string Describe(const Expression& expression);

 private:
  Answer Fail(std::string message);
  Answer Compare(const Expression& expression);
  Answer Contains(const Expression& expression);
  Answer Unary(const Expression& expression);
  Answer Chain(const Expression& expression, Answer stop);
  void DescribeInto(const Expression& expression, std::string* out);

  ConditionWorld& world_;
  bool strict_;
  std::string error_;
};

/// == as the language has it for two values.
bool LooselyEqual(const Value& a, const Value& b);

}  // namespace quanta::lite
