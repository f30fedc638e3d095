// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "converter/chat/jinja/syntax.h"

namespace quanta::converter::jinja {

/// raise_exception: the template refuses; what() is its message.
class TemplateRefusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A template, rendered exactly as Jinja does with Python's values, or not at all: what
/// is not implemented is an error, never a guess.
class Interpreter {
 public:
  /// Throws ChatError as Parse does.
  explicit Interpreter(std::string_view source);
  ~Interpreter();

  /// Renders with `variables`. Throws TemplateRefusal; TemplateFailure where Jinja
  /// fails; ChatError: kUnsupported, kLimit (too much work or text, in this rendering or
  /// in all of them together).
  std::string Render(const std::map<std::string, Value>& variables);

 private:
  Body body_;
  uint64_t work_ = 0;  ///< of all renderings
};

}  // namespace quanta::converter::jinja
