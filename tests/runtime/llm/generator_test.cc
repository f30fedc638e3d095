// SPDX-License-Identifier: MIT
#include "quanta/generator.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::TestSession;
using testing::TinyModel;
using testing::TinyOptions;

struct Said {
  std::string text;
  std::vector<std::string> pieces;
  std::vector<int32_t> ids;
  StopReason stop = StopReason::kNone;
  size_t fed = 0;
};

/// What a scripted model says after one token, piece by piece.
class Scene {
 public:
  explicit Scene(std::string_view script) : tiny_(TinyModel::Scripted(script)) { Start(); }
  explicit Scene(std::span<const int32_t> script) : tiny_(TinyModel::Scripted(script)) { Start(); }

  Said Run(std::vector<std::string_view> stops, uint32_t max_tokens = 1000,
           bool ignore_stop_tokens = false) {
    EXPECT_TRUE((*session_)->Truncate(0).ok());
    const int32_t prompt[] = {'?'};
    EXPECT_TRUE((*session_)->Feed(prompt).ok());
    GenerateOptions options;
    options.max_tokens = max_tokens;
    options.stops = stops;
    options.ignore_stop_tokens = ignore_stop_tokens;
    std::vector<char> storage(Generator::StorageBytes(*model_));
    ErrorDetail detail;
    auto generator = Generator::Create(**session_, options, storage, &detail);
    EXPECT_TRUE(generator.ok()) << detail.text();
    Said said;
    while (said.stop == StopReason::kNone) {
      auto step = generator->Next(&detail);
      EXPECT_TRUE(step.ok()) << detail.text();
      if (!step.ok()) break;
      said.text += step->text;
      if (!step->text.empty()) said.pieces.emplace_back(step->text);
      if (step->id >= 0) said.ids.push_back(step->id);
      said.stop = step->stop;
    }
    EXPECT_LE(generator->tokens(), max_tokens);
    said.fed = (*session_)->position();
    // A call after the end is harmless and says the same.
    auto after = generator->Next(&detail);
    EXPECT_TRUE(after.ok() && after->stop == said.stop && after->text.empty());
    return said;
  }

  Session& session() { return **session_; }
  const Model& model() const { return *model_; }

 private:
  void Start() {
    model_.emplace(tiny_.Open());
    session_.emplace(*model_, TinyOptions(4, 1));
  }

  TinyModel tiny_;
  std::optional<Model> model_;
  std::optional<TestSession> session_;
};

TEST(Generator, SaysTheScriptAndStopsWhereTheContextEnds) {
  Scene scene("one two three");
  const Said said = scene.Run({});
  EXPECT_EQ(said.text, "one two three");
  EXPECT_EQ(said.stop, StopReason::kContextFull);
  EXPECT_EQ(said.fed, 13u);
  EXPECT_EQ(said.pieces.size(), 13u);  // nothing to hold back: every token at once
}

TEST(Generator, StopsAfterMaxTokensAndFeedsAllButTheLast) {
  Scene scene("one two three");
  const Said said = scene.Run({}, 5);
  EXPECT_EQ(said.text, "one t");
  EXPECT_EQ(said.stop, StopReason::kMaxTokens);
  EXPECT_EQ(said.ids.size(), 5u);
  EXPECT_EQ(said.fed, 1u + 4u);
  EXPECT_EQ(scene.Run({}, 0).stop, StopReason::kMaxTokens);
  EXPECT_TRUE(scene.Run({}, 0).ids.empty());
}

TEST(Generator, StopTokenEndsTheTextUnlessIgnored) {
  const int32_t script[] = {'a', 'b', testing::kEos, 'c', testing::kUser, 'd'};
  Scene scene(script);
  const Said said = scene.Run({});
  EXPECT_EQ(said.text, "ab");
  EXPECT_EQ(said.stop, StopReason::kStopToken);
  EXPECT_EQ(said.ids, (std::vector<int32_t>{'a', 'b', testing::kEos}));
  EXPECT_EQ(said.fed, 3u);

  const Said ignored = scene.Run({}, 1000, true);
  EXPECT_EQ(ignored.text, "abcd");  // special tokens have no text
  EXPECT_EQ(ignored.stop, StopReason::kContextFull);
}

TEST(Generator, StopStringAcrossTokensIsFoundAndLeftOut) {
  Scene scene("say STOP here");
  const Said said = scene.Run({"STOP"});
  EXPECT_EQ(said.text, "say ");
  EXPECT_EQ(said.stop, StopReason::kStopString);
  EXPECT_EQ(said.ids.back(), 'P');
}

TEST(Generator, StopStringInsideATokenIsFound) {
  const int32_t script[] = {'x', testing::kHell, 'o'};  // "xhello"
  Scene scene(script);
  EXPECT_EQ(scene.Run({"el"}).text, "xh");
  EXPECT_EQ(scene.Run({"lo"}).text, "xhel");
  EXPECT_EQ(scene.Run({"hello"}).text, "x");
}

TEST(Generator, FalseStartsOfAStopStringAreGivenBack) {
  Scene scene("ababac, abab");
  EXPECT_EQ(scene.Run({"ababab"}).text, "ababac, abab");
  EXPECT_EQ(scene.Run({"abac"}).text, "ab");
  EXPECT_EQ(scene.Run({"ac", "abab"}).text, "");
  EXPECT_EQ(scene.Run({", ", "zzz"}).text, "ababac");
}

