// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/bpe_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "tests/converter/error_matchers.h"

namespace quanta::train {
namespace {

using converter::Progress;
using Words = std::vector<WordCount>;

Bpe Learn(const Words& words, const BpeOptions& options) {
  Progress silent(Progress::Style::kNone, nullptr, nullptr);
  return TrainBpe(words, options, &silent);
}

/// The words that merges made, in order.
std::vector<std::string> Made(const Bpe& bpe, size_t special_tokens = 0) {
  return {bpe.tokens.begin() + static_cast<ptrdiff_t>(256 + special_tokens), bpe.tokens.end()};
}

using Texts = std::vector<std::string>;

TEST(BpeTrainer, MergesTheMostFrequentPairFirst) {
  const Bpe bpe = Learn({{"low", 5}, {"lower", 2}, {"new", 6}}, {.vocabulary = 260});
  // lo 7, ow 7, ne 6, ew 6; lo and ow are equally frequent, and l is before o.
  EXPECT_EQ(Made(bpe), (Texts{"lo", "low", "ew", "new"}));
}

TEST(BpeTrainer, OfEquallyFrequentPairsTheLowerIdsWin) {
  EXPECT_EQ(Made(Learn({{"zy", 3}, {"ab", 3}, {"ac", 3}}, {.vocabulary = 259})),
            (Texts{"ab", "ac", "zy"}));
}

TEST(BpeTrainer, CountsPairsThatOverlapAndMergesThemFromTheLeft) {
  const Bpe bpe = Learn({{"aaaaa", 2}}, {.vocabulary = 300, .min_frequency = 1});
  // aa aa a: both pairs are equally frequent, and the id of a is the lower one.
  EXPECT_EQ(Made(bpe), (Texts{"aa", "aaa", "aaaaa"}));
  EXPECT_EQ(bpe.corpus_tokens, 2u);
}

TEST(BpeTrainer, StopsWherePairsAreTooRare) {
  const Words words = {{"abc", 4}, {"xy", 3}};
  EXPECT_EQ(Made(Learn(words, {.vocabulary = 1000, .min_frequency = 4})), (Texts{"ab", "abc"}));
  EXPECT_EQ(Made(Learn(words, {.vocabulary = 1000, .min_frequency = 5})), Texts{});
  EXPECT_EQ(Made(Learn(words, {.vocabulary = 1000, .min_frequency = 0})).size(), 3u);
}

TEST(BpeTrainer, AVocabularyWithoutRoomForMergesHasNone) {
  const Bpe bpe = Learn({{"abab", 9}}, {.vocabulary = 256});
  EXPECT_TRUE(bpe.merges.empty());
  EXPECT_EQ(bpe.tokens.size(), 256u);
  EXPECT_EQ(bpe.corpus_tokens, 36u);
}

TEST(BpeTrainer, SpecialTokensAreTheFirstIds) {
  const Bpe bpe = Learn({{"ab", 9}}, {.vocabulary = 259, .special_tokens = {"<a>", "<b>"}});
  EXPECT_EQ(bpe.tokens[0], "<a>");
  EXPECT_EQ(bpe.tokens[1], "<b>");
  EXPECT_EQ(bpe.tokens[2], "!");  // the first character of the alphabet
  EXPECT_EQ(Made(bpe, 2), Texts{"ab"});
}

TEST(BpeTrainer, AMergeMayMakeASpecialTokensText) {
  const Bpe bpe = Learn({{"abc", 9}}, {.vocabulary = 258, .special_tokens = {"ab"}});
  ASSERT_EQ(bpe.merges.size(), 2u);
  EXPECT_EQ(bpe.merges[0].result, 0u);
  EXPECT_EQ(Made(bpe, 1), Texts{"abc"});
}

TEST(BpeTrainer, RefusesWhatCannotBeAVocabulary) {
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 255}), "a vocabulary of 255 is too small");
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 256, .special_tokens = {"<s>"}}), "too small");
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 300, .special_tokens = {""}}), "too short");
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 300, .special_tokens = {"a"}}), "too short");
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 300, .special_tokens = {"<s>", "<s>"}}), "twice");
  EXPECT_ERROR(Learn({{"ab", 1}}, {.vocabulary = 300, .special_tokens = {"a b", "a b"}}), "twice");
}

