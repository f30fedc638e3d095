// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/source.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/base/utf8.h"

namespace quanta::lite {

Source::Source(std::string name, std::string_view bytes) : name_(std::move(name)) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  text_.reserve(bytes.size());
  line_begins_.push_back(0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool end = bytes[i] == '\n' || bytes[i] == '\r';
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
    text_ += end ? '\n' : bytes[i];
    if (end) line_begins_.push_back(size());
  }
}

uint32_t Source::LineOf(uint32_t offset) const {
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
  return static_cast<uint32_t>(after - line_begins_.begin());
}

uint32_t Source::ColumnOf(uint32_t offset) const {
  const uint32_t begin = line_begins_[LineOf(offset) - 1];
  return static_cast<uint32_t>(CountCodePoints(TextOf({begin, offset}))) + 1;
}

std::string_view Source::LineText(uint32_t line) const {
  if (line == 0 || line > lines()) return {};
  const uint32_t begin = line_begins_[line - 1];
  const uint32_t end = line < lines() ? line_begins_[line] - 1 : size();
  return TextOf({begin, end});
}

std::string_view Source::TextOf(Span span) const {
  return std::string_view(text_).substr(span.begin, span.end - span.begin);
}

}  // namespace quanta::lite
