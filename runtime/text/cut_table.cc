// SPDX-License-Identifier: MIT
#include "runtime/text/cut_table.h"

#include <algorithm>

#include "runtime/text/hash.h"
#include "runtime/text/utf8.h"

namespace quanta::text {

size_t CutTable::ClassOf(uint32_t code_point) {
  if (code_point < 128) return code_point;
  if (code_point == kSpace) return kSpaceClass;
  constexpr uint64_t kShared = kClasses - kSpaceClass - 1;
  return kSpaceClass + 1 + static_cast<size_t>(MixBits(code_point) % kShared);
}

Result<CutTable> CutTable::Build(const format::Tokenizer& view,
                                 const std::array<bool, kClasses>& known) {
  CutTable table;
  QUANTA_ASSIGN(table.bits_, Array<uint64_t>::Create(kClasses * kClasses / 64));
  for (size_t left = 0; left < kClasses; ++left) {
    for (size_t right = 0; right < kClasses; ++right) {
      // Without an unknown token a character may vanish, and its neighbours meet.
      const bool vanish = view.unknown_id < 0;
      if (vanish ? !known[left] || !known[right] : !known[left] && !known[right]) continue;
      table.bits_[left * (kClasses / 64) + right / 64] |= uint64_t{1} << (right % 64);
    }
  }
  // What a byte token or the unknown token stands for is not its text: where those
  // merge, nothing is known about characters.
  const auto stands_for_another = [&](uint32_t id) {
    return static_cast<int32_t>(id) == view.unknown_id ||
           view.token_types[id] == format::TokenType::kByte;
  };
  for (const format::Merge& merge : view.merges) {
    const std::string_view left = view.Text(merge.left);
    const std::string_view right = view.Text(merge.right);
    if (left.empty() || right.empty() || stands_for_another(merge.left) ||
        stands_for_another(merge.right)) {
      std::fill(table.bits_.begin(), table.bits_.end(), 0);
      break;
    }
    const char* last = PreviousUtf8(left.data(), left.data() + left.size());
    table.Join(ClassOf(DecodeUtf8(last).value), ClassOf(DecodeUtf8(right.data()).value));
  }
  return table;
}

size_t CutTable::FirstCut(std::string_view text) const {
  const char* p = text.data();
  const char* const end = p + text.size();
  CodePoint c = DecodeUtf8(p);
  size_t left = ClassOf(c.value);
  for (p += c.bytes; p != end; p += c.bytes) {
    c = DecodeUtf8(p);
    const size_t right = ClassOf(c.value);
    if (MayCut(left, right)) break;
    left = right;
  }
  return static_cast<size_t>(p - text.data());
}

}  // namespace quanta::text
