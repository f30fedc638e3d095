// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace quanta::lite {
namespace {

std::string FirstError(const std::string& script) {
  const Source source("t", script);
  const ParseResult parsed = Parse(source);
  if (parsed.ok()) return "ok";
  return std::string(parsed.errors[0].code) + " " + std::to_string(parsed.errors[0].line);
}

TEST(Parse, NamesEachErrorAndItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"print 'x'", "E101 1"},
      {"%", "E101 1"},
      {"LOG \"a\" ; LOG \"b\\\"", "E102 1"},
      {"STEP \"a\" {\nWRITE \"f\" <<X\nY\n}", "E103 2"},
      {"STEP \"a\" {\nIF true {\n}", "E104 1"},
      {"STEP \"a\" {\nIF a == 1\nLOG \"x\"\n}", "E104 2"},
      {"}", "E105 1"},
      {"VAR = 3", "E106 1"},
      {"STEP \"a\" {\nWRITE \"f\" <<\n}", "E106 2"},
      {"RUN \"ls\"", "E107 1"},
      {"TASK \"a\" { TASK \"b\" }", "E107 1"},
      {"STEP \"a\" { x = 3 }", "E107 1"},
      {"STEP \"a\" { IF true { STEP \"b\" { } } }", "E107 1"},
      {"ELSE {", "E108 1"},
      {"IF a b {", "E109 1"},
      {"IF a.b == 1 {", "E109 1"},
      {"VAR a = [1, 2", "E110 1"},
      {"VAR a = {1: 2}", "E110 1"},
      {"LOG \"a\"\nLOG \"\xFF\"", "E111 2"},
      {"#TISS_VERSION>=2.0\nTASK \"a\"", "E112 1"},
      {"#TISS_VERSION about 1\nTASK \"a\"", "E112 1"},
      {"WHILE true", "E113 1"},
      {"VAR a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "E114 1"},
      {"LOG \"a\" LOG", "E115 1"},
      {"TASK \"a\" x", "E115 1"},
  };
  for (const auto& [script, expected] : cases) EXPECT_EQ(FirstError(script), expected) << script;
}

TEST(Parse, TakesWhatTheGrammarSays) {
  for (const char* script :
       {"", "\xEF\xBB\xBFTASK \"a\"\r\nTASK \"b\"\rLOG \"c\"",
        "STEP 'a' { PARALLEL { STEP \"b\" { } } }",
        "IF {{ x }} == 1 AND NOT (a OR last_run.stdout contains \"x\") THEN { LOG \"\" }",
        "IF FILE == 3 { }", "TRY { } CATCH AS why { }", "VAR a = 3 apples; VAR b = true story",
        "PARALLEL\n\n# comment\n{\n}", "#TISS_VERSION >= 0.9\n#TISS_VERSION < 1.1.0\nTASK \"a\"",
        "@cache.prefer [a.b, 'c', null, {x: -1.5e3}]", "LAST_RUN_RESULT = f, g"}) {
    EXPECT_EQ(FirstError(script), "ok") << script;
  }
}

TEST(Parse, GoesOnAfterAnErrorAtTheNextKeyword) {
  const Source source("t",
                      "STEP \"a\" {\n  RUN ls\n  LOG \"fine\"\n}\nSTEP {\n  RUN \"x\"\n}\nfoo\n"
                      "STEP \"b\" {\n  VAR\n}\n");
  std::string lines;
  for (const Diagnostic& error : Parse(source, Recovery::kContinue).errors) {
    lines += std::string(error.code) + "@" + std::to_string(error.line) + " ";
  }
  EXPECT_EQ(lines, "E106@2 E106@5 E101@8 E106@10 ");
}

TEST(Parse, SaysOnceThatABlockIsNotClosed) {
  for (const char* script :
       {"STEP \"a\" {\n  LOG \"x\"\n", "STEP \"a\"\n  LOG \"x\"\n", "STEP \"a\" {"}) {
    const Source source("t", script);
    const ParseResult parsed = Parse(source, Recovery::kContinue);
    ASSERT_EQ(parsed.errors.size(), 1u) << script;
    EXPECT_EQ(parsed.errors[0].code, "E104");
  }
}

TEST(Parse, SaysOnceThatAScriptHasTooManyParts) {
  std::string script;
  for (int i = 0; i < 12000; ++i) script += "LOG \"x\"\n";
  const Source source("t", script);
  const ParseResult parsed = Parse(source, Recovery::kContinue);
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_EQ(parsed.errors[0].code, "E111");
}

TEST(OneLine, EndsInOneMark) {
  const Source source("t", "LOG");
  const auto line = [&](const char* message, const char* hint) {
    return OneLine(source, MakeDiagnostic(source, "E101", Level::kError, {0, 3}, message, hint));
  };
  EXPECT_EQ(line("no", ""), "t:1:1: error[E101]: no.");
  EXPECT_EQ(line("may I?", "say yes"), "t:1:1: error[E101]: may I? hint: say yes.");
  EXPECT_EQ(line("no.", "why!"), "t:1:1: error[E101]: no. hint: why!");
}

TEST(Parse, KeepsLongChainsWithinItsDepth) {
  std::string elses = "IF a == 0 { }", terms = "ASSERT a";
  for (int i = 0; i < 2000; ++i) elses += " ELSE IF a == 1 { }";
  for (int i = 0; i < 2000; ++i) terms += " AND a";
  EXPECT_EQ(FirstError(elses), "E114 1");
  EXPECT_EQ(FirstError("STEP \"s\" {\n" + terms + "\n}"), "E114 2");
  EXPECT_EQ(FirstError("IF " + std::string(5000, '(') + "a"), "E114 1");
  EXPECT_EQ(FirstError("VAR a = [" + std::string(100, '[')), "E114 1");
}

}  // namespace
}  // namespace quanta::lite
