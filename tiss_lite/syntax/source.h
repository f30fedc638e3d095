// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::lite {

/// A piece of a Source: offsets of bytes, `end` not included.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A script's text as the parser reads it: no byte order mark, every line ended by LF.
/// Any bytes are taken; Parse() reports those that no script may have.
class Source {
 public:
  /// `name` is what messages call the script, e.g. its path.
  Source(std::string name, std::string_view bytes);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  uint32_t size() const { return static_cast<uint32_t>(text_.size()); }

  uint32_t lines() const { return static_cast<uint32_t>(line_begins_.size()); }
  /// 1 for the first line. `offset` may be size().
  uint32_t LineOf(uint32_t offset) const;
  /// 1 for the first code point of a line.
  uint32_t ColumnOf(uint32_t offset) const;
  /// The text of a line (from 1), without its end; empty if there is no such line.
  std::string_view LineText(uint32_t line) const;
  std::string_view TextOf(Span span) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_begins_;
};

}  // namespace quanta::lite
