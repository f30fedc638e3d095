// SPDX-License-Identifier: MIT
#include "tiss_lite/language/hover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/tiss_lite/language/marked.h"
#include "tiss_lite/policy/profile.h"

namespace quanta::lite {
namespace {

using ::testing::HasSubstr;

class Hovering : public ::testing::Test {
 protected:
  Hovering() { AddBuiltInTools(&tools_); }
  /// The text of the hover, "" if there is none; checks what it is about.
  std::string At(const std::string& script, std::string_view about) {
    const Marked marked(script);
    const auto hover =
        HoverAt(marked.source, marked.draft, marked.offset, {&tools_, capabilities_});
    if (!hover) return "";
    EXPECT_EQ(marked.source.TextOf(hover->span), about);
    return hover->text;
  }
  ToolRegistry tools_;
  const Capabilities* capabilities_ = nullptr;
};

TEST_F(Hovering, TellsAboutWordsOfTheLanguage) {
  EXPECT_THAT(At("ST|>EP \"a\" {\n}", "STEP"), HasSubstr("piece of work"));
  EXPECT_THAT(At("IF x IS_EM|>PTY {\n}", "IS_EMPTY"), HasSubstr("empty list"));
  EXPECT_THAT(At("VAR x = LAST_RUN.EXIT|>_CODE", "LAST_RUN.EXIT_CODE"), HasSubstr("127"));
  EXPECT_THAT(At("LOG \"{{LAST_RUN.STD|>OUT}}\"", "LAST_RUN.STDOUT"), HasSubstr("output"));
  EXPECT_THAT(At("@comp|>ute.mode \"sip\"", "@compute.mode"), HasSubstr("temperature"));
  EXPECT_THAT(At("SET_BUDGET TOKEN|>_COUNT = 3", "TOKEN_COUNT"), HasSubstr("Tokens"));
  EXPECT_EQ(At("LOG \"a ST|>EP\"", ""), "");
  EXPECT_EQ(At("# ST|>EP", ""), "");
  EXPECT_EQ(At("|>", ""), "");
}

TEST_F(Hovering, TellsWhereAVariableIsSet) {
  const std::string text =
      At("VAR topic = \"birds\"\nLOG \"{{to|>pic}}\"\nLOG \"{{topic}}\"", "topic");
  EXPECT_THAT(text, HasSubstr("VAR topic = \"birds\""));
  EXPECT_THAT(text, HasSubstr("used 2 times"));
  EXPECT_THAT(At("LOG \"{{to|>pic}}\"", "topic"), HasSubstr("nothing in the script sets it"));
  EXPECT_THAT(At("LOG \"{{LAST_RES|>PONSE}}\"", "LAST_RESPONSE"), HasSubstr("last answer"));
}

TEST_F(Hovering, TellsWhatAToolDoes) {
  const std::string script = "STEP \"s\" {\nRUN \"cat a | so|>rt\"\n}";
  EXPECT_THAT(At(script, "sort"), HasSubstr("`sort`: "));
  Profile pure;
  ASSERT_TRUE(PresetProfile("pure", &pure));
  capabilities_ = &pure.capabilities;
  EXPECT_THAT(At(script, "sort"), HasSubstr("(not granted)"));
  EXPECT_EQ(At("STEP \"s\" {\nRUN \"echo so|>rt\"\n}", ""), "");
}

}  // namespace
}  // namespace quanta::lite
