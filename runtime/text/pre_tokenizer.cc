// SPDX-License-Identifier: MIT
#include "runtime/text/pre_tokenizer.h"

#include <algorithm>
#include <cstring>

#include "runtime/text/unicode.h"

namespace quanta::text {
namespace {

using Kind = format::PreTokenizerKind;
using Behavior = format::SplitBehavior;

bool IsGap(CharClass kind) { return kind == CharClass::kSpace || kind == CharClass::kNewline; }

enum class WordClass : uint8_t { kGap, kWord, kOther };
struct WordChar {
  WordClass kind;
  const char* next;
};

WordChar WordClassAt(const char* p) {
  const ClassifiedChar c = ReadChar(p);
  if (IsGap(c.kind)) return {WordClass::kGap, c.next};
  const bool ascii = c.next == p + 1;
  const bool word = ascii ? c.kind != CharClass::kOther || *p == '_' : IsWord(DecodeUtf8(p).value);
  return {word ? WordClass::kWord : WordClass::kOther, c.next};
}

// PreTokenizer::prepend.
constexpr uint8_t kAlways = 0;
constexpr uint8_t kFirst = 1;

// The end of the run of `kind` that starts at `p`.
const char* SkipRun(const char* p, const char* end, CharClass kind) {
  while (p != end) {
    const ClassifiedChar c = ReadChar(p);
    if (c.kind != kind) break;
    p = c.next;
  }
  return p;
}

// A run of white space: where it ends, where its last character starts, and the
// end of its last newline (null if it has none).
struct GapRun {
  const char* end;
  const char* last;
  const char* newline_end = nullptr;
};

GapRun SkipGap(const char* p, const char* end) {
  GapRun run{p, p};
  while (run.end != end) {
    const ClassifiedChar c = ReadChar(run.end);
    if (!IsGap(c.kind)) break;
    run.last = run.end;
    run.end = c.next;
    if (c.kind == CharClass::kNewline) run.newline_end = c.next;
  }
  return run;
}

// \s+(?!\S)|\s+ : all of a run at the end of the text; else all but its last
// character, which belongs to the word that follows; that one alone if need be.
const char* EndOfGap(const GapRun& run, const char* start, const char* end) {
  return run.end == end || run.last == start ? run.end : run.last;
}

// The length of the contraction at `p`, which points at an apostrophe; or 0.
size_t Contraction(const char* p, const char* end, bool any_case) {
  const size_t left = static_cast<size_t>(end - p);
  if (left < 2) return 0;
  const auto letter = [&](size_t i) { return any_case ? static_cast<char>(p[i] | 0x20) : p[i]; };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return left >= 3 && letter(2) == 'e' ? 3 : 0;
    case 'l':
      return left >= 3 && letter(2) == 'l' ? 3 : 0;
    default:
      break;
  }
  // The long s (U+017F) is an s in another case.
  return any_case && left >= 3 && p[1] == '\xC5' && p[2] == '\xBF' ? 3 : 0;
}

// The classes of ScanByteWords.
enum class ByteClass : uint8_t { kWord, kDigit, kBlank, kSingle };

ByteClass ClassOfByte(char c) {
  const auto byte = static_cast<uint8_t>(c);
  const uint32_t letter = byte | 0x20u;
  // Beyond ASCII: the first bytes of Latin-1's letters, and all that follow a first byte.
  const bool latin = (byte >= 0x80 && byte <= 0xBF) || byte == 0xC2 || byte == 0xC3;
  if (latin || (byte < 0x80 && letter >= 'a' && letter <= 'z')) return ByteClass::kWord;
  if (byte >= '0' && byte <= '9') return ByteClass::kDigit;
  const bool blank = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
  return blank ? ByteClass::kBlank : ByteClass::kSingle;
}

}  // namespace

const char* ScanGpt2(const char* p, const char* end) {
  if (*p == '\'') {
    if (const size_t length = Contraction(p, end, false)) return p + length;
  }
  const ClassifiedChar first = ReadChar(p);
  if (*p == ' ' && first.next != end) {
    const ClassifiedChar second = ReadChar(first.next);
    if (!IsGap(second.kind)) return SkipRun(second.next, end, second.kind);
  }
  if (!IsGap(first.kind)) return SkipRun(first.next, end, first.kind);
  return EndOfGap(SkipGap(p, end), p, end);
}

