// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "converter/chat/jinja/value.h"

/// Jinja's filters and tests, and the methods of Python's values. All throw
/// TemplateFailure where Jinja does, and ChatError (kUnsupported) for what is not here.
namespace quanta::converter::jinja {

/// Reads arguments by position or name.
class ArgumentReader {
 public:
  /// Throws TemplateFailure if `arguments` has others than `names`.
  ArgumentReader(const Arguments& arguments, std::initializer_list<std::string_view> names,
                 size_t required = 0);
  /// Nullptr if it is not given.
  const Value* Get(size_t index) const;
  /// Throw TemplateFailure if the argument is of another kind.
  std::string Text(size_t index, const std::string& otherwise) const;
  int64_t Integer(size_t index, int64_t otherwise) const;
  bool Truth(size_t index, bool otherwise) const;

 private:
  const Arguments& arguments_;
  std::vector<std::string_view> names_;
};

Value ApplyFilter(const std::string& name, const Value& value, const Arguments& arguments);
bool ApplyTest(const std::string& name, const Value& value, const Arguments& arguments);

/// `value`.`name` as Python has it: a method. Undefined if there is none.
Value Method(const Value& value, const std::string& name);

/// Jinja's environment.getattr and environment.getitem.
Value Attribute(const Value& value, const std::string& name);
Value Item(const Value& value, const Value& key);

}  // namespace quanta::converter::jinja
