// SPDX-License-Identifier: MIT
#include "train_host/tokenizer/word_counter.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "runtime/text/pre_tokenizer.h"
#include "tests/converter/error_matchers.h"

namespace quanta::train {
namespace {

using converter::Progress;
using format::PreTokenizer;
using format::PreTokenizerKind;
using Counts = std::map<std::string, uint64_t>;

// What the command line offers.
std::vector<std::vector<PreTokenizer>> Pipelines() {
  const PreTokenizer digits{PreTokenizerKind::kDigitsIndividual, {}};
  const PreTokenizer spaces{PreTokenizerKind::kSplitLiteral, " ",
                            format::SplitBehavior::kContiguous};
  std::vector<std::vector<PreTokenizer>> pipelines;
  for (const auto kind :
       {PreTokenizerKind::kGpt2, PreTokenizerKind::kLlama3, PreTokenizerKind::kQwen2}) {
    const PreTokenizer pattern{kind, {}};
    pipelines.push_back({pattern});
    pipelines.push_back({digits, pattern});
    pipelines.push_back({spaces, pattern});
    pipelines.push_back({spaces, digits, pattern});
  }
  return pipelines;
}

/// Whatever the patterns tell apart, in any order.
std::string Mixture(unsigned seed, size_t parts) {
  static const char* const kParts[] = {"don't",
                                       "we'LL",
                                       "'s",
                                       " ",
                                       " ",
                                       "  ",
                                       "\n",
                                       "\n",
                                       "\r\n",
                                       "\t",
                                       "na\u00EFve",
                                       "\u65E5\u672C",
                                       "\u0661\u0662",
                                       "2024",
                                       "x=1;",
                                       "...",
                                       "\u2014",
                                       "a",
                                       "B",
                                       "\u00A0",
                                       "\u3000",
                                       "e\u0301",
                                       "\u00BD",
                                       "'",
                                       "\u2028",
                                       "!"};
  std::mt19937 random(seed);
  std::string text;
  for (size_t i = 0; i < parts; ++i) text += kParts[random() % std::size(kParts)];
  return text;
}

std::vector<std::string> Pieces(std::span<const PreTokenizer> steps, std::string_view text) {
  const auto chain = text::PreTokenizerChain::Create(steps, nullptr).value();
  text::PreTokenizerChain::Scratch scratch;
  std::vector<std::string> pieces;
  const Status status = chain.Split(
      text, true, &scratch,
      [](void* context, std::string_view piece) {
        static_cast<std::vector<std::string>*>(context)->emplace_back(piece);
        return Status();
      },
      &pieces);
  EXPECT_TRUE(status.ok());
  return pieces;
}

TEST(SafeCut, ATextCutThereHasTheSamePieces) {
  size_t cuts = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::string text = Mixture(seed, 40);
    for (size_t from = 0; from < text.size(); ++from) {
      const size_t cut = SafeCut(text, from);
      ASSERT_LE(cut, text.size());
      ASSERT_GE(cut, from);
      if (cut == text.size()) break;
      from = cut;
      ++cuts;
      for (const auto& steps : Pipelines()) {
        auto pieces = Pieces(steps, std::string_view(text).substr(0, cut));
        for (const auto& piece : Pieces(steps, std::string_view(text).substr(cut))) {
          pieces.push_back(piece);
        }
        ASSERT_EQ(pieces, Pieces(steps, text)) << "seed " << seed << ", cut at " << cut;
      }
    }
  }
  EXPECT_GT(cuts, 300u);
}

TEST(SafeCut, FindsNoneWhereOnlyBlanksAre) {
  EXPECT_EQ(SafeCut("", 0), 0u);
  EXPECT_EQ(SafeCut("          ", 3), 10u);
  EXPECT_EQ(SafeCut("aaaaaaaa", 0), 8u);
  EXPECT_EQ(SafeCut("ab cd", 0), 2u);
  EXPECT_EQ(SafeCut("ab\ncd", 0), 3u);
  EXPECT_EQ(SafeCut("ab\xE3\x80\x80 cd", 0), 8u);  // an ideographic space is blank, too
}

Counts Count(const std::vector<std::string_view>& texts, std::span<const PreTokenizer> steps,
             int threads) {
  Progress silent(Progress::Style::kNone, nullptr, nullptr);
  Counts counts;
  for (const WordCount& one : CountWords(texts, steps, threads, &silent)) {
    EXPECT_TRUE(counts.emplace(one.word, one.count).second) << one.word;
  }
  return counts;
}

TEST(CountWords, CountsThePiecesOfEveryText) {
  const std::vector<PreTokenizer> steps = {{PreTokenizerKind::kGpt2, {}}};
  EXPECT_EQ(Count({"a b a", " b"}, steps, 1), (Counts{{"a", 1}, {" b", 2}, {" a", 1}}));
  // Texts are apart, as short as they may be.
  EXPECT_EQ(Count({"a", "b", "a"}, steps, 2), (Counts{{"a", 2}, {"b", 1}}));
}

TEST(CountWords, LongTextsAndManyThreadsChangeNothing) {
  std::string text;
  for (unsigned seed = 0; text.size() < (5u << 18); ++seed) text += Mixture(seed, 1000);
  const std::string other = Mixture(1, 100);
  const auto pipelines = Pipelines();
  for (const auto& steps : {pipelines.front(), pipelines.back()}) {
    Counts expected;
    for (const auto& one : {text, other}) {
      for (const auto& piece : Pieces(steps, one)) ++expected[piece];
    }
    EXPECT_EQ(Count({text, other}, steps, 1), expected);
    EXPECT_EQ(Count({text, other}, steps, 4), expected);
  }
}

TEST(CountWords, StopsWhenAskedTo) {
  const std::atomic<bool> stop{true};
  Progress progress(Progress::Style::kNone, nullptr, &stop);
  const std::vector<std::string_view> texts = {"a"};
  const std::vector<PreTokenizer> steps = {{PreTokenizerKind::kGpt2, {}}};
  EXPECT_ERROR(CountWords(texts, steps, 1, &progress), "interrupted");
}

}  // namespace
}  // namespace quanta::train
