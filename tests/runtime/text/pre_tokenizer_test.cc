// SPDX-License-Identifier: MIT
#include "runtime/text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace quanta::text {
namespace {

using Pieces = std::vector<std::string>;

// --- An oracle: the regular expressions, run by a naive backtracking matcher -------

struct Symbol {
  const char* text;
  char kind;  // L, N, S (space), R (newline) or O
};
using Text = std::vector<Symbol>;
using Predicate = std::function<bool(const Symbol&)>;

struct Atom {
  Predicate matches;
  size_t least = 1, most = 1;
  bool not_ahead = false;  // (?!...)
};
using Sequence = std::vector<Atom>;

constexpr size_t kMany = SIZE_MAX;

Predicate Kinds(const std::string& kinds) {
  return [kinds](const Symbol& s) { return kinds.find(s.kind) != std::string::npos; };
}
Predicate Not(const std::string& kinds) {
  return [kinds](const Symbol& s) { return kinds.find(s.kind) == std::string::npos; };
}
Predicate Is(const std::string& text) {
  return [text](const Symbol& s) { return s.text == text; };
}
// In any case: the long s is an s.
Predicate IsLetter(char letter) {
  return [letter](const Symbol& s) {
    return (s.text[1] == '\0' && (s.text[0] | 0x20) == letter) ||
           (letter == 's' && std::string(s.text) == "\u017F");
  };
}

// Where the match of sequence[atom...] at `at` ends, or npos.
constexpr size_t kNoMatch = SIZE_MAX;
size_t Match(const Sequence& sequence, size_t atom, const Text& text, size_t at) {
  if (atom == sequence.size()) return at;
  const Atom& a = sequence[atom];
  if (a.not_ahead) {
    const bool there = at < text.size() && a.matches(text[at]);
    return there ? kNoMatch : Match(sequence, atom + 1, text, at);
  }
  size_t count = 0;
  while (count < a.most && at + count < text.size() && a.matches(text[at + count])) ++count;
  for (size_t n = count + 1; n-- > a.least;) {
    const size_t end = Match(sequence, atom + 1, text, at + n);
    if (end != kNoMatch) return end;
  }
  return kNoMatch;
}

Pieces Cut(const std::vector<Sequence>& alternatives, const Text& text) {
  Pieces pieces;
  for (size_t at = 0; at < text.size();) {
    size_t end = kNoMatch;
    for (const Sequence& one : alternatives) {
      end = Match(one, 0, text, at);
      if (end != kNoMatch) break;
    }
    EXPECT_NE(end, kNoMatch);
    std::string& piece = pieces.emplace_back();
    for (; at < end; ++at) piece += text[at].text;
  }
  return pieces;
}

std::vector<Sequence> Contractions(bool any_case) {
  std::vector<Sequence> all;
  for (const std::string word : {"s", "t", "re", "ve", "m", "ll", "d"}) {
    Sequence sequence = {{Is("'")}};
    for (const char c : word) {
      sequence.push_back({any_case ? IsLetter(c) : Is(std::string(1, c))});
    }
    all.push_back(sequence);
  }
  return all;
}

// \s+(?!\S)|\s+
void AddGaps(std::vector<Sequence>* all) {
  all->push_back({{Kinds("SR"), 1, kMany}, {Not("SR"), 1, 1, true}});
  all->push_back({{Kinds("SR"), 1, kMany}});
}

std::vector<Sequence> Gpt2() {
  auto all = Contractions(false);
  for (const char* kind : {"L", "N", "O"}) {
    all.push_back({{Is(" "), 0, 1}, {Kinds(kind), 1, kMany}});
  }
  AddGaps(&all);
  return all;
}

std::vector<Sequence> Cl100k(size_t digits) {
  auto all = Contractions(true);
  all.push_back({{Not("RLN"), 0, 1}, {Kinds("L"), 1, kMany}});
  all.push_back({{Kinds("N"), 1, digits}});
  all.push_back({{Is(" "), 0, 1}, {Kinds("O"), 1, kMany}, {Kinds("R"), 0, kMany}});
  all.push_back({{Kinds("SR"), 0, kMany}, {Kinds("R"), 1, kMany}});
  AddGaps(&all);
  return all;
}

// --- The chain under test -----------------------------------------------------------

Pieces Split(const std::vector<format::PreTokenizer>& steps, const std::string& text) {
  ErrorDetail detail;
  auto chain = PreTokenizerChain::Create(steps, &detail);
  EXPECT_TRUE(chain.ok()) << detail.text();
  PreTokenizerChain::Scratch scratch;
  Pieces pieces;
  const Status status = chain->Split(
      text, true, &scratch,
      [](void* to, std::string_view piece) {
        static_cast<Pieces*>(to)->emplace_back(piece);
        return Status();
      },
      &pieces);
  EXPECT_TRUE(status.ok());
  return pieces;
}

format::PreTokenizer Step(format::PreTokenizerKind kind) {
  format::PreTokenizer step;
  step.kind = kind;
  return step;
}

using Kind = format::PreTokenizerKind;

// Compares scanner and oracle on every text of up to `length` of these symbols.
void CompareOnAllTexts(const Text& alphabet, size_t length) {
  const struct {
    Kind kind;
    std::vector<Sequence> oracle;
  } families[] = {{Kind::kGpt2, Gpt2()}, {Kind::kLlama3, Cl100k(3)}, {Kind::kQwen2, Cl100k(1)}};
  size_t texts = 1;
  for (size_t n = 1; n <= length; ++n) {
    texts *= alphabet.size();
    for (size_t code = 0; code < texts; ++code) {
      Text text;
      std::string joined;
      for (size_t i = 0, rest = code; i < n; ++i, rest /= alphabet.size()) {
        text.push_back(alphabet[rest % alphabet.size()]);
        joined += text.back().text;
      }
      for (const auto& family : families) {
        ASSERT_EQ(Split({Step(family.kind)}, joined), Cut(family.oracle, text))
            << ::testing::PrintToString(joined) << " family " << static_cast<int>(family.kind);
      }
    }
  }
}

TEST(PreTokenizer, ScannersAgreeWithTheirPatternsOnEveryTextOfFiveClasses) {
  CompareOnAllTexts({{" ", 'S'}, {"\n", 'R'}, {"\u00A0", 'S'}, {"x", 'L'}, {"1", 'N'}, {"!", 'O'}},
                    5);
}

TEST(PreTokenizer, ScannersAgreeWithTheirPatternsBeyondAscii) {
  CompareOnAllTexts({{" ", 'S'},
                     {"\r", 'R'},
                     {"\t", 'S'},
                     {"\u00E9", 'L'},
                     {"\u00BD", 'N'},
                     {"\u0301", 'O'},
                     {"\u3000", 'S'},
                     {"\U0001F642", 'O'}},
                    4);
}

TEST(PreTokenizer, ScannersAgreeWithTheirPatternsOnContractions) {
  CompareOnAllTexts({{"'", 'O'},
                     {"s", 'L'},
                     {"S", 'L'},
                     {"\u017F", 'L'},
                     {"l", 'L'},
                     {"L", 'L'},
                     {"v", 'L'},
                     {"R", 'L'},
                     {"e", 'L'},
                     {" ", 'S'}},
                    4);
}

TEST(PreTokenizer, ByteWordsAreRunsOfBytesWithoutLeadingSpace) {
  const auto split = [](const std::string& text) { return Split({Step(Kind::kByteWords)}, text); };
  EXPECT_EQ(split("Ab, c12 \t\r\n\vx"), (Pieces{"Ab", ",", " ", "c", "12", " \t\r\n", "\v", "x"}));
  EXPECT_EQ(split("it's we'llama 'Tis ''s"),
            (Pieces{"it", "'s", " ", "we", "'ll", "ama", " ", "'", "Tis", " ", "'", "'s"}));
  // Letters of Latin-1 belong to words, of other scripts only what follows the first byte.
  EXPECT_EQ(split("se\u00F1or\u00BF"), (Pieces{"se\u00F1or\u00BF"}));
  EXPECT_EQ(split("a\u20ACb"), (Pieces{"a", "\xE2",
                                       "\x82\xAC"
                                       "b"}));
  EXPECT_EQ(split("\u0101"), (Pieces{"\xC4", "\x81"}));
}

TEST(PreTokenizer, LongRunsCutAsShortOnes) {
  const std::string spaces(1000, ' ');
  EXPECT_EQ(Split({Step(Kind::kGpt2)}, spaces + "x"), (Pieces{spaces.substr(1), " x"}));
  EXPECT_EQ(Split({Step(Kind::kQwen2)}, spaces + "\n" + spaces), (Pieces{spaces + "\n", spaces}));
}

TEST(PreTokenizer, DigitsStandApartEachOrInRuns) {
  const std::string text = "a12\u00BD b3";
  EXPECT_EQ(Split({Step(Kind::kDigitsIndividual)}, text),
            (Pieces{"a", "1", "2", "\u00BD", " b", "3"}));
  EXPECT_EQ(Split({Step(Kind::kDigitsRuns)}, text), (Pieces{"a", "12\u00BD", " b", "3"}));
}

TEST(PreTokenizer, StepsCutWhatTheOneBeforeLeft) {
  EXPECT_EQ(Split({Step(Kind::kDigitsIndividual), Step(Kind::kGpt2)}, "at 42, or  7"),
            (Pieces{"at", " ", "4", "2", ",", " or", "  ", "7"}));
}

TEST(PreTokenizer, PrefixSpaceGoesBeforeEveryPieceThatHasNone) {
  const Pieces expected = {" a", " b"};
  EXPECT_EQ(Split({Step(Kind::kAddPrefixSpace), Step(Kind::kGpt2)}, "a b"), expected);
  EXPECT_EQ(Split({Step(Kind::kAddPrefixSpace), Step(Kind::kGpt2)}, " a b"), expected);
  EXPECT_EQ(Split({Step(Kind::kDigitsRuns), Step(Kind::kAddPrefixSpace)}, "a1 b"),
            (Pieces{" a", " 1", " b"}));
  EXPECT_EQ(Split({Step(Kind::kAddPrefixSpace)}, ""), Pieces{});
}

TEST(PreTokenizer, LiteralSplitsKeepTheirMarkAsTheBehaviourSays) {
  const auto split = [](format::SplitBehavior behavior, const std::string& text) {
    format::PreTokenizer step = Step(Kind::kSplitLiteral);
    step.a = "--";
    step.behavior = behavior;
    return Split({step}, text);
  };
  using B = format::SplitBehavior;
  const std::string text = "--a----b--";
  EXPECT_EQ(split(B::kRemoved, text), (Pieces{"a", "b"}));
  EXPECT_EQ(split(B::kIsolated, text), (Pieces{"--", "a", "--", "--", "b", "--"}));
  EXPECT_EQ(split(B::kMergedWithPrevious, text), (Pieces{"--", "a--", "--", "b--"}));
  EXPECT_EQ(split(B::kMergedWithNext, text), (Pieces{"--a", "--", "--b", "--"}));
  EXPECT_EQ(split(B::kContiguous, text), (Pieces{"--", "a", "----", "b", "--"}));
  EXPECT_EQ(split(B::kRemoved, "----"), Pieces{});
  EXPECT_EQ(split(B::kIsolated, "a-"), Pieces{"a-"});
}

TEST(PreTokenizer, NoStepsLeaveTheTextWhole) { EXPECT_EQ(Split({}, "a b"), Pieces{"a b"}); }

TEST(PreTokenizer, MetaspacePutsItsMarkInThePlaceOfSpaces) {
  const auto split = [](uint8_t prepend, bool cut, const std::string& text) {
    format::PreTokenizer step = Step(Kind::kMetaspace);
    step.a = "\u2581";
    step.prepend = prepend;
    if (cut) step.behavior = format::SplitBehavior::kMergedWithNext;
    return Split({step}, text);
  };
  const std::string m = "\u2581";
  EXPECT_EQ(split(0, true, "a b  c "), (Pieces{m + "a", m + "b", m, m + "c", m}));
  EXPECT_EQ(split(0, false, "a b"), Pieces{m + "a" + m + "b"});
  EXPECT_EQ(split(0, true, " a"), Pieces{m + "a"});
  EXPECT_EQ(split(0, true, m + "a"), Pieces{m + "a"});
  EXPECT_EQ(split(1, true, "a b"), (Pieces{m + "a", m + "b"}));
  EXPECT_EQ(split(2, true, "a b"), (Pieces{"a", m + "b"}));
}

TEST(PreTokenizer, WhiteSpaceIsDroppedAndWordsStandApartIfAsked) {
  format::PreTokenizer step = Step(Kind::kWhitespace);
  const std::string text = "\u3000it's a_1 \u00E9t\u0301.\n";
  EXPECT_EQ(Split({step}, text), (Pieces{"it's", "a_1", "\u00E9t\u0301."}));
  step.behavior = format::SplitBehavior::kIsolated;
  EXPECT_EQ(Split({step}, text), (Pieces{"it", "'", "s", "a_1", "\u00E9t\u0301", "."}));
}

TEST(PreTokenizer, RefusesWhatItCannotRun) {
  ErrorDetail detail;
  std::vector<format::PreTokenizer> metaspace = {Step(Kind::kMetaspace)};
  EXPECT_EQ(PreTokenizerChain::Create(metaspace, &detail).status().code(), Code::kCorrupt);
  metaspace[0].a = "  ";
  EXPECT_EQ(PreTokenizerChain::Create(metaspace, &detail).status().code(), Code::kCorrupt);
  EXPECT_STREQ(detail.text(), "the mark for a space is not one character");
  metaspace.insert(metaspace.begin(), Step(Kind::kGpt2));
  metaspace[1].a = "_";
  metaspace[1].prepend = 1;
  EXPECT_EQ(PreTokenizerChain::Create(metaspace, &detail).status().code(), Code::kUnsupported);
  const std::vector<format::PreTokenizer> many(PreTokenizerChain::kMaxSteps + 1, Step(Kind::kGpt2));
  EXPECT_EQ(PreTokenizerChain::Create(many, &detail).status().code(), Code::kUnsupported);
  std::vector<format::PreTokenizer> literal = {Step(Kind::kSplitLiteral)};
  EXPECT_EQ(PreTokenizerChain::Create(literal, &detail).status().code(), Code::kCorrupt);
  literal[0].a = "\xFF";
  EXPECT_EQ(PreTokenizerChain::Create(literal, &detail).status().code(), Code::kCorrupt);
}

TEST(PreTokenizer, StopsWithTheSinksError) {
  auto chain = PreTokenizerChain::Create({}, nullptr);
  PreTokenizerChain::Scratch scratch;
  const Status status = chain->Split(
      "text", true, &scratch, [](void*, std::string_view) { return Status(Code::kLimit, "full"); },
      nullptr);
  EXPECT_EQ(status.code(), Code::kLimit);
}

}  // namespace
}  // namespace quanta::text
