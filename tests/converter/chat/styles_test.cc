// SPDX-License-Identifier: MIT
//
// Templates in the styles in use, and what transformers renders with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/converter/chat/chat_testing.h"
#include "tests/converter/chat/minja_engine.h"

namespace quanta::converter {
namespace {

using testing::HasSubstr;

/// The number of conversations that came out as transformers renders them.
int ExpectExact(const Json& entry, const ChatTables& tables) {
  for (const Json& example : entry["cases"]) {
    const std::string expected = example.contains("error")
                                     ? "refused: " + example["error"].get<std::string>()
                                     : example["text"].get<std::string>();
    EXPECT_EQ(Render(tables, FromJson(example["messages"]), example["add_generation_prompt"]),
              expected)
        << example.dump();
  }
  return static_cast<int>(entry["cases"].size());
}

TEST(ChatStyles, ExamplesAreReproducedOrGivenUp) {
  int compared = 0;
  for (const Json& entry : ReadChatCases("chat_templates.json")) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const Compiled compiled = CompileEntry(entry);
    if (compiled.status.ok()) {
      compared += ExpectExact(entry, compiled.tables);
    } else {
      EXPECT_THAT(entry["expect"].get<std::string>(), HasSubstr("convert error"))
          << compiled.detail;
      EXPECT_EQ(compiled.status.code(), Code::kUnsupported);
    }
  }
  EXPECT_GE(compared, 200) << "too many templates were given up";
}

TEST(ChatStyles, SupportedStylesAreReproducedAndTheOthersGivenUp) {
  for (const Json& entry : ReadChatCases("chat_styles.json")) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    const Compiled compiled = CompileEntry(entry);
    if (entry["supported"].get<bool>()) {
      ASSERT_TRUE(compiled.status.ok()) << compiled.detail;
      EXPECT_GE(ExpectExact(entry, compiled.tables), 10);
      EXPECT_LE(compiled.tables.notes.size(), compiled.tables.date_mark.empty() ? 0u : 1u);
    } else {
      EXPECT_EQ(compiled.status.code(), Code::kUnsupported) << compiled.detail;
    }
  }
}

/// Conversations that nobody thought of.
class Talker {
 public:
  Conversation Next() {
    Conversation talk;
    const size_t length = 1 + Below(7);
    const bool alternating = Below(2) == 0;
    for (size_t i = 0; i < length; ++i) {
      talk.roles.push_back(alternating ? (i % 2 == 0 ? ChatRole::kUser : ChatRole::kAssistant)
                                       : static_cast<ChatRole>(Below(3)));
      talk.contents.push_back(kContents[Below(std::size(kContents))]);
    }
    if (alternating && Below(2) == 0) {
      talk.roles.insert(talk.roles.begin(), ChatRole::kSystem);
      talk.contents.insert(talk.contents.begin(), kContents[Below(std::size(kContents))]);
    }
    return talk;
  }
  bool Coin() { return Below(2) == 0; }

 private:
  // ASCII white space only: minja knows no other.
  static constexpr const char* kContents[] = {"hello",
                                              "",
                                              " ",
                                              "\n\n",
                                              "  padded\t",
                                              "two\nlines",
                                              "na\u00efve",
                                              "{{ x }}",
                                              "<|im_end|>",
                                              "[INST]",
                                              "<think>a</think>b",
                                              "</think>",
                                              "0",
                                              "None",
                                              "it's \"so\"",
                                              "\nlead",
                                              "tail\n"};

  size_t Below(size_t bound) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state_ >> 33) % bound;
  }
  uint64_t state_ = 20;
};

/// minja is the independent second opinion. It is wrong about some Python: values of
/// `and`, `is none` of what is not there, generators' truth.
TEST(ChatStyles, RulesAgreeWithMinja) {
  const std::set<std::string> misread = {"undefined_is_not_none", "generators_are_true",
                                         "generation_marked", "escapes"};
  constexpr int kTalks = QUANTA_SANITIZED ? 30 : 150;  // minja is slow there
  Talker talker;
  int compared = 0;
  for (const char* file : {"chat_templates.json", "chat_styles.json"}) {
    for (const Json& entry : ReadChatCases(file)) {
      SCOPED_TRACE(entry["name"].get<std::string>());
      if (misread.contains(entry["name"].get<std::string>())) continue;
      const Compiled compiled = CompileEntry(entry);
      if (!compiled.status.ok()) continue;
      MinjaEngine minja(entry["template"].get<std::string>());
      for (int i = 0; i < kTalks; ++i) {
        const Conversation talk = talker.Next();
        const bool prompt = talker.Coin();
        const std::optional<Rendering> other =
            minja.Render(talk.View(), prompt, entry["bos_token"], entry["eos_token"]);
        if (!other) continue;
        const bool refused = other->kind == Rendering::Kind::kRefused;
        ASSERT_EQ(Render(compiled.tables, talk, prompt),
                  (refused ? "refused: " : "") + other->text);
        ++compared;
      }
    }
  }
  EXPECT_GE(compared, 20 * kTalks);
}

}  // namespace
}  // namespace quanta::converter
