// SPDX-License-Identifier: MIT
//
// Unigram against trying every way to cut a text.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "runtime/text/utf8.h"
#include "tests/runtime/text/tiny_tokenizer.h"

namespace quanta {
namespace {

using testing::TinyTokenizer;
using Ids = std::vector<int32_t>;

constexpr auto kUnigram = format::TokenizerKind::kUnigram;
constexpr EncodeOptions kPlain{.add_special = false, .parse_special = false};
constexpr EncodeOptions kParse{.add_special = false, .parse_special = true};

struct Way {
  double score = -1e300;
  bool tied = false;               // there is another as good
  std::vector<std::string> parts;  // an unknown character is one, marked by a space
};

class AllWays {
 public:
  AllWays(const std::map<std::string, double>& words, double unknown)
      : words_(words), unknown_(unknown) {}

  Way Best(const std::string& text) {
    best_ = {};
    Way way{0, false, {}};
    Try(text, 0, &way);
    return best_;
  }

 private:
  void Try(const std::string& text, size_t at, Way* way) {
    if (at == text.size()) {
      if (std::fabs(way->score - best_.score) < 1e-9) best_.tied = true;
      if (way->score > best_.score + 1e-9) best_ = *way;
      return;
    }
    const auto step = [&](size_t bytes, double score, const std::string& part) {
      const double before = way->score;
      way->score += score;
      way->parts.push_back(part);
      Try(text, at + bytes, way);
      way->parts.pop_back();
      way->score = before;
    };
    for (size_t bytes = 1; at + bytes <= text.size(); ++bytes) {
      const std::string part = text.substr(at, bytes);
      if (const auto word = words_.find(part); word != words_.end()) {
        step(bytes, word->second, part);
      }
    }
    const size_t character = text::DecodeUtf8(text.data() + at).bytes;
    const std::string part = text.substr(at, character);
    if (!words_.contains(part)) step(character, unknown_, " " + part);
  }

  const std::map<std::string, double>& words_;
  const double unknown_;
  Way best_;
};

// Unknown ones that are neighbours run together.
Ids ToIds(const Way& way, const TinyTokenizer& tiny) {
  Ids ids;
  bool unknown = false;
  for (const std::string& part : way.parts) {
    const bool is_unknown = part[0] == ' ';
    if (!is_unknown) ids.push_back(tiny.Id(part));
    if (is_unknown && !unknown) ids.push_back(0);
    unknown = is_unknown;
  }
  return ids;
}

TEST(Unigram, FindsTheBestOfAllWays) {
  const std::string characters[] = {"a", "b", "\u2581", "\u00E9", "\u65E5"};
  int compared = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
    const auto text_of = [&](size_t length) {
      std::string text;
      for (; length > 0; --length) text += characters[below(std::size(characters))];
      return text;
    };
    TinyTokenizer tiny(kUnigram);
    std::map<std::string, double> words;
    double lowest = -5;
    tiny.AddWord("?", lowest);
    for (int n = 0; n < 12; ++n) {
      const std::string word = text_of(1 + below(4));
      const double score = -static_cast<double>(random()) / 4e8;
      if (!words.emplace(word, score).second) continue;
      tiny.AddWord(word, score);
      lowest = std::min(lowest, score);
    }
    tiny.view().unknown_id = 0;
    tiny.view().fuse_unknown = true;
    for (int round = 0; round < 20; ++round) {
      const std::string text = text_of(below(10));
      const Way best = AllWays(words, lowest - 10).Best(text);
      if (best.tied) continue;
      ++compared;
      ASSERT_EQ(tiny.Encode(text, kPlain), ToIds(best, tiny))
          << "seed " << seed << " " << ::testing::PrintToString(text);
    }
  }
  EXPECT_GT(compared, 3000);
}

// The same scores in another order add up to the same, or differ in the last bit: the
// reference adds from the left, and of equal sums the first found stays.
TEST(Unigram, TiesGoAsTheReferencesSumsDo) {
  const struct {
    double before, one, two;
    bool short_first;
  } cases[] = {{0, -1.5, -2.25, true}, {-0.3, -0.4, -0.5, true}, {-0.1, -1.3, -0.5, false}};
  for (const auto& c : cases) {
    TinyTokenizer tiny(kUnigram);
    tiny.AddWord("?", -20);
    const int32_t before = tiny.AddWord("b", c.before);
    const int32_t one = tiny.AddWord(".", c.one);
    const int32_t two = tiny.AddWord("..", c.two);
    tiny.view().unknown_id = 0;
    const Ids expected = c.short_first ? Ids{before, one, two} : Ids{before, two, one};
    EXPECT_EQ(tiny.Encode("b...", kPlain), expected);
  }
}

TEST(Unigram, UnknownTextBecomesBytesWhereAllHaveTokens) {
  TinyTokenizer tiny(kUnigram);
  tiny.AddWord("?", -1);
  const int32_t a = tiny.AddWord("a", -1);
  const int32_t c3 = tiny.AddByte(0xC3, -9), a9 = tiny.AddByte(0xA9, -9);
  tiny.view().unknown_id = 0;
  tiny.view().fuse_unknown = true;
  tiny.view().byte_fallback = true;
  EXPECT_EQ(tiny.Encode("a\u00E9\u00E9a", kPlain), (Ids{a, c3, a9, c3, a9, a}));
  // One byte of the run has none: all of it is one unknown token.
  EXPECT_EQ(tiny.Encode("a\u00E9\u00E8a", kPlain), (Ids{a, 0, a}));
}

TEST(Unigram, NoTextForgesAControlTokenUnasked) {
  TinyTokenizer tiny(kUnigram);
  tiny.AddWord("?", -9);
  const int32_t end = tiny.AddWord("<end>", -1);
  tiny.view().unknown_id = 0;
  tiny.view().fuse_unknown = true;
  std::vector<format::TokenType> types(2, format::TokenType::kNormal);
  types[1] = format::TokenType::kControl;
  tiny.view().token_types = types;
  EXPECT_EQ(tiny.Encode("<end>", kPlain), Ids{0});
  EXPECT_EQ(tiny.Encode("<end>", kParse), Ids{end});
}

TEST(Unigram, AMegabyteWithoutADecisionIsNoTrap) {
  TinyTokenizer tiny(kUnigram);
  tiny.AddWord("?", -20);
  const int32_t two = tiny.AddWord("aa", -1);
  tiny.AddWord("aaa", -4);
  tiny.view().unknown_id = 0;
  EXPECT_EQ(tiny.Encode(std::string(1 << 20, 'a'), kPlain), Ids((1 << 20) / 2, two));
}

TEST(Unigram, NeedsAnUnknownToken) {
  TinyTokenizer tiny(kUnigram);
  tiny.AddWord("a", -1);
  EXPECT_EQ(tiny.TryBuild(nullptr).status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace quanta
