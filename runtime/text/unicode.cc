// SPDX-License-Identifier: MIT
#include "runtime/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace quanta::text {
namespace {

// Characters of Unicode 15.1 and 16 for utf8proc builds with older tables (it calls
// them unassigned): Hugging Face's patterns know them. Ascending.
enum class RecentKind : uint8_t { kLetter, kNumber, kMark };
struct Recent {
  uint32_t first, last;
  RecentKind kind;
};
constexpr Recent kRecent[] = {
    {0x897, 0x897, RecentKind::kMark},       {0x1C89, 0x1C8A, RecentKind::kLetter},
    {0xA7CB, 0xA7CD, RecentKind::kLetter},   {0xA7DA, 0xA7DC, RecentKind::kLetter},
    {0x105C0, 0x105F3, RecentKind::kLetter}, {0x10D40, 0x10D49, RecentKind::kNumber},
    {0x10D4A, 0x10D65, RecentKind::kLetter}, {0x10D69, 0x10D6D, RecentKind::kMark},
    {0x10D6F, 0x10D85, RecentKind::kLetter}, {0x10EC2, 0x10EC4, RecentKind::kLetter},
    {0x10EFC, 0x10EFC, RecentKind::kMark},   {0x11380, 0x11389, RecentKind::kLetter},
    {0x1138B, 0x1138B, RecentKind::kLetter}, {0x1138E, 0x1138E, RecentKind::kLetter},
    {0x11390, 0x113B5, RecentKind::kLetter}, {0x113B7, 0x113B7, RecentKind::kLetter},
    {0x113B8, 0x113C0, RecentKind::kMark},   {0x113C2, 0x113C2, RecentKind::kMark},
    {0x113C5, 0x113C5, RecentKind::kMark},   {0x113C7, 0x113CA, RecentKind::kMark},
    {0x113CC, 0x113D0, RecentKind::kMark},   {0x113D1, 0x113D1, RecentKind::kLetter},
    {0x113D2, 0x113D2, RecentKind::kMark},   {0x113D3, 0x113D3, RecentKind::kLetter},
    {0x113E1, 0x113E2, RecentKind::kMark},   {0x116D0, 0x116E3, RecentKind::kNumber},
    {0x11BC0, 0x11BE0, RecentKind::kLetter}, {0x11BF0, 0x11BF9, RecentKind::kNumber},
    {0x11F5A, 0x11F5A, RecentKind::kMark},   {0x13460, 0x143FA, RecentKind::kLetter},
    {0x16100, 0x1611D, RecentKind::kLetter}, {0x1611E, 0x1612F, RecentKind::kMark},
    {0x16130, 0x16139, RecentKind::kNumber}, {0x16D40, 0x16D6C, RecentKind::kLetter},
    {0x16D70, 0x16D79, RecentKind::kNumber}, {0x18CFF, 0x18CFF, RecentKind::kLetter},
    {0x1CCF0, 0x1CCF9, RecentKind::kNumber}, {0x1E5D0, 0x1E5ED, RecentKind::kLetter},
    {0x1E5EE, 0x1E5EF, RecentKind::kMark},   {0x1E5F0, 0x1E5F0, RecentKind::kLetter},
    {0x1E5F1, 0x1E5FA, RecentKind::kNumber}, {0x2EBF0, 0x2EE5D, RecentKind::kLetter},
};

const Recent* FindRecent(uint32_t c) {
  const Recent* found = std::lower_bound(std::begin(kRecent), std::end(kRecent), c,
                                         [](const Recent& r, uint32_t v) { return r.last < v; });
  return found != std::end(kRecent) && found->first <= c ? found : nullptr;
}

bool Within(uint32_t c, uint32_t first, uint32_t last) { return c - first <= last - first; }

utf8proc_category_t CategoryOf(uint32_t c) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  if (category != UTF8PROC_CATEGORY_CN) return category;
  const Recent* recent = FindRecent(c);
  if (recent == nullptr) return category;
  switch (recent->kind) {
    case RecentKind::kLetter:
      return UTF8PROC_CATEGORY_LO;
    case RecentKind::kNumber:
      return UTF8PROC_CATEGORY_ND;
    case RecentKind::kMark:
      break;
  }
  return UTF8PROC_CATEGORY_MN;
}

}  // namespace

CharClass ClassOf(uint32_t code_point) {
  if (code_point < 0x80) return internal::AsciiClass(code_point);
  switch (CategoryOf(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharClass::kSpace;
    default:
      return code_point == 0x85 ? CharClass::kSpace : CharClass::kOther;  // NEL is a control
  }
}

bool IsNumeric(uint32_t code_point) {
  // Rust's own tables are a version ahead of its regular expressions'.
  return ClassOf(code_point) == CharClass::kNumber || Within(code_point, 0x11DE0, 0x11DE9) ||
         Within(code_point, 0x16FF4, 0x16FF6);
}

bool IsWord(uint32_t code_point) {
  switch (CategoryOf(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      break;
  }
  // The joiners, and the symbols that are Alphabetic: circled and squared letters.
  return Within(code_point, 0x200C, 0x200D) || Within(code_point, 0x24B6, 0x24E9) ||
         Within(code_point, 0x1F130, 0x1F149) || Within(code_point, 0x1F150, 0x1F169) ||
         Within(code_point, 0x1F170, 0x1F189);
}

bool IsSpace(uint32_t code_point) {
  const CharClass kind = ClassOf(code_point);
  return kind == CharClass::kSpace || kind == CharClass::kNewline;
}

}  // namespace quanta::text
