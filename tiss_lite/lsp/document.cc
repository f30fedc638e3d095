// SPDX-License-Identifier: MIT
#include "tiss_lite/lsp/document.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/syntax/ast.h"

namespace quanta::lite::lsp {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

/// What the byte adds to the count of characters before the next one.
uint32_t UnitsOf(char c, Encoding encoding) {
  const auto byte = static_cast<unsigned char>(c);
  if (encoding == Encoding::kUtf8) return 1;
  return (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
}

/// The byte order mark, which the source leaves out, as a part of the first line.
uint32_t MarkUnits(Encoding encoding) { return encoding == Encoding::kUtf8 ? 3 : 1; }

}  // namespace

Document::Document(std::string uri, std::string_view text, double version)
    : uri_(std::move(uri)), version_(version), source_("", "") {
  SetText(text);
}

void Document::SetText(std::string_view text) {
  mark_ = text.starts_with(kMark);
  const size_t end = text.find_first_of("\r\n");
  crlf_ = end != text.npos && text.substr(end, 2) == "\r\n";
  source_ = Source("", text);
  draft_.reset();
  counted_ = {};
}

void Document::Edit(const Range& range, std::string_view text, Encoding encoding) {
  const uint32_t begin = OffsetOf(range.start, encoding);
  const uint32_t end = std::max(begin, OffsetOf(range.end, encoding));
  const bool whole = range.start.line == 0 && range.start.character == 0;
  const bool keeps_mark = mark_ && !(whole && (range.end.line > 0 || range.end.character > 0));
  const bool crlf = crlf_;
  const std::string& old = source_.text();
  std::string edited;
  edited.reserve(old.size() + text.size());
  edited.append(old, 0, begin).append(text).append(old, end);
  if (keeps_mark) edited.insert(0, kMark);
  SetText(edited);
  crlf_ = crlf || crlf_;  // the source's own line ends are LF
}

uint32_t Document::LineBegin(uint32_t line) const {
  return static_cast<uint32_t>(source_.LineText(line).data() - source_.text().data());
}

uint32_t Document::OffsetOf(Position position, Encoding encoding) const {
  if (position.line >= source_.lines()) return source_.size();
  const std::string_view line = source_.LineText(position.line + 1);
  uint32_t units = mark_ && position.line == 0 ? MarkUnits(encoding) : 0;
  size_t at = 0;
  // Whole characters only: a place inside one is the place before it.
  while (at < line.size() && units < position.character) {
    size_t next = at + 1;
    uint32_t more = UnitsOf(line[at], encoding);
    while (next < line.size() && UnitsOf(line[next], Encoding::kUtf16) == 0) {
      more += UnitsOf(line[next++], encoding);
    }
    if (units + more > position.character) break;
    units += more;
    at = next;
  }
  return LineBegin(position.line + 1) + static_cast<uint32_t>(at);
}

Position Document::PositionOf(uint32_t offset, Encoding encoding) const {
  const uint32_t line = source_.LineOf(offset);
  const uint32_t begin = LineBegin(line);
  if (counted_.line != line || counted_.offset > offset || counted_.encoding != encoding) {
    counted_ = {begin, line, mark_ && line == 1 ? MarkUnits(encoding) : 0, encoding};
  }
  for (; counted_.offset < offset; ++counted_.offset) {
    counted_.character += UnitsOf(source_.text()[counted_.offset], encoding);
  }
  return {line - 1, counted_.character};
}

Range Document::RangeOf(Span span, Encoding encoding) const {
  const Position start = PositionOf(span.begin, encoding);
  return {start, PositionOf(span.end, encoding)};
}

const Draft& Document::draft() const {
  if (!draft_) draft_ = source_.size() > kMaxSourceBytes ? Draft() : ReadDraft(source_);
  return *draft_;
}

}  // namespace quanta::lite::lsp
