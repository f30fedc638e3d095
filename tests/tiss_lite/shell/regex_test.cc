// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/regex.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace quanta::lite {
namespace {

bool Found(const std::string& pattern, const std::string& text, bool any_case = false) {
  Regex regex;
  const char* why = regex.Compile(pattern, any_case);
  EXPECT_EQ(why, nullptr) << pattern << ": " << why;
  return why == nullptr && regex.FoundIn(text);
}
std::string Refusal(const std::string& pattern) {
  Regex regex;
  const char* why = regex.Compile(pattern);
  return why == nullptr ? "" : why;
}

TEST(Regex, RepeatsAsOftenAsTheBracesSay) {
  struct Case {
    const char* pattern;
    std::vector<size_t> lengths;  ///< of texts "aaa..." up to 6 that match
  };
  for (const Case& test : std::vector<Case>{{"^a{3}$", {3}},
                                            {"^a{2,4}$", {2, 3, 4}},
                                            {"^a{4,}$", {4, 5, 6}},
                                            {"^a{,2}$", {0, 1, 2}},
                                            {"^a{0}$", {0}},
                                            {"^a{0,1}$", {0, 1}},
                                            {"^a{1,}$", {1, 2, 3, 4, 5, 6}},
                                            {"^a{0,}$", {0, 1, 2, 3, 4, 5, 6}},
                                            {"^(aa){1,2}$", {2, 4}},
                                            {"^(a|aa){2}$", {2, 3, 4}},
                                            {"^(a{2}){2}$", {4}},
                                            {"^a{2}{2}$", {4}},
                                            {"^(a{2,3}a*){1,}b{0}$", {2, 3, 4, 5, 6}},
                                            {"^(a?){3}$", {0, 1, 2, 3}},
                                            {"^(a*){2,3}$", {0, 1, 2, 3, 4, 5, 6}},
                                            {"^a{2}a{3}$", {5}}}) {
    std::vector<size_t> lengths;
    for (size_t length = 0; length <= 6; ++length) {
      if (Found(test.pattern, std::string(length, 'a'))) lengths.push_back(length);
    }
    EXPECT_EQ(lengths, test.lengths) << test.pattern;
  }
}

/// A piece of a pattern, and all texts of a, b and c that it matches (the shorter ones of them,
/// where there is no end of them).
struct Piece {
  const char* pattern;
  std::vector<std::string> texts;
};

/// Where a match of `pieces` that begins at one of `begins` may end.
std::set<size_t> EndsOf(const std::vector<Piece>& pieces, std::set<size_t> begins,
                        const std::string& text) {
  for (const Piece& piece : pieces) {
    std::set<size_t> ends;
    for (const size_t begin : begins) {
      for (const std::string& each : piece.texts) {
        if (text.compare(begin, each.size(), each) == 0) ends.insert(begin + each.size());
      }
    }
    begins = ends;
  }
  return begins;
}

TEST(Regex, MatchesWhatTheListedTextsOfItsPiecesSay) {
  const std::vector<Piece> all = {
      {"a", {"a"}},
      {".", {"a", "b", "c"}},
      {"[^a]", {"b", "c"}},
      {"[[:alpha:]]?", {"", "a", "b", "c"}},
      {"(a|b)", {"a", "b"}},
      {"a{2}", {"aa"}},
      {"b{1,2}", {"b", "bb"}},
      {"c{,2}", {"", "c", "cc"}},
      {"(a|bb){2,3}",
       {"aa", "abb", "bba", "bbbb", "aaa", "aabb", "abba", "abbbb", "bbaa", "bbabb", "bbbba",
        "bbbbbb"}},
      {"a{2,}", {"aa", "aaa", "aaaa", "aaaaa", "aaaaaa", "aaaaaaa", "aaaaaaaa"}},
      {"b*", {"", "b", "bb", "bbb", "bbbb", "bbbbb", "bbbbbb", "bbbbbbb", "bbbbbbbb"}},
      {"(ab)+", {"ab", "abab", "ababab", "abababab"}},
      {"(b?a){0,2}", {"", "a", "ba", "aa", "aba", "baa", "baba"}}};
  std::mt19937 random(7);
  size_t found = 0;
  for (int round = 0; round < 500; ++round) {
    const bool from_begin = random() % 2 == 0, to_end = random() % 2 == 0;
    std::string pattern = from_begin ? "^" : "";
    std::vector<Piece> pieces(1 + random() % 4);
    for (Piece& piece : pieces) {
      piece = all[random() % all.size()];
      pattern += piece.pattern;
    }
    if (to_end) pattern += "$";
    for (int texts = 0; texts < 20; ++texts) {
      std::string text;
      for (size_t i = random() % 9; i > 0; --i) text += static_cast<char>('a' + random() % 3);
      std::set<size_t> begins = {0};
      for (size_t i = 1; i <= text.size() && !from_begin; ++i) begins.insert(i);
      const std::set<size_t> ends = EndsOf(pieces, begins, text);
      const bool expected = to_end ? ends.count(text.size()) == 1 : !ends.empty();
      found += expected;
      ASSERT_EQ(Found(pattern, text), expected) << pattern << " in " << text;
    }
  }
  EXPECT_GT(found, 1000u);
}

TEST(Regex, NamedClassesHoldWhatPosixPutsInThem) {
  struct Case {
    const char* name;
    std::string has;
  };
  const std::string lower = "abcdefghijklmnopqrstuvwxyz", upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                    digit = "0123456789", punct = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  std::string control = "\x7F";
  for (char c = 0; c < ' '; ++c) control += c;
  for (const Case& test : std::vector<Case>{{"alnum", lower + upper + digit},
                                            {"alpha", lower + upper},
                                            {"blank", " \t"},
                                            {"cntrl", control},
                                            {"digit", digit},
                                            {"graph", lower + upper + digit + punct},
                                            {"lower", lower},
                                            {"print", lower + upper + digit + punct + " "},
                                            {"punct", punct},
                                            {"space", " \t\n\v\f\r"},
                                            {"upper", upper},
                                            {"xdigit", digit + "abcdefABCDEF"}}) {
    Regex regex;
    ASSERT_EQ(regex.Compile(std::string("[[:") + test.name + ":]]"), nullptr);
    for (int c = 0; c < 256; ++c) {
      const std::string text(1, static_cast<char>(c));
      EXPECT_EQ(regex.FoundIn(text), test.has.find(text) != std::string::npos) << test.name << c;
    }
  }
}

TEST(Regex, NamedClassesStandBesideOtherThingsInBrackets) {
  EXPECT_TRUE(Found("^[[:digit:]_x-z]+$", "1_y"));
  EXPECT_FALSE(Found("^[[:digit:]_x-z]+$", "w"));
  EXPECT_TRUE(Found("^[^[:space:][:digit:]]+$", "ab"));
  EXPECT_FALSE(Found("^[^[:space:][:digit:]]+$", "a b"));
  EXPECT_TRUE(Found("^[]:alph[]+$", "[:]")) << "no class without its two brackets";
}

TEST(Regex, AnyCaseTakesBothLettersAlsoInClassesAndWhatIsNotIn) {
  EXPECT_TRUE(Found("^[[:upper:]]B[c-d]$", "abD", true));
  EXPECT_FALSE(Found("[^a]", "A", true));
  EXPECT_FALSE(Found("a", "A"));
}

TEST(Regex, ABraceThatBeginsNoRepetitionIsACharacter) {
  for (const char* pattern : {"a{", "a{x}", "a{,}", "a{1", "a{1,2", "a{1;2}", "a{}", "{1}"}) {
    EXPECT_TRUE(Found(pattern, std::string("-") + pattern + "-")) << pattern;
  }
}

TEST(Regex, RefusesWhatItDoesNotKnow) {
  for (const char* pattern : {"a{3,2}", "a{256}", "a{1,99999999999999999999}", "a{300,}"}) {
    EXPECT_EQ(Refusal(pattern), "invalid { }") << pattern;
  }
  EXPECT_EQ(Refusal("[[:letter:]]"), "there is no class of this name");
  for (const char* pattern : {"[[=a=]]", "[[.a.]]", "[[:alpha", "[[:alpha]"}) {
    EXPECT_EQ(Refusal(pattern), "only classes like [:alpha:] are supported inside [ ]") << pattern;
  }
  EXPECT_EQ(Refusal("[[:alpha:]"), "unmatched [");
}

TEST(Regex, RepetitionsOfRepetitionsStaySmallOrAreRefused) {
  EXPECT_EQ(Refusal("(((a{100}){100}){100}){100}"), "the pattern repeats too much");
  std::string nested = "a";
  for (int i = 0; i < 30; ++i) nested = "(" + nested + "){2}";
  EXPECT_EQ(Refusal(nested), "the pattern repeats too much");
  // + is a loop, not a copy: within each other they do not grow.
  std::string loops = "a";
  for (int i = 0; i < 30; ++i) loops = "(" + loops + ")+";
  Regex regex;
  ASSERT_EQ(regex.Compile(loops + "$"), nullptr);
  EXPECT_LT(regex.size(), 500u);
  EXPECT_FALSE(regex.FoundIn(std::string(2000, 'a') + "b"));
}

TEST(Regex, BacktrackersNightmaresTakeStepsInProportionToTheText) {
  // What a matcher that backtracks needs 2^n steps for: here at most size() a byte.
  Regex regex;
  ASSERT_EQ(regex.Compile("^(a?){60}a{60}$"), nullptr);
  EXPECT_LT(regex.size(), 1000u);
  EXPECT_TRUE(regex.FoundIn(std::string(60, 'a')));
  EXPECT_TRUE(regex.FoundIn(std::string(120, 'a')));
  EXPECT_FALSE(regex.FoundIn(std::string(121, 'a')));
  EXPECT_FALSE(regex.FoundIn(std::string(59, 'a')));
}

}  // namespace
}  // namespace quanta::lite
