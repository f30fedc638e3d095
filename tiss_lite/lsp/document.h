// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tiss_lite/language/draft.h"
#include "tiss_lite/syntax/source.h"

namespace quanta::lite::lsp {

/// What the protocol counts a line's characters in.
enum class Encoding : uint8_t { kUtf8, kUtf16 };

/// As the protocol has it: both from 0.
struct Position {
  uint32_t line = 0;
  uint32_t character = 0;
};
struct Range {
  Position start, end;
};

/// A script that an editor has open.
class Document {
 public:
  /// `text` is valid UTF-8; any line ends.
  Document(std::string uri, std::string_view text, double version);

  const std::string& uri() const { return uri_; }
  double version() const { return version_; }
  const Source& source() const { return source_; }
  /// Whether the first line end was CRLF.
  bool crlf() const { return crlf_; }
  bool byte_order_mark() const { return mark_; }
  size_t bytes() const { return source_.text().size(); }

  void SetText(std::string_view text);
  void SetVersion(double version) { version_ = version; }
  /// Replaces what stands in `range`, whose ends may lie past those of lines or of the text.
  void Edit(const Range& range, std::string_view text, Encoding encoding);

  /// An offset in source(); the nearest one if there is no such position.
  uint32_t OffsetOf(Position position, Encoding encoding) const;
  /// Takes time linear in the length of the line, of all calls with rising offsets together.
  Position PositionOf(uint32_t offset, Encoding encoding) const;
  Range RangeOf(Span span, Encoding encoding) const;

  /// Empty for a script that is larger than the parser takes. Kept until the text changes.
  const Draft& draft() const;
  void Forget() { draft_.reset(); }

 private:
  uint32_t LineBegin(uint32_t line) const;

  std::string uri_;
  double version_;
  bool crlf_ = false, mark_ = false;
  Source source_;
  mutable std::optional<Draft> draft_;
  /// Where PositionOf counted to last.
  struct Counted {
    uint32_t offset = 0, line = 0, character = 0;
    Encoding encoding = Encoding::kUtf16;
  };
  mutable Counted counted_;
};

}  // namespace quanta::lite::lsp