TEST(BpeTrainer, StopsWhenAskedTo) {
  const std::atomic<bool> stop{true};
  Progress progress(Progress::Style::kNone, nullptr, &stop);
  const Words words = {{"abab", 9}};
  EXPECT_ERROR(TrainBpe(words, {.vocabulary = 300}, &progress), "interrupted");
}

// --- Random words ---------------------------------------------------------------------

/// Words of few letters, so that many pairs are equally frequent.
std::vector<std::pair<std::string, uint64_t>> RandomWords(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<std::string, uint64_t>> words(60);
  for (auto& [word, count] : words) {
    const size_t length = 1 + random() % 8;
    for (size_t i = 0; i < length; ++i) word += static_cast<char>('a' + random() % 4);
    count = 1 + random() % 5;
  }
  return words;
}

/// The plain algorithm: counts all pairs anew for each merge. Stops where a merge makes a token
/// that is there, since books are kept differently from there on.
std::vector<std::string> LearnPlainly(const std::vector<std::pair<std::string, uint64_t>>& words) {
  std::vector<std::pair<Texts, uint64_t>> split;
  for (const auto& [word, count] : words) {
    split.emplace_back();
    for (const char c : word) split.back().first.emplace_back(1, c);
    split.back().second = count;
  }
  // Letters before what merges made, and these in their order: as ids are.
  std::map<std::string, size_t> ids;
  for (char c = 'a'; c <= 'd'; ++c) ids.emplace(std::string(1, c), ids.size());
  Texts made;
  while (true) {
    std::map<std::pair<size_t, size_t>, uint64_t> pairs;
    std::map<size_t, std::string> texts;
    for (const auto& [text, id] : ids) texts[id] = text;
    for (const auto& [tokens, count] : split) {
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        pairs[{ids[tokens[i]], ids[tokens[i + 1]]}] += count;
      }
    }
    const auto best = std::max_element(pairs.begin(), pairs.end(), [](auto& a, auto& b) {
      return a.second < b.second;  // the first of equal ones is kept
    });
    if (best == pairs.end() || best->second < 2) return made;
    const std::string left = texts[best->first.first], right = texts[best->first.second];
    if (!ids.emplace(left + right, ids.size()).second) return made;
    made.push_back(left + right);
    for (auto& [tokens, count] : split) {
      Texts merged;
      for (size_t i = 0; i < tokens.size(); ++i) {
        const bool here = i + 1 < tokens.size() && tokens[i] == left && tokens[i + 1] == right;
        merged.push_back(here ? left + right : tokens[i]);
        if (here) ++i;
      }
      tokens = merged;
    }
  }
}

Words Views(const std::vector<std::pair<std::string, uint64_t>>& words) {
  Words views;
  for (const auto& [word, count] : words) views.push_back({word, count});
  return views;
}

TEST(BpeTrainer, MergesAsCountingAnewEachTimeWould) {
  size_t merges = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto words = RandomWords(seed);
    const Texts expected = LearnPlainly(words);
    Texts made = Made(Learn(Views(words), {.vocabulary = 10000}));
    ASSERT_GE(made.size(), expected.size());
    made.resize(expected.size());
    EXPECT_EQ(made, expected) << seed;
    merges += expected.size();
  }
  EXPECT_GT(merges, 200u * 10);  // or the comparison would be about little
}

TEST(BpeTrainer, TheOrderOfTheWordsDoesNotMatter) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto words = RandomWords(seed);
    Words views = Views(words);
    const Bpe expected = Learn(views, {.vocabulary = 10000});
    std::shuffle(views.begin(), views.end(), std::mt19937(seed));
    const Bpe shuffled = Learn(views, {.vocabulary = 10000});
    EXPECT_EQ(shuffled.tokens, expected.tokens) << seed;
    ASSERT_EQ(shuffled.merges.size(), expected.merges.size());
    for (size_t i = 0; i < expected.merges.size(); ++i) {
      EXPECT_EQ(shuffled.merges[i].left, expected.merges[i].left);
      EXPECT_EQ(shuffled.merges[i].right, expected.merges[i].right);
    }
    EXPECT_EQ(shuffled.corpus_tokens, expected.corpus_tokens);
  }
}

}  // namespace
}  // namespace quanta::train
