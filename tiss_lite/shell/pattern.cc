// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/pattern.h"

#include <algorithm>

#include "tiss_lite/base/utf8.h"

namespace quanta::lite {

bool MatchesPattern(std::string_view name, std::string_view pattern, std::string_view mask) {
  size_t n = 0, p = 0;
  // Where to go on after a mismatch: the last "*" takes one character more.
  size_t star = pattern.npos, taken = 0;
  while (n < name.size()) {
    const bool special = p < pattern.size() && mask[p] == '*';
    if (special && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (special) {
      n += std::max(CodePointLength(name.substr(n)), size_t{1});
      ++p;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++n;
      ++p;
    } else if (star != pattern.npos) {
      n = ++taken;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && mask[p] == '*' && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace quanta::lite
