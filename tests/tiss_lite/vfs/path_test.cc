// SPDX-License-Identifier: MIT
#include "tiss_lite/vfs/path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quanta::lite {
namespace {

// All 7^6 sentences over the tokens that matter. The model is a stack of names: a path is allowed
// exactly when nothing is taken from the empty stack, and then stands for what is on it.
TEST(ResolvePath, AgreesWithAStackOfNamesOnEverySixTokenPath) {
  const std::string tokens[] = {".", "..", "a", "B", "", "a..", "..."};
  int allowed = 0;
  for (int code = 0; code < 117649; ++code) {
    std::string path, resolved = "unchanged", expected;
    std::vector<std::string> names;
    bool may = true;
    for (int i = 0, rest = code; i < 6; ++i, rest /= 7) {
      const std::string& token = tokens[rest % 7];
      path += (i == 0 ? "" : "/") + token;
      if (token == "..") {
        may = may && !names.empty();
        if (may) names.pop_back();
      } else if (!token.empty() && token != ".") {
        names.push_back(token);
      }
    }
    may = may && path[0] != '/';
    for (const std::string& name : names) expected += (expected.empty() ? "" : "/") + name;
    allowed += may;
    ASSERT_EQ(ResolvePath(path, &resolved) == nullptr, may) << path;
    ASSERT_EQ(resolved, may ? expected : "unchanged") << path;
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
