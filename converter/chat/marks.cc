// SPDX-License-Identifier: MIT
#include "converter/chat/marks.h"

#include <algorithm>
#include <string_view>

#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

constexpr size_t kMaxPairs = 3;

struct Pair {
  std::string_view open;  ///< empty: the template does not mention it
  std::string_view close;
};

/// Whether `close` is `open` with a slash behind its first character.
bool Closes(std::string_view close, std::string_view open) {
  return close.size() == open.size() + 1 && close[0] == open[0] &&
         close.substr(2) == open.substr(1);
}

bool LooksLikeClose(std::string_view text) {
  return text.size() > 3 && text.size() <= format::kMaxChatMarkBytes &&
         ((text.starts_with("</") && text.ends_with('>')) ||
          (text.starts_with("[/") && text.ends_with(']')));
}

std::vector<Pair> Pairs(const std::vector<std::string>& literals) {
  std::vector<Pair> pairs;
  for (const std::string& close : literals) {
    if (!LooksLikeClose(close)) continue;
    const auto open = std::find_if(literals.begin(), literals.end(), [&](const std::string& text) {
      return !text.empty() && Closes(close, text);
    });
    pairs.push_back({open != literals.end() ? std::string_view(*open) : std::string_view(), close});
  }
  // A thought first: most templates that look for something look for that.
  std::stable_partition(pairs.begin(), pairs.end(), [](const Pair& pair) {
    return pair.close.find("hink") != std::string_view::npos;
  });
  pairs.resize(std::min(pairs.size(), kMaxPairs));
  return pairs;
}

}  // namespace

std::vector<text::ChatMarks> PossibleMarks(const std::vector<std::string>& literals) {
  const std::vector<Pair> pairs = Pairs(literals);
  std::vector<text::ChatMarks> marks(1);
  for (const Pair& thought : pairs) marks.push_back({thought.open, thought.close, {}, {}});
  for (const Pair& thought : pairs) {
    for (const Pair& reply : pairs) {
      if (reply.open.empty() || reply.close == thought.close) continue;
      marks.push_back({thought.open, thought.close, reply.open, reply.close});
    }
  }
  for (const Pair& reply : pairs) {
    if (!reply.open.empty()) marks.push_back({{}, {}, reply.open, reply.close});
  }
  return marks;
}

}  // namespace quanta::converter
