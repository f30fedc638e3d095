// SPDX-License-Identifier: MIT
#include "tests/converter/chat/jinja_source.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>

#include "converter/chat/tags.h"

namespace quanta::converter {
namespace {

// Far above any template in use; they bound the engine's recursion.
constexpr size_t kMaxBlockDepth = 32;
constexpr size_t kMaxUnaryChain = 32;

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

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
  const TagList parsed = SplitTags(source);
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
