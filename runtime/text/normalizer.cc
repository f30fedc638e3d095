// SPDX-License-Identifier: MIT
#include "runtime/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "runtime/text/unicode.h"
#include "runtime/text/utf8.h"

namespace quanta::text {
namespace {

using Kind = format::NormalizerKind;
using Scratch = NormalizerChain::Scratch;

struct Range {
  uint32_t first, last;
};

bool Contains(std::span<const Range> ranges, uint32_t c) {
  const auto found = std::lower_bound(ranges.begin(), ranges.end(), c,
                                      [](const Range& r, uint32_t v) { return r.last < v; });
  return found != ranges.end() && found->first <= c;
}

// --- Unicode forms ---------------------------------------------------------------

// What utf8proc decomposes or reorders and Unicode 9 did not know, so that Hugging
// Face leaves it alone, as a character that nothing combines across. U+11A7 is here
// because utf8proc takes it for a final consonant.
constexpr Range kInert[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x11A7, 0x11A7},
    {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},
    {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x107BA},
    {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50},
    {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E},
    {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E},
    {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47},
    {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97},
    {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E030, 0x1E08F}, {0x1E130, 0x1E136},
    {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1F16C, 0x1F16C},
    {0x1FBF0, 0x1FBF9},
};

struct Form {
  bool compose;
  utf8proc_option_t options;
};

Form FormOf(Kind kind) {
  const bool compose = kind == Kind::kNfc || kind == Kind::kNfkc;
  const bool compatible = kind == Kind::kNfkc || kind == Kind::kNfkd;
  int options = UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
  if (compatible) options |= UTF8PROC_COMPAT;
  return {compose, static_cast<utf8proc_option_t>(options)};
}

int CombiningClass(int32_t c) { return utf8proc_get_property(c)->combining_class; }

// Puts a run of combining marks into canonical order, stably. Short runs by
// insertion; by counting where that could become quadratic.
Status SortMarks(std::span<int32_t> marks, GrowBuffer<int32_t>* sorted) {
  if (marks.size() <= 16) {
    for (size_t i = 1; i < marks.size(); ++i) {
      for (size_t j = i; j > 0 && CombiningClass(marks[j - 1]) > CombiningClass(marks[j]); --j) {
        std::swap(marks[j - 1], marks[j]);
      }
    }
    return Status();
  }
  sorted->Clear();
  QUANTA_TRY(sorted->Reserve(marks.size()));
  std::array<size_t, 257> starts{};
  for (int32_t mark : marks) ++starts[static_cast<size_t>(CombiningClass(mark)) + 1];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  for (int32_t mark : marks) {
    sorted->data()[starts[static_cast<size_t>(CombiningClass(mark))]++] = mark;
  }
  std::copy_n(sorted->data(), marks.size(), marks.begin());
  return Status();
}

Status SortAllMarks(std::span<int32_t> text, GrowBuffer<int32_t>* sorted) {
  for (size_t i = 0; i < text.size();) {
    if (CombiningClass(text[i]) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && CombiningClass(text[end]) != 0) ++end;
    QUANTA_TRY(SortMarks(text.subspan(i, end - i), sorted));
    i = end;
  }
  return Status();
}

// Normalizes a text that has no character in common with its neighbours' marks.
Status NormalizeSegment(std::string_view segment, const Form& form, Scratch* scratch,
                        TextBuffer* out) {
  constexpr size_t kLongest = 32;  // code points that one decomposes to (18 in Unicode 16)
  GrowBuffer<int32_t>& buffer = scratch->code_points;
  buffer.Clear();
  for (const char* p = segment.data(); p != segment.data() + segment.size();) {
    const CodePoint c = DecodeUtf8(p);
    p += c.bytes;
    QUANTA_TRY(buffer.Reserve(kLongest));
    int boundary = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<int32_t>(c.value), buffer.data() + buffer.size(),
                                kLongest, form.options, &boundary);
    QUANTA_CHECK(count >= 0 && static_cast<size_t>(count) <= kLongest);
    buffer.SetSize(buffer.size() + static_cast<size_t>(count));
  }
  QUANTA_TRY(SortAllMarks({buffer.data(), buffer.size()}, &scratch->sorted));
  if (form.compose) {
    const utf8proc_ssize_t count = utf8proc_normalize_utf32(
        buffer.data(), static_cast<utf8proc_ssize_t>(buffer.size()), form.options);
    QUANTA_CHECK(count >= 0);
    buffer.SetSize(static_cast<size_t>(count));
  }
  QUANTA_TRY(out->Reserve(buffer.size() * 4));
  for (size_t i = 0; i < buffer.size(); ++i) {
    const auto c = static_cast<uint32_t>(buffer.data()[i]);
    out->SetSize(out->size() + EncodeUtf8(c, out->data() + out->size()));
  }
  return Status();
}