TEST(Generator, NothingThatMayBeginAStopStringIsReleasedTooEarly) {
  Scene scene("12abc345");
  const Said said = scene.Run({"abcd"});
  EXPECT_EQ(said.pieces, (std::vector<std::string>{"1", "2", "abc3", "4", "5"}));
}

// The oracle: the text ends before the stop that is complete first (the longest such).
TEST(Generator, AgreesWithASearchInTheWholeText) {
  const std::string text = "aabab baab abba bbab aa b abab";
  Scene scene(text);
  const std::vector<std::vector<std::string_view>> sets = {{"bb"},
                                                           {"ab ab", "ba"},
                                                           {"abba", "b b"},
                                                           {"aab", "ab", "b"},
                                                           {"x", " aa b "},
                                                           {"b aa", "bbab aa b"},
                                                           {"abab!", "b abab", "abba "}};
  for (const auto& stops : sets) {
    std::string expected = text;
    StopReason reason = StopReason::kContextFull;
    for (size_t end = 1; end <= text.size() && reason != StopReason::kStopString; ++end) {
      size_t longest = 0;
      for (const auto stop : stops) {
        if (std::string_view(text).substr(0, end).ends_with(stop)) {
          longest = std::max(longest, stop.size());
        }
      }
      if (longest == 0) continue;
      expected = text.substr(0, end - longest);
      reason = StopReason::kStopString;
    }
    const Said said = scene.Run(stops);
    EXPECT_EQ(said.text, expected) << stops[0];
    EXPECT_EQ(said.stop, reason) << stops[0];
  }
}

TEST(Generator, PiecesAreWholeCharacters) {
  const std::string text = "é ü 漢字 😀.";  // one token a byte
  Scene scene(text);
  const Said said = scene.Run({"😁", "é?"});
  EXPECT_EQ(said.text, text);
  EXPECT_EQ(said.pieces, (std::vector<std::string>{"é ", "ü", " ", "漢", "字", " ", "😀", "."}));
}

TEST(Generator, UnfinishedCharactersAtTheEndBecomeReplacements) {
  Scene scene("ab\xE6\xBC\xA2\xF0\x9F\x98");
  const Said said = scene.Run({});
  EXPECT_EQ(said.text, "ab漢\uFFFD");
  EXPECT_EQ(scene.Run({}, 4).text, "ab\uFFFD");
  EXPECT_EQ(scene.Run({"\uFFFD"}, 4).stop, StopReason::kStopString);
  EXPECT_EQ(scene.Run({"\uFFFD"}, 4).text, "ab");
}

TEST(Generator, BadOptionsAreRefused) {
  Scene scene("abc");
  std::vector<char> storage(Generator::StorageBytes(scene.model()));
  ErrorDetail detail;
  const auto code = [&](const GenerateOptions& options, std::span<char> room) {
    return Generator::Create(scene.session(), options, room, &detail).status().code();
  };
  EXPECT_EQ(code({}, storage), Code::kInvalidArgument);
  EXPECT_NE(std::string(detail.text()).find("feed a prompt"), std::string::npos);
  const int32_t prompt[] = {'?'};
  ASSERT_TRUE(scene.session().Feed(prompt).ok());
  EXPECT_EQ(code({}, storage), Code::kOk);
  EXPECT_EQ(code({}, std::span(storage).first(storage.size() - 1)), Code::kInvalidArgument);

  const auto with = [&](std::vector<std::string_view> stops) {
    GenerateOptions options;
    options.stops = stops;
    return code(options, storage);
  };
  const std::string longest(Generator::kMaxStopBytes, 'x'), longer = longest + "x";
  EXPECT_EQ(with(std::vector<std::string_view>(16, longest)), Code::kOk);
  EXPECT_EQ(with(std::vector<std::string_view>(17, "a")), Code::kInvalidArgument);
  EXPECT_EQ(with({""}), Code::kInvalidArgument);
  EXPECT_EQ(with({"a", longer}), Code::kInvalidArgument);
  EXPECT_EQ(with({"\x82\xAC"}), Code::kInvalidArgument);

  GenerateOptions hot;
  hot.sampling.temperature = -1;
  EXPECT_EQ(code(hot, storage), Code::kInvalidArgument);
}

TEST(Generator, ItsSeedDecides) {
  TinyModel tiny{testing::TinySpec()};
  const Model model = tiny.Open();
  TestSession session(model, TinyOptions(8, 1));
  const auto run = [&](uint64_t seed) {
    EXPECT_TRUE(session->Truncate(0).ok());
    EXPECT_TRUE(session->Feed(testing::SomeTokens(3)).ok());
    GenerateOptions options;
    options.sampling.temperature = 2;
    options.sampling.seed = seed;
    options.max_tokens = 20;
    options.ignore_stop_tokens = true;
    std::vector<char> storage(Generator::StorageBytes(model));
    auto generator = Generator::Create(*session, options, storage);
    std::vector<int32_t> ids;
    for (;;) {
      auto step = generator->Next();
      ids.push_back(step->id);
      if (step->stop != StopReason::kNone) return ids;
    }
  };
  const auto ids = run(5);
  EXPECT_EQ(ids.size(), 20u);
  EXPECT_EQ(run(5), ids);
  EXPECT_NE(run(6), ids);
}

}  // namespace
}  // namespace quanta
