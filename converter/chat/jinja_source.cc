// SPDX-License-Identifier: MIT
#include "converter/chat/jinja_source.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>

namespace quanta::converter {
namespace {

// Far above any template in use; they bound the engine's recursion and its messages.
constexpr size_t kMaxTemplateBytes = 128u << 10;
constexpr size_t kMaxTagBytes = 16u << 10;
constexpr size_t kMaxBracketDepth = 32;
constexpr size_t kMaxBlockDepth = 32;
constexpr size_t kMaxUnaryChain = 32;

enum class TagKind { kExpression, kBlock, kComment };

struct Tag {
  TagKind kind = TagKind::kExpression;
  std::string text;  ///< before the tag, white space control carried out
  std::string code;
};

struct Parsed {
  std::vector<Tag> tags;
  std::string tail;  ///< text after the last tag
};

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

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

/// The end of a string literal that starts at `start`, behind its closing quote.
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

void StripEnd(std::string* text) {
  while (!text->empty() && IsSpace(text->back())) text->pop_back();
}

/// lstrip_blocks: white space between the start of a line and a block goes.
/// `line_start`: whether `text` itself begins a line.
void StripIndent(std::string* text, bool line_start) {
  const size_t newline = text->rfind('\n');
  if (newline == std::string::npos && !line_start) return;
  const size_t from = newline == std::string::npos ? 0 : newline + 1;
  if (std::all_of(text->begin() + static_cast<long>(from), text->end(), IsSpace)) {
    text->resize(from);
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view source) : source_(source) {}

  Parsed Run() {
    Parsed parsed;
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
      while (at_ < source_.size() && IsSpace(source_[at_])) ++at_;
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

/// Words of a piece of code; strings and everything else between them are skipped.
std::vector<std::string> Words(std::string_view code, size_t limit) {
  std::vector<std::string> words;
  for (size_t i = 0; i < code.size() && words.size() < limit;) {
    if (code[i] == '\'' || code[i] == '"') {
      i = SkipString(code, i);
    } else if (IsWord(code[i])) {
      const size_t start = i;
      while (i < code.size() && IsWord(code[i])) ++i;
      words.emplace_back(code.substr(start, i - start));
    } else {
      ++i;
    }
  }
  return words;
}

/// The variables that a `set` block assigns; none if it assigns to a namespace.
std::vector<std::string> Assigned(std::string_view code) {
  std::string_view left = code.substr(0, std::min(code.find('='), code.size()));
  if (left.find('.') != std::string_view::npos) return {};
  std::vector<std::string> words = Words(left, SIZE_MAX);
  if (const size_t filter = left.find('|'); filter != std::string_view::npos) {
    words = Words(left.substr(0, filter), SIZE_MAX);
  }
  words.erase(words.begin());  // "set"
  return words;
}

std::string Unescaped(std::string_view body) {
  std::string out;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\' || i + 1 == body.size()) {
      out += body[i];
      continue;
    }
    const char c = body[++i];
    out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
  }
  return out;
}

/// Replaces `tools is [not] defined`, and collects string literals.
class CodeRewriter {
 public:
  explicit CodeRewriter(std::vector<std::string>* literals) : literals_(literals) {}

  std::string Run(std::string_view code) {
    std::string out;
    size_t unary = 0;
    for (size_t i = 0; i < code.size();) {
      if (code[i] == '\'' || code[i] == '"') {
        const size_t end = SkipString(code, i);
        literals_->push_back(Unescaped(code.substr(i + 1, end - i - 2)));
        out += code.substr(i, end - i);
        i = end;
        unary = 0;
        continue;
      }
      if (!IsWord(code[i])) {
        unary = code[i] == '-' || code[i] == '+' ? unary + 1 : IsSpace(code[i]) ? unary : 0;
        out += code[i++];
      } else {
        const size_t start = i;
        while (i < code.size() && IsWord(code[i])) ++i;
        const std::string_view word = code.substr(start, i - start);
        unary = word == "not" ? unary + 1 : 0;
        const bool attribute = !out.empty() && out.back() == '.';
        if (!attribute && (word == "tools" || word == "documents")) {
          i = Definedness(code, word, i, &out);
        } else {
          out += word;
        }
      }
      if (unary > kMaxUnaryChain) {
        throw ChatError(Code::kLimit, "the chat template chains too many operators");
      }
    }
    return out;
  }

 private:
  static size_t Definedness(std::string_view code, std::string_view word, size_t after,
                            std::string* out) {
    size_t i = after;
    const auto take = [&](std::string_view expected) {
      size_t j = i;
      while (j < code.size() && IsSpace(code[j])) ++j;
      const size_t end = j + expected.size();
      if (code.substr(j, expected.size()) != expected || (end < code.size() && IsWord(code[end]))) {
        return false;
      }
      i = end;
      return true;
    };
    if (take("is")) {
      const bool negated = take("not");
      if (take("defined")) {
        *out += negated ? "false" : "true";
        return i;
      }
    }
    *out += word;
    return after;
  }

