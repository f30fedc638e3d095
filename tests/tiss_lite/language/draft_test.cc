// SPDX-License-Identifier: MIT
#include "tiss_lite/language/draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tiss_lite/conformance_scripts.h"
#include "tests/tiss_lite/language/marked.h"
#include "tests/tiss_lite/language/places.h"
#include "tiss_lite/language/variables.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {
namespace {

using ::testing::ElementsAre;

TEST(Draft, AgreesWithTheParserOnEveryConformanceScriptThatParses) {
  const auto compare = [](const std::string& path, const std::string& text) {
    SCOPED_TRACE(path);
    const Source source("t", text);
    const ParseResult parsed = Parse(source);
    EXPECT_EQ(PlacesInDraft(source), PlacesInTree(parsed.program));
    EXPECT_EQ(BlocksInDraft(source), BlocksInTree(source, parsed.program));
    EXPECT_EQ(ReadDraft(source).comments.size(), parsed.program.comments.size());
  };
  EXPECT_GT(ForEachValidScript(compare), 100u);
}

std::vector<std::string> Names(const std::string& script) {
  const Source source("t", script);
  std::vector<std::string> names;
  for (const DraftName& name : ReadDraft(source).names) {
    names.push_back((name.sets ? "=" : "") + std::string(source.TextOf(name.span)));
  }
  return names;
}

TEST(Draft, FindsVariablesWhereverTheyStand) {
  EXPECT_THAT(Names("VAR a = \"{{b}} {{ c }} \\{{d}} {{LAST_RUN.STDOUT}}\""),
              ElementsAre("=a", "b", "c"));
  EXPECT_THAT(Names("IF x == 1 AND NOT y CONTAINS \"{{z}}\" OR {{ w }} IS_EMPTY {\n}"),
              ElementsAre("x", "y", "z", "w"));
  EXPECT_THAT(Names("IF not not contains file {\n}"), ElementsAre("not", "file"));
  EXPECT_THAT(Names("IF FILE \"{{p}}\" EXISTS AND COST < 3 AND LAST_RUN.STDOUT == [a, b] {\n}"),
              ElementsAre("p"));
  EXPECT_THAT(
      Names("STEP \"s\" {\nREAD \"f\" AS a\nPROMPT_AGENT \"q\" -> b\nPAUSE \"p\" INTO c\n}"),
      ElementsAre("=a", "=b", "=c"));
  EXPECT_THAT(Names("TRY {\n} CATCH AS why {\nLOG \"{{why}}\"\n}\nx = \"{{y}}\""),
              ElementsAre("=why", "why", "=x"));
  EXPECT_THAT(
      Names("STEP \"s\" {\nPROMPT_AGENT <<E INTO a\n{{b}}\nE\nWRITE \"f\" <<\"R\"\n{{c}}\nR\n}"),
      ElementsAre("=a", "b"));
  EXPECT_THAT(Names("IF \"x == 'y'\"\nLOG \"a\"\nENDIF\nLOG \"{{b}}\""), ElementsAre("x", "b"));
}

TEST(Draft, GoesOnAfterAnythingUnfinished) {
  for (const char* begin :
       {"RUN \"ls", "VAR x = [1,", "VAR x =", "VAR", "WRITE \"p\"", "IF x ==", "READ \"f\" AS", "@",
        "@limits {tokens: ", "SET_BUDGET", "? what", "RU", "LOG \"a \"b\"", "PROMPT_AGENT <<"}) {
    const std::vector<std::string> names =
        Names(std::string("STEP \"s\" {\n") + begin + "\nVAR after = \"1\"\n}\nLOG \"{{after}}\"");
    EXPECT_THAT(names, ::testing::IsSupersetOf({"=after", "after"})) << begin;
  }
}

TEST(Draft, KnowsTheBlockAroundAPlace) {
  const auto block = [](const char* script) {
    const Marked marked(script);
    const int at = marked.draft.BlockAt(marked.offset);
    if (at < 0) return std::string();
    return std::string(marked.source.TextOf(marked.draft.statements[static_cast<size_t>(at)].word));
  };
  EXPECT_EQ(block("|>STEP \"s\" {\n}"), "");
  EXPECT_EQ(block("STEP \"s\" {|>\n}"), "STEP");
  EXPECT_EQ(block("STEP \"s\" {\n|>}"), "STEP");
  EXPECT_EQ(block("STEP \"s\" {\n}|>"), "");
  EXPECT_EQ(block("STEP \"s\" {\nTRY {\nRUN \"x\n|>"), "TRY");
  EXPECT_EQ(block("STEP \"s\" {\nIF a {\n} ELSE {\n|>\n}\n}"), "ELSE");
  EXPECT_EQ(block("STEP \"s\" {\nIF a {\n} ELSE IF b {\n}\n|>\n}"), "STEP");
  EXPECT_EQ(block("STEP \"s\"\nLOG \"a\"\n|>\n}"), "STEP");
  EXPECT_EQ(block("STEP \"s\" {\nIF a\nLOG \"a\"\n|>ENDIF\n}"), "IF");
  EXPECT_EQ(block("STEP \"s\" {\nIF a\nLOG \"a\"\nENDIF\n|>\n}"), "STEP");
}

TEST(Draft, TakesEveryPrefixAndEveryCutOfAScript) {
  const std::string script =
      "#TISS! A=b\nTASK \"t {{x}}\" {\nSETUP { MKDIR \"a\"; DELETE 'b' }\nIF a == [1, 2] AND "
      "FILE \"c\" NOT EXISTS THEN {\nRUN \"echo \"hi\"\"\n} ELSE IF b {\nWRITE \"d\" <<E # c\n  "
      "{{é}} {{y}}\nE\n}\nPROMPT_AGENT <<'R' INTO z\n@x }\nR\n}\n@limits {tokens: 3}\nq = 1";
  for (size_t i = 0; i <= script.size(); ++i) {
    for (const std::string& text :
         {script.substr(0, i), script.substr(i),
          script.substr(0, i) + script.substr(std::min(i + 3, script.size()))}) {
      const Source source("t", text);
      const Draft draft = ReadDraft(source);
      uint32_t last = 0;
      for (const DraftName& name : draft.names) {
        EXPECT_GE(name.span.begin, last);
        EXPECT_TRUE(IsVariableName(source.TextOf(name.span))) << source.TextOf(name.span);
        last = name.span.end;
      }
      for (const DraftText& one : draft.texts) EXPECT_LE(one.span.end, source.size());
      for (const DraftStatement& one : draft.statements) {
        EXPECT_LE(one.block.end, source.size());
        EXPECT_LT(one.parent, static_cast<int>(draft.statements.size()));
      }
    }
  }
}

TEST(Definition, IsTheLastPlaceBeforeOrElseTheFirstAfter) {
  const auto line = [](const char* script) {
    const Marked marked(script);
    const DraftName* use = NameAt(marked.draft, marked.offset);
    EXPECT_NE(use, nullptr);
    const DraftName* set = DefinitionOf(marked.draft, marked.source, *use);
    return set == nullptr ? 0 : marked.source.LineOf(set->span.begin);
  };
  EXPECT_EQ(line("VAR x = 1\nVAR x = 2\nLOG \"{{|>x}}\"\nVAR x = 3"), 2u);
  EXPECT_EQ(line("LOG \"{{x|>}}\"\nx = 3"), 2u);
  EXPECT_EQ(line("LOG \"{{x|>}}\""), 0u);
  EXPECT_EQ(line("VAR x = 1\nVAR |>x = 2"), 2u);
}

TEST(Draft, SeesACommentThatTouchesANumberOrATruthValueAsTheParserDoes) {
  for (const char* script : {"a = 0#c\n", "a = -1.5#c\n", "a = true#c\n", "a = FALSE#c\n",
                             "a = zero#c\n", "a = 0 #c\n", "a = 3 apples#c\n"}) {
    const Source source("s", script);
    const ParseResult parsed = Parse(source);
    ASSERT_TRUE(parsed.ok()) << script;
    EXPECT_EQ(ReadDraft(source).comments.size(), parsed.program.comments.size()) << script;
  }
}

}  // namespace
}  // namespace quanta::lite
