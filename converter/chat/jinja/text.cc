// SPDX-License-Identifier: MIT
#include "converter/chat/jinja/text.h"

#include <algorithm>

#include "converter/chat/jinja/value.h"
#include "runtime/text/utf8.h"
#include "runtime/text/white_space.h"

namespace quanta::converter::jinja {
namespace {

size_t CodePointBytes(std::string_view text) {
  return text::StepUtf8(text.data(), text.size()).bytes;
}

char UpperOf(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Mapped(std::string_view text, char (*map)(char)) {
  if (!IsAscii(text)) Unsupported("changes the case of letters outside of ASCII");
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), map);
  return out;
}

}  // namespace

std::vector<std::string_view> CodePoints(std::string_view text) {
  std::vector<std::string_view> points;
  while (!text.empty()) {
    const size_t length = CodePointBytes(text);
    points.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return points;
}

size_t CountCodePoints(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(CodePointBytes(text));
  return count;
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string Upper(std::string_view text) { return Mapped(text, UpperOf); }
std::string Lower(std::string_view text) { return Mapped(text, LowerOf); }

std::string Capitalize(std::string_view text) {
  std::string out = Lower(text);
  if (!out.empty()) out[0] = UpperOf(out[0]);
  return out;
}

std::string_view Strip(std::string_view text, const std::string* characters, bool start, bool end) {
  if (characters == nullptr) {
    if (start) text = text::StripStart(text);
    if (end) text = text::StripEnd(text);
    return text;
  }
  const std::vector<std::string_view> set = CodePoints(*characters);
  const auto has = [&](std::string_view point) {
    return std::find(set.begin(), set.end(), point) != set.end();
  };
  while (start && !text.empty() && has(text.substr(0, CodePointBytes(text)))) {
    text.remove_prefix(CodePointBytes(text));
  }
  if (!end) return text;
  const std::vector<std::string_view> points = CodePoints(text);
  for (auto last = points.rbegin(); last != points.rend() && has(*last); ++last) {
    text.remove_suffix(last->size());
  }
  return text;
}

std::string Replace(std::string_view text, std::string_view from, std::string_view to,
                    int64_t count) {
  if (from.empty()) Unsupported("replaces the empty text");
  std::string out;
  for (size_t at = 0; count != 0 && (at = text.find(from)) != std::string_view::npos; --count) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
    if (out.size() > kMaxTextBytes) TooLong();
  }
  return out.append(text);
}

std::vector<std::string> Split(std::string_view text, std::string_view separator, int64_t count) {
  if (separator.empty()) throw TemplateFailure("empty separator");
  std::vector<std::string> parts;
  for (size_t at = 0; count != 0 && (at = text.find(separator)) != std::string_view::npos;
       --count) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::vector<std::string> SplitFromEnd(std::string_view text, std::string_view separator,
                                      int64_t count) {
  if (separator.empty()) throw TemplateFailure("empty separator");
  std::vector<std::string> parts;
  for (size_t at = 0; count != 0 && (at = text.rfind(separator)) != std::string_view::npos;
       --count) {
    parts.emplace_back(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  parts.emplace_back(text);
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  for (text = text::StripStart(text); !text.empty(); text = text::StripStart(text)) {
    size_t length = 0;
    while (length < text.size() &&
           text::StripStart(text.substr(length)).size() == text.size() - length) {
      length += CodePointBytes(text.substr(length));
    }
    words.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace quanta::converter::jinja