  std::vector<std::string>* literals_;
};

/// Gives each loop its rounds' own variables: `x`, if the body assigns it, starts each
/// round as it was before the loop.
class ScopeRewriter {
 public:
  explicit ScopeRewriter(const std::vector<Tag>& tags) : assigned_(tags.size()) {
    // Loops and macros that are open; a macro has variables of its own.
    std::vector<size_t> open;
    for (size_t i = 0; i < tags.size(); ++i) {
      if (tags[i].kind != TagKind::kBlock) continue;
      const std::vector<std::string> words = Words(tags[i].code, 1);
      const std::string keyword = words.empty() ? "" : words.front();
      if (keyword == "for" || keyword == "macro" || keyword == "call" || keyword == "if" ||
          keyword == "filter") {
        open.push_back(i);
        if (open.size() > kMaxBlockDepth) {
          throw ChatError(Code::kLimit, "the chat template nests blocks too deeply");
        }
      } else if (keyword == "endfor" || keyword == "endmacro" || keyword == "endcall" ||
                 keyword == "endif" || keyword == "endfilter") {
        if (!open.empty()) open.pop_back();
      } else if (keyword == "set") {
        Note(tags, open, Assigned(tags[i].code));
      } else if (keyword == "raw" || keyword == "include" || keyword == "import" ||
                 keyword == "from" || keyword == "extends" || keyword == "block" ||
                 keyword == "with" || keyword == "autoescape" || keyword == "trans") {
        throw ChatError(Code::kUnsupported,
                        "the chat template uses '" + keyword + "', which is not supported");
      }
    }
  }

  /// What goes before and behind the tag.
  std::string Before(size_t tag) const {
    std::string out;
    for (const std::string& name : assigned_[tag]) {
      out += "{% set " + Saved(tag, name) + " = " + name + " %}";
    }
    return out;
  }
  std::string Behind(size_t tag) const {
    std::string out;
    for (const std::string& name : assigned_[tag]) {
      out += "{% set " + name + " = " + Saved(tag, name) + " %}";
    }
    return out;
  }

 private:
  void Note(const std::vector<Tag>& tags, const std::vector<size_t>& open,
            const std::vector<std::string>& names) {
    for (auto i = open.rbegin(); i != open.rend(); ++i) {
      const std::string keyword = Words(tags[*i].code, 1).front();
      if (keyword == "if" || keyword == "filter" || keyword == "call") continue;
      if (keyword == "for") assigned_[*i].insert(names.begin(), names.end());
      return;
    }
  }
  static std::string Saved(size_t tag, const std::string& name) {
    return "quanta_" + std::to_string(tag) + "_" + name;
  }

  std::vector<std::set<std::string>> assigned_;  ///< by loop
};

/// Text that the engine cannot take for the start of a tag, whatever follows it.
std::string Literal(std::string text) {
  if (!text.ends_with('{')) return text;
  text.pop_back();
  return text + "{{ '{' }}";
}

}  // namespace

JinjaSource PrepareJinja(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    throw ChatError(Code::kLimit,
                    "the chat template is too long: " + std::to_string(source.size()) +
                        " bytes, the limit is " + std::to_string(kMaxTemplateBytes));
  }
  std::string text = UnixNewlines(source);
  if (text.ends_with('\n')) text.pop_back();
  const Parsed parsed = Splitter(text).Run();
  const ScopeRewriter scopes(parsed.tags);

  JinjaSource out;
  CodeRewriter rewriter(&out.literals);
  for (size_t i = 0; i < parsed.tags.size(); ++i) {
    const Tag& tag = parsed.tags[i];
    out.text += Literal(tag.text);
    if (tag.kind == TagKind::kComment) {
      out.text += "{{ '' }}";  // keeps the texts on both sides apart
      continue;
    }
    const std::string code = rewriter.Run(tag.code);
    if (tag.kind == TagKind::kExpression) {
      out.text += "{{ " + code + " }}";
      continue;
    }
    const std::vector<std::string> words = Words(tag.code, 1);
    const bool repeats = !words.empty() && (words.front() == "for" || words.front() == "macro");
    out.text += scopes.Before(i) + "{% " + code + " %}";
    if (repeats) out.text += "{{ " + std::string(kTickFunction) + "() }}";
    out.text += scopes.Behind(i);
  }
  out.text += parsed.tail;
  std::sort(out.literals.begin(), out.literals.end());
  out.literals.erase(std::unique(out.literals.begin(), out.literals.end()), out.literals.end());
  return out;
}

}  // namespace quanta::converter
