// SPDX-License-Identifier: MIT
#include "tiss_lite/syntax/formatter.h"

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "tests/tiss_lite/conformance_scripts.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {
namespace {

std::string Formatted(const std::string& script) {
  const Source source("t", script);
  const ParseResult parsed = Parse(source);
  std::string text;
  EXPECT_TRUE(parsed.ok()) << script << OneLine(source, parsed.errors[0]);
  EXPECT_TRUE(Format(source, parsed.program, &text));
  return text;
}

std::string TreeWithoutLines(const std::string& script) {
  const Source source("t", script);
  JsonWriter json;
  const ParseResult parsed = Parse(source);
  EXPECT_TRUE(parsed.ok()) << script;
  WriteTree(parsed.program, &json);
  WriteMeta(parsed.program, &json);
  static const std::regex kLine("\"line\":[0-9]+,?");
  return std::regex_replace(json.text(), kLine, "");
}

void CheckStable(const std::string& script) {
  const std::string once = Formatted(script);
  EXPECT_EQ(Formatted(once), once) << script;
  EXPECT_EQ(TreeWithoutLines(once), TreeWithoutLines(script)) << script;
}

TEST(Format, IsStableAndKeepsTheTreeOfEveryConformanceScript) {
  EXPECT_GT(ForEachValidScript([](const std::string& path, const std::string& text) {
              SCOPED_TRACE(path);
              CheckStable(text);
            }),
            100u);
}

TEST(Format, KeepsCommentsWhereverTheyStand) {
  const std::string script =
      "#TISS! A=b\n# 1\nSTEP 'a' # 2\n# 3\n{ # 4\n# 5\nLOG \"x\";# 6\n\n\n# 7\n} # 8\n"
      "IF a == [1, # 9\n2] {\n}\n# 10\nELSE # 11\n{ LOG \"y\" } # 12\n"
      "@quality { # 13\n a: 1 # 14\n} # 15\nVAR t = <<E # 16\n # text\nE\n# 17";
  const std::string text = Formatted(script);
  for (int i = 1; i <= 17; ++i) {
    EXPECT_NE((text + "\n").find("# " + std::to_string(i) + "\n"), std::string::npos) << i << text;
  }
  CheckStable(script);
}

TEST(Format, WritesLegacyFormsAnew) {
  EXPECT_EQ(
      Formatted("STEP \"a\"\nIF \"x == 1\"\nPROMPT_AGENT \"p\" -> y\nELSE\nLOG \"n\"\nENDIF\n}"),
      "STEP \"a\" {\n    IF x == 1 {\n        PROMPT_AGENT \"p\" INTO y\n    } ELSE {\n"
      "        LOG \"n\"\n    }\n}\n");
}

TEST(Format, PutsOneBlankBeforeTheBraceOfAnIf) {
  EXPECT_EQ(Formatted("IF x IS_EMPTY   {\n}\nIF x NOT IS_DEFINED THEN {\n}"),
            "IF x IS_EMPTY {}\n\nIF x NOT IS_DEFINED {}\n");
}

TEST(Format, QuotesSoThatTheTextStays) {
  for (const char* text :
       {R"("a\\")", R"('a\"b')", R"("say \"it's\" \n \\\\ ")", R"("\\\"")", "'\"'"}) {
    CheckStable(std::string("LOG ") + text);
  }
  CheckStable("STEP \"s\" { RUN \"echo \"Hi\" C:\\\" }");
}

TEST(Format, AddsNoBlankAfterAConditionThatEndsInAWord) {
  EXPECT_EQ(Formatted("IF a IS_EMPTY { }\nIF NOT a is_defined   THEN { }"),
            "IF a IS_EMPTY {}\n\nIF NOT a is_defined {}\n");
}

TEST(Format, ReindentsHeredocsAsAWhole) {
  EXPECT_EQ(Formatted("STEP \"a\" {\nWRITE \"f\" <<E\n  x\n\n    y\nE\n}"),
            "STEP \"a\" {\n    WRITE \"f\" <<E\n    x\n\n      y\n    E\n}\n");
  CheckStable("STEP \"a\" {\nWRITE \"f\" <<E\n\tx\n  y\n\n\nE\n}");
}

}  // namespace
}  // namespace quanta::lite