bool IsAscii(char c) { return static_cast<uint8_t>(c) < 0x80; }

// Works on segments from one ASCII character to the next: those are in every form,
// and nothing combines backwards into them.
Status NormalizeForm(std::string_view text, Kind kind, Scratch* scratch, TextBuffer* out) {
  const Form form = FormOf(kind);
  size_t i = 0;
  while (i < text.size()) {
    size_t end = i;
    while (end < text.size() && IsAscii(text[end])) ++end;
    if (end == text.size()) return out->Append(text.substr(i));
    // The last ASCII character may take up the marks behind it.
    const size_t start = end > i ? end - 1 : i;
    QUANTA_TRY(out->Append(text.substr(i, start - i)));
    CodePoint c{};
    bool inert = false;
    while (end < text.size() && !IsAscii(text[end])) {
      c = DecodeUtf8(text.data() + end);
      inert = Contains(kInert, c.value);
      if (inert) break;
      end += c.bytes;
    }
    QUANTA_TRY(NormalizeSegment(text.substr(start, end - start), form, scratch, out));
    if (inert) {
      QUANTA_TRY(out->Append(text.substr(end, c.bytes)));
      end += c.bytes;
    }
    i = end;
  }
  return Status();
}

// --- The others --------------------------------------------------------------------

// Capitals newer than utf8proc's tables.
struct Lower {
  uint32_t first, last;
  int32_t shift;
};
constexpr Lower kRecentLower[] = {
    {0x1C89, 0x1C89, 1},      {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
    {0xA7CC, 0xA7CC, 1},      {0xA7CE, 0xA7CE, 1},
    {0xA7D2, 0xA7D2, 1},      {0xA7D4, 0xA7D4, 1},
    {0xA7DA, 0xA7DA, 1},      {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
    {0x10D50, 0x10D65, 0x20}, {0x16EA0, 0x16EB8, 0x1B},
};

uint32_t ToLower(uint32_t c) {
  const int32_t lower = utf8proc_tolower(static_cast<int32_t>(c));
  if (static_cast<uint32_t>(lower) != c) return static_cast<uint32_t>(lower);
  for (const Lower& entry : kRecentLower) {
    if (c >= entry.first && c <= entry.last) {
      return static_cast<uint32_t>(static_cast<int32_t>(c) + entry.shift);
    }
  }
  return c;
}

Status Lowercase(std::string_view text, TextBuffer* out) {
  for (const char* p = text.data(); p != text.data() + text.size();) {
    const CodePoint c = DecodeUtf8(p);
    p += c.bytes;
    QUANTA_TRY(out->Reserve(4));
    out->SetSize(out->size() + EncodeUtf8(ToLower(c.value), out->data() + out->size()));
    // The only capital whose small letter is two characters: i and a dot above.
    if (c.value == 0x130) QUANTA_TRY(out->Append(std::string_view("\xCC\x87")));
  }
  return Status();
}

Status CheckSize(const TextBuffer& out, size_t limit) {
  return out.size() <= limit ? Status() : Status(Code::kLimit, "normalizing makes the text huge");
}

Status Replace(std::string_view text, std::string_view from, std::string_view to, size_t limit,
               TextBuffer* out) {
  size_t start = 0;
  for (size_t at; (at = text.find(from, start)) != std::string_view::npos;
       start = at + from.size()) {
    QUANTA_TRY(out->Append(text.substr(start, at - start)));
    QUANTA_TRY(out->Append(to));
    QUANTA_TRY(CheckSize(*out, limit));
  }
  return out->Append(text.substr(start));
}

Status SqueezeSpaces(std::string_view text, std::string_view to, size_t limit, TextBuffer* out) {
  for (size_t i = 0; i < text.size();) {
    QUANTA_TRY(CheckSize(*out, limit));
    size_t end = text.find(' ', i);
    if (end == std::string_view::npos) end = text.size();
    QUANTA_TRY(out->Append(text.substr(i, end - i)));
    i = end;
    while (end < text.size() && text[end] == ' ') ++end;
    QUANTA_TRY(out->Append(end - i > 1 ? to : text.substr(i, end - i)));
    i = end;
  }
  return Status();
}

std::string_view Strip(std::string_view text, bool left, bool right) {
  while (left && !text.empty()) {
    const CodePoint c = DecodeUtf8(text.data());
    if (!IsSpace(c.value)) break;
    text.remove_prefix(c.bytes);
  }
  while (right && !text.empty()) {
    const char* last = PreviousUtf8(text.data(), text.data() + text.size());
    if (!IsSpace(DecodeUtf8(last).value)) break;
    text = text.substr(0, static_cast<size_t>(last - text.data()));
  }
  return text;
}

// What the reference puts in the place of several characters begins where the last of
// them does.
bool MovesStart(const format::Normalizer& step, std::string_view text) {
  switch (step.kind) {
    case Kind::kStrip:
      return step.left && IsSpace(DecodeUtf8(text.data()).value);
    case Kind::kReplace:
      return text.starts_with(step.a) &&
             (step.b.empty() || DecodeUtf8(step.a.data()).bytes < step.a.size());
    case Kind::kSqueezeSpaces:
      return text.starts_with("  ");
    default:
      return false;
  }
}

bool IsForm(Kind kind) {
  return kind == Kind::kNfc || kind == Kind::kNfd || kind == Kind::kNfkc || kind == Kind::kNfkd;
}

Status Rewrite(const format::Normalizer& step, std::string_view text, size_t limit,
               Scratch* scratch, TextBuffer* out) {
  switch (step.kind) {
    case Kind::kNfc:
    case Kind::kNfd:
    case Kind::kNfkc:
    case Kind::kNfkd:
      return NormalizeForm(text, step.kind, scratch, out);
    case Kind::kLowercase:
      return Lowercase(text, out);
    case Kind::kPrepend:
      QUANTA_TRY(out->Append(step.a));
      return out->Append(text);
    case Kind::kReplace:
      return Replace(text, step.a, step.b, limit, out);
    case Kind::kSqueezeSpaces:
      return SqueezeSpaces(text, step.b, limit, out);
    case Kind::kStrip:
      break;
  }
  return Status(Code::kInternal, "normalizer was not checked");
}

}  // namespace

Result<NormalizerChain> NormalizerChain::Create(std::span<const format::Normalizer> steps,
                                                ErrorDetail* detail) {
  constexpr size_t kMaxSteps = 16;
  constexpr size_t kMaxString = 256;
  if (steps.size() > kMaxSteps) {
    return Fail(detail, Code::kUnsupported, "too many normalizers", "%zu, at most %zu",
                steps.size(), kMaxSteps);
  }
  for (const format::Normalizer& step : steps) {
    const char* wrong = nullptr;
    if (!IsUtf8(step.a) || !IsUtf8(step.b)) wrong = "a string is not UTF-8";
    if (step.a.size() > kMaxString || step.b.size() > kMaxString) wrong = "a string is too long";
    if (step.kind == Kind::kReplace && step.a.empty()) wrong = "it replaces an empty string";
    if (wrong != nullptr) return Fail(detail, Code::kCorrupt, "bad normalizer", "%s", wrong);
  }
  return NormalizerChain(steps);
}

Result<std::string_view> NormalizerChain::Apply(std::string_view text, Scratch* scratch) const {
  scratch->keeps_start = true;
  // No real chain comes near this; a hostile one could double the text at every step.
  const size_t limit = 4096 + (text.size() > SIZE_MAX / 64 ? SIZE_MAX / 2 : 32 * text.size());
  size_t used = 0;
  for (const format::Normalizer& step : steps_) {
    if (text.empty()) break;
    if (MovesStart(step, text)) scratch->keeps_start = false;
    if (step.kind == Kind::kStrip) {
      text = Strip(text, step.left, step.right);
      continue;
    }
    if (IsForm(step.kind) && std::all_of(text.begin(), text.end(), IsAscii)) continue;
    TextBuffer& out = scratch->text[used++ % 2];
    out.Clear();
    QUANTA_TRY(Rewrite(step, text, limit, scratch, &out));
    QUANTA_TRY(CheckSize(out, limit));
    text = {out.data(), out.size()};
  }
  return text;
}

}  // namespace quanta::text
