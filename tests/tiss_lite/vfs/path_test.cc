// SPDX-License-Identifier: MIT
#include "tiss_lite/vfs/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quanta::lite {
namespace {

// All 7^6 sentences over the tokens that matter. The model is a counter: a path is allowed
// exactly when its depth never goes below the root.
TEST(ResolvePath, AgreesWithADepthCounterOnEverySixTokenPath) {
  const std::string tokens[] = {".", "..", "a", "B", "", "a..", "..."};
  int allowed = 0;
  for (int code = 0; code < 117649; ++code) {
    std::string path, resolved = "unchanged";
    int depth = 0;
    bool expected = true;
    for (int i = 0, rest = code; i < 6; ++i, rest /= 7) {
      const std::string& token = tokens[rest % 7];
      path += token + "/";
      depth += token == ".." ? -1 : (token.empty() || token == ".") ? 0 : 1;
      expected = expected && depth >= 0;
    }
    expected = expected && path[0] != '/';
    allowed += expected;
    ASSERT_EQ(ResolvePath(path, &resolved) == nullptr, expected) << path;
    if (!expected) {
      ASSERT_EQ(resolved, "unchanged");
      continue;
    }
    ASSERT_EQ(("/" + resolved + "/").find("/../"), std::string::npos) << path;
    ASSERT_FALSE(resolved.starts_with('/') || resolved.ends_with('/')) << path;
  }
  EXPECT_GT(allowed, 10000);
}

TEST(ResolvePath, RefusesWhatLooksLikeAnotherRootOrHidesSomething) {
  const std::vector<std::string> paths = {"",
                                          "/",
                                          "//",
                                          "/etc/passwd",
                                          "~",
                                          "~root/x",
                                          "C:",
                                          "c:\\x",
                                          "a\\b",
                                          "..\\x",
                                          std::string("a\0b", 3),
                                          "a\nb",
                                          "a\x7f",
                                          "a\xC2\x85"
                                          "b",
                                          "\xFF",
                                          "\xC0\xAE\xC0\xAE/x",
                                          "a/\xED\xA0\x80",
                                          "..",
                                          "a/../..",
                                          "./..",
                                          std::string(256, 'x'),
                                          std::string(1025, '/')};
  for (const std::string& path : paths) {
    std::string resolved;
    EXPECT_NE(ResolvePath(path, &resolved), nullptr) << path;
  }
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "a/";
  EXPECT_NE(ResolvePath(deep, &deep), nullptr);
}

TEST(ResolvePath, DoesNotTakeLookalikesForDots) {
  for (const char* path :
       {"\xEF\xBC\x8E\xEF\xBC\x8E/x", "\xE2\x80\xA4\xE2\x80\xA4/x", "..a/x", "%2e%2e/x"}) {
    std::string resolved;
    ASSERT_EQ(ResolvePath(path, &resolved), nullptr);
    EXPECT_EQ(resolved, path);
  }
}

}  // namespace
}  // namespace quanta::lite
