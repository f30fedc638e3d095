// SPDX-License-Identifier: MIT
//
// D. Knuth, J. Morris, V. Pratt, "Fast pattern matching in strings", SIAM J. Comput. 6(2), 1977.
#include "tiss_lite/base/search.h"

#include <cstddef>
#include <vector>

namespace quanta::lite {
namespace {

constexpr size_t kShort = 32;  // so little that trying every place is linear enough

}  // namespace

bool ContainsText(std::string_view text, std::string_view needle) {
  if (needle.size() <= kShort) return text.find(needle) != text.npos;
  if (needle.size() > text.size()) return false;
  // border[i]: the length of the longest proper border of needle[0, i].
  std::vector<size_t> border(needle.size());
  for (size_t i = 1, length = 0; i < needle.size(); ++i) {
    while (length > 0 && needle[i] != needle[length]) length = border[length - 1];
    if (needle[i] == needle[length]) ++length;
    border[i] = length;
  }
  size_t matched = 0;
  for (const char c : text) {
    while (matched > 0 && c != needle[matched]) matched = border[matched - 1];
    if (c == needle[matched]) ++matched;
    if (matched == needle.size()) return true;
  }
  return false;
}

}  // namespace quanta::lite
