// SPDX-License-Identifier: MIT
#include "tiss_lite/program/diff.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace quanta::lite::program {
namespace {

/// Applies hunks as `patch` would.
std::string Patch(const std::string& before, const std::string& hunks) {
  std::vector<std::string> lines, out;
  const auto split = [](const std::string& text, std::vector<std::string>* into) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
      into->push_back(text.substr(at, end - at));
      at = end;
    }
  };
  std::vector<std::string> hunk_lines;
  split(before, &lines);
  split(hunks, &hunk_lines);
  size_t at = 0;
  std::string result;
  for (size_t i = 0; i < hunk_lines.size(); ++i) {
    std::string line = hunk_lines[i];
    if (line.starts_with("@@ -")) {
      size_t first = std::stoul(line.substr(4));
      const std::string range = line.substr(4, line.find(' ', 4) - 4);
      if (!range.ends_with(",0")) --first;
      while (at < first) result += lines[at++];
      continue;
    }
    if (line.starts_with("\\")) continue;
    const bool no_end = i + 1 < hunk_lines.size() && hunk_lines[i + 1].starts_with("\\");
    std::string text = line.substr(1);
    if (no_end) text.pop_back();
    if (line[0] != '+') {
      EXPECT_EQ(lines.at(at), text);
      ++at;
    }
    if (line[0] != '-') result += text;
  }
  while (at < lines.size()) result += lines[at++];
  return result;
}

TEST(UnifiedHunks, PatchTheOldTextIntoTheNewOne) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string texts[2];
    for (std::string& text : texts) {
      const size_t count = random() % 30;
      for (size_t i = 0; i < count; ++i)
        text += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      if (!text.empty() && random() % 4 == 0) text.pop_back();
    }
    ASSERT_EQ(Patch(texts[0], UnifiedHunks(texts[0], texts[1])), texts[1]) << texts[0] << "---\n"
                                                                           << texts[1];
  }
}

TEST(UnifiedHunks, AreEmptyForEqualTextsAndShortForSmallChanges) {
  EXPECT_EQ(UnifiedHunks("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(UnifiedHunks("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  EXPECT_EQ(UnifiedHunks("", "a"), "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n");
}

}  // namespace
}  // namespace quanta::lite::program
