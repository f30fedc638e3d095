// SPDX-License-Identifier: MIT
#include "converter/chat/tags.h"

#include <algorithm>

#include "converter/chat/chat_error.h"
#include "runtime/text/utf8.h"
#include "runtime/text/white_space.h"

namespace quanta::converter {
namespace {

// Far above any template in use; they bound the parsers' recursion and their messages.
constexpr size_t kMaxTemplateBytes = 128u << 10;
constexpr size_t kMaxTagBytes = 16u << 10;
constexpr size_t kMaxBracketDepth = 32;

std::string UnixNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  return out;
}

[[noreturn]] void FailAt(std::string_view source, size_t offset, Code code,
                         const std::string& what) {
  const auto line =
      1 + std::count(source.begin(), source.begin() + static_cast<long>(offset), '\n');
  throw ChatError(code, "line " + std::to_string(line) + " of the chat template: " + what);
}

/// Where the code of a tag ends: at the closing "%}" or "}}" that is outside of
/// strings and brackets. `start`: behind the opening.
size_t FindTagEnd(std::string_view source, size_t start, char close) {
  size_t depth = 0;
  for (size_t i = start; i < source.size();) {
    const char c = source[i];
    if (depth == 0 && c == close && i + 1 < source.size() && source[i + 1] == '}') return i;
    if (c == '\'' || c == '"') {
      i = SkipString(source, i);
      continue;
    }
    if (c == '(' || c == '[' || c == '{') {
      if (++depth > kMaxBracketDepth) {
        FailAt(source, i, Code::kLimit, "brackets are nested too deeply");
      }
    } else if ((c == ')' || c == ']' || c == '}') && depth > 0) {
      --depth;
    }
    ++i;
  }
  FailAt(source, start, Code::kCorrupt, "a tag is not closed");
}

void StripEnd(std::string* text) { text->resize(text::StripEnd(*text).size()); }

/// lstrip_blocks: white space between the start of a line and a block goes.
/// `line_start`: whether `text` itself begins a line.
void StripIndent(std::string* text, bool line_start) {
  const size_t newline = text->rfind('\n');
  if (newline == std::string::npos && !line_start) return;
  const size_t from = newline == std::string::npos ? 0 : newline + 1;
  if (text::StripStart(std::string_view(*text).substr(from)).empty()) text->resize(from);
}

class Splitter {
 public:
  explicit Splitter(std::string_view source) : source_(source) {}

  TagList Run() {
    TagList parsed;
    while (true) {
      const size_t open = NextTag();
      if (open == std::string_view::npos) break;
      parsed.tags.push_back(Take(open));
    }
    parsed.tail = source_.substr(at_);
    return parsed;
  }

 private:
  size_t NextTag() const {
    for (size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] == '{' &&
          (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#')) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  Tag Take(size_t open) {
    Tag tag;
    tag.text = source_.substr(at_, open - at_);
    const char mark = source_[open + 1];
    tag.kind = mark == '{'   ? TagKind::kExpression
               : mark == '%' ? TagKind::kBlock
                             : TagKind::kComment;
    size_t start = open + 2;
    const char sign = start < source_.size() ? source_[start] : '\0';
    // "{{+" and "{{-1" do not exist in Jinja: there a sign belongs to the brace.
    const bool has_sign = sign == '-' || (sign == '+' && tag.kind != TagKind::kExpression);
    if (sign == '-') {
      StripEnd(&tag.text);
    } else if (!has_sign && tag.kind != TagKind::kExpression) {
      StripIndent(&tag.text, line_start_);
    }
    if (has_sign) ++start;

    const size_t close = tag.kind == TagKind::kComment
                             ? source_.find("#}", start)
                             : FindTagEnd(source_, start, mark == '{' ? '}' : '%');
    if (close == std::string_view::npos) {
      FailAt(source_, open, Code::kCorrupt, "a comment is not closed");
    }
    tag.code = source_.substr(start, close - start);
    if (tag.kind != TagKind::kComment && tag.code.size() > kMaxTagBytes) {
      FailAt(source_, open, Code::kLimit, "a tag is too long");
    }
    at_ = close + 2;
    CloseTag(&tag);
    return tag;
  }

  void CloseTag(Tag* tag) {
    const char sign = tag->code.empty() ? '\0' : tag->code.back();
    const bool has_sign = sign == '-' || (sign == '+' && tag->kind != TagKind::kExpression);
    if (has_sign) tag->code.pop_back();
    const size_t before = at_;
    if (sign == '-') {
      at_ = source_.size() - text::StripStart(source_.substr(at_)).size();
    } else if (!has_sign && tag->kind != TagKind::kExpression && at_ < source_.size() &&
               source_[at_] == '\n') {
      ++at_;  // trim_blocks
    }
    line_start_ = at_ > before && source_[at_ - 1] == '\n';
    if (tag->kind == TagKind::kComment) tag->code.clear();
  }

  std::string_view source_;
  size_t at_ = 0;
  bool line_start_ = true;
};

}  // namespace

size_t SkipString(std::string_view source, size_t start) {
  for (size_t i = start + 1; i < source.size(); ++i) {
    if (source[i] == '\\') {
      ++i;
    } else if (source[i] == source[start]) {
      return i + 1;
    }
  }
  FailAt(source, start, Code::kCorrupt, "a string is not closed");
}

TagList SplitTags(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    throw ChatError(Code::kLimit,
                    "the chat template is too long: " + std::to_string(source.size()) +
                        " bytes, the limit is " + std::to_string(kMaxTemplateBytes));
  }
  if (!text::IsUtf8(source)) throw ChatError(Code::kCorrupt, "the chat template is not UTF-8");
  std::string text = UnixNewlines(source);
  if (text.ends_with('\n')) text.pop_back();
  return Splitter(text).Run();
}

}  // namespace quanta::converter
