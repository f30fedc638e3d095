// SPDX-License-Identifier: MIT
#include "converter/error.h"

#include <cstdarg>
#include <cstdio>

namespace quanta::converter {
namespace {

std::string Join(std::string_view place, std::string_view what, std::string_view hint) {
  std::string text;
  if (!place.empty()) text.append(place).append(": ");
  text.append(what);
  if (!hint.empty()) text.append("; ").append(hint);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

Error::Error(Code code, std::string_view place, std::string_view what, std::string_view hint)
    : code_(code), text_(Join(place, what, hint)) {}

int ExitCode(Code code) {
  switch (code) {
    case Code::kOk:
      return 0;
    case Code::kInvalidArgument:
      return 2;
    case Code::kCorrupt:
    case Code::kUnsupported:
    case Code::kUnverified:
      return 3;
    case Code::kOutOfMemory:
      return 4;
    case Code::kCancelled:
      return 130;
    default:
      return 1;
  }
}

void Check(Status status, const ErrorDetail& detail, std::string_view place) {
  if (status.ok()) return;
  if (status.code() == Code::kCancelled) throw Interrupted();
  const std::string_view what = status.what();
  std::string_view more = detail.text();
  // The detail may name the file itself.
  if (!place.empty() && more.starts_with(place)) more.remove_prefix(place.size());
  if (more.starts_with(": ")) more.remove_prefix(2);
  std::string text(more.find(what) == more.npos ? what : "");
  if (!text.empty() && !more.empty()) text += ": ";
  throw Error(status.code(), place, text.append(more));
}

Error Interrupted() { return Error(Code::kCancelled, "", "interrupted", "nothing was written"); }

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string Format(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::va_list again;
  va_copy(again, arguments);
  const int size = std::vsnprintf(nullptr, 0, format, arguments);
  va_end(arguments);
  std::string text(size > 0 ? static_cast<size_t>(size) : 0, '\0');
  if (size > 0) std::vsnprintf(text.data(), text.size() + 1, format, again);
  va_end(again);
  return text;
}

}  // namespace quanta::converter
