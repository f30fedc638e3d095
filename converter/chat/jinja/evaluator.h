// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "converter/chat/jinja/syntax.h"
#include "converter/chat/jinja/work.h"

namespace quanta::converter::jinja {

/// Names and their values; those of the surrounding blocks too.
class Scope {
 public:
  explicit Scope(std::shared_ptr<Scope> parent) : parent_(std::move(parent)) {}
  /// Undefined if there is none.
  Value Get(const std::string& name) const;
  void Set(const std::string& name, Value value) { names_[name] = std::move(value); }

 private:
  std::map<std::string, Value> names_;
  std::shared_ptr<Scope> parent_;
};
using ScopePtr = std::shared_ptr<Scope>;

/// The value of an expression. Throws TemplateFailure, TemplateRefusal, ChatError.
class Evaluator {
 public:
  explicit Evaluator(WorkMeter* meter) : meter_(meter) {}
  Value Evaluate(const Expression& expression, const ScopePtr& scope);
  /// Filters of a block; `text` is what they start with.
  Value ApplyFilters(const Expression& filters, const std::string& text, const ScopePtr& scope);
  Value Call(const Value& function, const Arguments& arguments);
  /// Of the children but the first, and the named ones.
  Arguments ArgumentsOf(const Expression& expression, const ScopePtr& scope);

 private:
  Value Compute(const Expression& expression, const ScopePtr& scope);
  Value Dictionary(const Expression& expression, const ScopePtr& scope);
  Value Sequence(const Expression& expression, const ScopePtr& scope);
  Value Slice(const Expression& expression, const ScopePtr& scope);
  Value Compare(const Expression& expression, const ScopePtr& scope);
  Value Filter(const Expression& expression, const ScopePtr& scope);

  WorkMeter* meter_;
  const std::string* block_text_ = nullptr;
};

/// Python's arithmetic. `name`: + - * / // %.
Value Arithmetic(const std::string& name, const Value& a, const Value& b);

/// The functions that templates can call: range, namespace, dict, raise_exception.
const std::map<std::string, Value>& Globals();

}  // namespace quanta::converter::jinja