const char* ScanCl100k(const char* p, const char* end, int max_digits) {
  if (*p == '\'') {
    if (const size_t length = Contraction(p, end, true)) return p + length;
  }
  const ClassifiedChar first = ReadChar(p);
  if (first.kind == CharClass::kLetter) return SkipRun(first.next, end, CharClass::kLetter);
  if (first.kind == CharClass::kNumber) {
    const char* q = first.next;
    for (int digits = 1; digits < max_digits && q != end; ++digits) {
      const ClassifiedChar c = ReadChar(q);
      if (c.kind != CharClass::kNumber) break;
      q = c.next;
    }
    return q;
  }
  const bool more = first.next != end;
  const ClassifiedChar second =
      more ? ReadChar(first.next) : ClassifiedChar{CharClass::kNewline, end};
  if (first.kind != CharClass::kNewline && second.kind == CharClass::kLetter) {
    return SkipRun(second.next, end, CharClass::kLetter);
  }
  if (first.kind == CharClass::kOther || (*p == ' ' && second.kind == CharClass::kOther)) {
    const char* q = SkipRun(first.next, end, CharClass::kOther);
    return SkipRun(q, end, CharClass::kNewline);
  }
  const GapRun run = SkipGap(p, end);
  return run.newline_end != nullptr ? run.newline_end : EndOfGap(run, p, end);
}

const char* ScanByteWords(const char* p, const char* end) {
  if (*p == '\'') {
    if (const size_t length = Contraction(p, end, false)) return p + length;
  }
  const ByteClass kind = ClassOfByte(*p++);
  if (kind == ByteClass::kSingle) return p;
  while (p != end && ClassOfByte(*p) == kind) ++p;
  return p;
}

// One Split call: its steps, and where the pieces go.
struct PreTokenizerChain::Run {
  std::span<const format::PreTokenizer> steps;
  bool first;  // the text is the start of a whole text
  Scratch* scratch;
  Sink sink;
  void* context;

  // Cuts `text` by the steps from `step` on. As deep as there are steps.
  Status From(size_t step, std::string_view text) const {
    if (text.empty()) return Status();
    if (step == steps.size()) return sink(context, text);
    const format::PreTokenizer& rule = steps[step];
    switch (rule.kind) {
      case Kind::kGpt2:
        return Scan(step, text, [](const char* p, const char* end) { return ScanGpt2(p, end); });
      case Kind::kLlama3:
        return Scan(step, text,
                    [](const char* p, const char* end) { return ScanCl100k(p, end, 3); });
      case Kind::kQwen2:
        return Scan(step, text,
                    [](const char* p, const char* end) { return ScanCl100k(p, end, 1); });
      case Kind::kByteWords:
        return Scan(step, text,
                    [](const char* p, const char* end) { return ScanByteWords(p, end); });
      case Kind::kDigitsIndividual:
        return Digits(step, text, false);
      case Kind::kDigitsRuns:
        return Digits(step, text, true);
      case Kind::kSplitLiteral:
        return Literal(step, text, rule);
      case Kind::kAddPrefixSpace:
        return PrefixSpace(step, text);
      case Kind::kMetaspace:
        return Metaspace(step, text, rule);
      case Kind::kWhitespace:
        return rule.behavior == Behavior::kRemoved ? Visible(step, text) : Words(step, text);
    }
    return Status(Code::kInternal, "pre-tokenizer was not checked");
  }

  // What a scanner finds: where a piece ends, and whether it counts.
  struct Cut {
    Cut(const char* cut_end, bool cut_kept = true) : end(cut_end), kept(cut_kept) {}
    const char* end;
    bool kept;
  };

  template <class Scanner>
  Status Scan(size_t step, std::string_view text, Scanner scan) const {
    const char* p = text.data();
    const char* const end = p + text.size();
    const bool last = step + 1 == steps.size();
    while (p != end) {
      const Cut cut = scan(p, end);
      if (cut.kept) {
        const std::string_view piece(p, static_cast<size_t>(cut.end - p));
        QUANTA_TRY(last ? sink(context, piece) : From(step + 1, piece));
      }
      p = cut.end;
    }
    return Status();
  }

  // Sets numbers apart: each by itself, or in runs.
  Status Digits(size_t step, std::string_view text, bool runs) const {
    return Scan(step, text, [runs](const char* p, const char* end) {
      bool numeric;
      const char* next = ReadNumeric(p, &numeric);
      if (numeric && !runs) return next;
      while (next != end) {
        bool same;
        const char* after = ReadNumeric(next, &same);
        if (same != numeric) break;
        next = after;
      }
      return next;
    });
  }

  static const char* ReadNumeric(const char* p, bool* numeric) {
    const auto lead = static_cast<uint8_t>(*p);
    if (lead < 0x80) {
      *numeric = lead >= '0' && lead <= '9';
      return p + 1;
    }
    const CodePoint c = DecodeUtf8(p);
    *numeric = IsNumeric(c.value);
    return p + c.bytes;
  }

