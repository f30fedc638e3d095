// SPDX-License-Identifier: MIT
#include "quanta/status.h"

#include <cstdio>

namespace quanta {

void ErrorDetail::FormatV(const char* format, std::va_list arguments) {
  std::vsnprintf(text_, kCapacity, format, arguments);
  for (char* c = text_; *c != '\0'; ++c) {
    if (static_cast<unsigned char>(*c) < 0x20 || *c == 0x7F) *c = '?';
  }
}

void ErrorDetail::Format(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  FormatV(format, arguments);
  va_end(arguments);
}

Status Fail(ErrorDetail* detail, Code code, const char* what, const char* format, ...) {
  if (detail != nullptr) {
    std::va_list arguments;
    va_start(arguments, format);
    detail->FormatV(format, arguments);
    va_end(arguments);
  }
  return {code, what};
}

}  // namespace quanta