  // Cuts at each occurrence of a string; the behaviour says which side keeps it.
  Status Literal(size_t step, std::string_view text, const format::PreTokenizer& rule) const {
    const std::string_view mark = rule.a;
    size_t start = 0;  // of the piece being collected
    size_t from = 0;   // where to look for the next mark
    while (true) {
      const size_t at = text.find(mark, from);
      if (at == std::string_view::npos) break;
      size_t after = at + mark.size();
      switch (rule.behavior) {
        case Behavior::kRemoved:
          QUANTA_TRY(From(step + 1, text.substr(start, at - start)));
          start = after;
          break;
        case Behavior::kIsolated:
          QUANTA_TRY(From(step + 1, text.substr(start, at - start)));
          QUANTA_TRY(From(step + 1, text.substr(at, mark.size())));
          start = after;
          break;
        case Behavior::kMergedWithPrevious:
          // A mark right after another has nothing to merge with but itself.
          QUANTA_TRY(From(step + 1, text.substr(start, after - start)));
          start = after;
          break;
        case Behavior::kMergedWithNext:
          QUANTA_TRY(From(step + 1, text.substr(start, at - start)));
          start = at;
          break;
        case Behavior::kContiguous:
          QUANTA_TRY(From(step + 1, text.substr(start, at - start)));
          while (text.substr(after, mark.size()) == mark) after += mark.size();
          QUANTA_TRY(From(step + 1, text.substr(at, after - at)));
          start = after;
          break;
      }
      from = after;
    }
    return From(step + 1, text.substr(start));
  }

  // Spaces become the mark, which may also go before the text.
  Status Metaspace(size_t step, std::string_view text, const format::PreTokenizer& rule) const {
    const std::string_view mark = rule.a;
    TextBuffer& buffer = scratch->prefixed[step];
    buffer.Clear();
    QUANTA_TRY(buffer.Reserve(text.size() + mark.size()));
    const bool wanted = rule.prepend == kAlways || (rule.prepend == kFirst && first);
    if (wanted && text.front() != ' ' && !text.starts_with(mark)) QUANTA_TRY(buffer.Append(mark));
    for (size_t at = 0; at < text.size();) {
      const size_t space = std::min(text.find(' ', at), text.size());
      QUANTA_TRY(buffer.Append(text.substr(at, space - at)));
      if (space < text.size()) QUANTA_TRY(buffer.Append(mark));
      at = space + 1;
    }
    text = {buffer.data(), buffer.size()};
    return rule.behavior == Behavior::kMergedWithNext ? Literal(step, text, rule)
                                                      : From(step + 1, text);
  }

  // Cuts at white space, which is dropped.
  Status Visible(size_t step, std::string_view text) const {
    return Scan(step, text, [](const char* p, const char* end) {
      const bool gap = IsGap(ReadChar(p).kind);
      const char* q = p;
      while (q != end) {
        const ClassifiedChar c = ReadChar(q);
        if (IsGap(c.kind) != gap) break;
        q = c.next;
      }
      return Cut{q, !gap};
    });
  }

  // \w+|[^\w\s]+
  Status Words(size_t step, std::string_view text) const {
    return Scan(step, text, [](const char* p, const char* end) {
      const WordClass kind = WordClassAt(p).kind;
      const char* q = p;
      while (q != end) {
        const WordChar c = WordClassAt(q);
        if (c.kind != kind) break;
        q = c.next;
      }
      return Cut{q, kind != WordClass::kGap};
    });
  }

  Status PrefixSpace(size_t step, std::string_view text) const {
    if (text.front() == ' ') return From(step + 1, text);
    TextBuffer& buffer = scratch->prefixed[step];
    buffer.Clear();
    QUANTA_TRY(buffer.Reserve(text.size() + 1));
    QUANTA_TRY(buffer.Append(' '));
    QUANTA_TRY(buffer.Append(text));
    return From(step + 1, {buffer.data(), buffer.size()});
  }
};

Result<PreTokenizerChain> PreTokenizerChain::Create(std::span<const format::PreTokenizer> steps,
                                                    ErrorDetail* detail) {
  constexpr size_t kMaxLiteral = 256;
  if (steps.size() > kMaxSteps) {
    return Fail(detail, Code::kUnsupported, "too many pre-tokenizers", "%zu, at most %zu",
                steps.size(), kMaxSteps);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const format::PreTokenizer& step = steps[i];
    const bool metaspace = step.kind == Kind::kMetaspace;
    if (!metaspace && step.kind != Kind::kSplitLiteral) continue;
    if (step.a.empty() || step.a.size() > kMaxLiteral || !IsUtf8(step.a)) {
      return Fail(detail, Code::kCorrupt, "bad pre-tokenizer", "the string to split at is %s",
                  step.a.empty()                ? "empty"
                  : step.a.size() > kMaxLiteral ? "too long"
                                                : "not UTF-8");
    }
    // More would let a few steps make any text endless.
    if (metaspace && DecodeUtf8(step.a.data()).bytes != step.a.size()) {
      return Fail(detail, Code::kCorrupt, "bad pre-tokenizer",
                  "the mark for a space is not one character");
    }
    if (metaspace && step.prepend == kFirst && i > 0) {
      return Fail(detail, Code::kUnsupported, "pre-tokenizer not supported",
                  "metaspace that tells the first word apart after another step");
    }
  }
  return PreTokenizerChain(steps);
}

Status PreTokenizerChain::Split(std::string_view text, bool first, Scratch* scratch, Sink sink,
                                void* context) const {
  return Run{steps_, first, scratch, sink, context}.From(0, text);
}

}  // namespace quanta::text
