// SPDX-License-Identifier: MIT
#include "tiss_lite/language/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/tiss_lite/language/marked.h"
#include "tiss_lite/language/words.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/policy/profile.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class Completing : public ::testing::Test {
 protected:
  Completing() { AddBuiltInTools(&tools_); }

  std::vector<Completion> At(const std::string& script) {
    const Marked marked(script);
    return Complete(marked.source, marked.draft, marked.offset, {&tools_, capabilities_});
  }
  std::vector<std::string> Labels(const std::string& script) {
    std::vector<std::string> labels;
    for (const Completion& one : At(script)) labels.push_back(one.label);
    return labels;
  }
  /// The script after the completion called `label` has been taken.
  std::string Taken(const std::string& script, const std::string& label) {
    const Marked marked(script);
    for (const Completion& one : At(script)) {
      if (one.label != label) continue;
      EXPECT_EQ(one.replaces.end, marked.offset);
      std::string text = marked.source.text();
      return text.replace(one.replaces.begin, one.replaces.end - one.replaces.begin, one.text);
    }
    return "no " + label;
  }

  ToolRegistry tools_;
  const Capabilities* capabilities_ = nullptr;
};

TEST_F(Completing, OffersTheStatementsThatMayStandThere) {
  EXPECT_THAT(Labels("|>"), IsSupersetOf({"TASK", "STEP", "LOG", "@persona"}));
  EXPECT_THAT(Labels("|>"), Not(Contains("RUN")));
  EXPECT_THAT(Labels("STEP \"a\" {\n  R|>\n}"), IsSupersetOf({"RUN", "READ", "IF"}));
  EXPECT_THAT(Labels("STEP \"a\" {\n  |>\n}"), Not(Contains("STEP")));
  EXPECT_THAT(Labels("STEP \"a\" {\n  |>\n}"), Not(Contains("OPTION")));
  EXPECT_THAT(Labels("STEP \"a\" {\nPARALLEL {\n|>\n}\n}"), Contains("STEP"));
  EXPECT_THAT(Labels("STEP \"a\" {\nIF x {\n|>"), Not(Contains("STEP")));
  EXPECT_THAT(Labels("CHOOSE {\n|>\n}"), IsSupersetOf({"OPTION", "STEP", "@seed"}));
  EXPECT_THAT(Labels("CHOOSE {\n|>\n}"), Not(Contains("LOG")));
  EXPECT_THAT(Labels("TASK \"t\" {\n|>\n}"), Contains("SETUP"));
  EXPECT_THAT(Labels("LOG \"a\"; L|>"), Contains("LOG"));
}

TEST_F(Completing, BringsNoSecondRestOfAStatement) {
  const auto snippet = [this](const char* script) {
    for (const Completion& one : At(script)) {
      if (one.label == "STEP") return one.snippet;
    }
    return std::string("none");
  };
  EXPECT_EQ(snippet("ST|>\nLOG \"a\""), "STEP \"${1:what}\" {\n\t$0\n}");
  EXPECT_EQ(snippet("ST|> \"a\" {\n}"), "");
}

TEST_F(Completing, OffersWhatFollowsABlock) {
  EXPECT_THAT(Labels("IF x {\n} |>"), UnorderedElementsAre("ELSE"));
  EXPECT_THAT(Labels("TRY {\n}\n|>"), Contains("CATCH"));
  EXPECT_THAT(Labels("STEP \"a\" {\n}\n|>"), Not(Contains("ELSE")));
}

TEST_F(Completing, OffersVariablesInTexts) {
  EXPECT_EQ(Taken("VAR topic = 1\nLOG \"on {{t|>\"", "topic"),
            "VAR topic = 1\nLOG \"on {{topic}}\"");
  EXPECT_EQ(Taken("VAR topic = 1\nLOG \"on {{|>}}\"", "topic"),
            "VAR topic = 1\nLOG \"on {{topic}}\"");
  EXPECT_EQ(Taken("LOG \"{{LAST_RUN.|>", "LAST_RUN.STDOUT"), "LOG \"{{LAST_RUN.STDOUT}}");
  EXPECT_EQ(Taken("VAR topic = 1\nLOG \"on $to|>\"", "topic"),
            "VAR topic = 1\nLOG \"on {{topic}}\"");
  EXPECT_EQ(Taken("VAR topic = 1\nLOG \"on ${to|>", "topic"), "VAR topic = 1\nLOG \"on {{topic}}");
  EXPECT_EQ(Taken("VAR v = 1\nSTEP \"s\" {\nWRITE \"f\" <<E\n  {{|>\nE\n}", "v"),
            "VAR v = 1\nSTEP \"s\" {\nWRITE \"f\" <<E\n  {{v}}\nE\n}");
  EXPECT_THAT(Labels("VAR v = 1\nSTEP \"s\" {\nWRITE \"f\" <<\"E\"\n  {{|>\nE\n}"), IsEmpty());
  EXPECT_THAT(Labels("VAR v = 1\nLOG \"\\{{|>\""), IsEmpty());
  EXPECT_THAT(Labels("VAR v = 1\nLOG \"v|>\""), IsEmpty());
}

TEST_F(Completing, OffersVariablesAndFieldsInConditions) {
  const std::string before = "VAR count = 1\nIF ";
  EXPECT_THAT(Labels(before + "|>"), IsSupersetOf({"count", "LAST_RUN.STDOUT", "FILE", "NOT"}));
  EXPECT_THAT(Labels(before + "count == 1 AND c|>"), Contains("count"));
  EXPECT_THAT(Labels(before + "count |>"), IsSupersetOf({"CONTAINS", "AND", "IS_EMPTY"}));
  EXPECT_THAT(Labels(before + "count |>"), Not(Contains("count")));
  EXPECT_EQ(Taken(before + "LAST_RUN.E|>", "LAST_RUN.EXIT_CODE"), before + "LAST_RUN.EXIT_CODE");
}

TEST_F(Completing, OffersToolsWhereACommandBegins) {
  const auto run = [](const char* text) { return std::string("STEP \"s\" {\nRUN \"") + text; };
  EXPECT_THAT(Labels(run("|>\"\n}")), IsSupersetOf({"ls", "grep", "help"}));
  EXPECT_THAT(Labels(run("cat a | s|>\"\n}")), Contains("sort"));
  EXPECT_THAT(Labels(run("cat a && |>")), Contains("wc"));
  EXPECT_THAT(Labels(run("cat |>\"\n}")), IsEmpty());
  EXPECT_THAT(Labels(run("echo 'a | |>'\"\n}")), IsEmpty());
  EXPECT_EQ(Taken(run("cat a | so|>\"\n}"), "sort"), run("cat a | sort\"\n}"));
  Profile read;
  ASSERT_TRUE(PresetProfile("read", &read));
  capabilities_ = &read.capabilities;
  EXPECT_THAT(Labels(run("|>")), Contains("cat"));
  EXPECT_THAT(Labels(run("|>")), Not(Contains("rm")));
}

TEST_F(Completing, OffersTheOtherPartsOfStatements) {
  EXPECT_THAT(Labels("SET_BUDGET |>"),
              UnorderedElementsAre("API_CALLS", "EXECUTION_TIME", "TOKEN_COUNT"));
  EXPECT_THAT(Labels("@|>"), IsSupersetOf({"@persona", "@requires"}));
  EXPECT_EQ(Taken("@compute.m|>", "@compute.mode"), "@compute.mode");
  EXPECT_EQ(Taken("@output |>", "\"json\""), "@output \"json\"");
  EXPECT_EQ(Taken("@output \"j|>\"", "json"), "@output \"json\"");
  EXPECT_EQ(Taken("@requires [\"fs|>\"]", "fs.read"), "@requires [\"fs.read\"]");
  EXPECT_THAT(Labels("STEP \"s\" {\nREAD \"f\" |>"), UnorderedElementsAre("AS"));
  EXPECT_THAT(Labels("VAR v = 1\nSTEP \"s\" {\nPROMPT_AGENT \"f\" INTO |>"),
              UnorderedElementsAre("v"));
  EXPECT_THAT(Labels("VAR v = L|>"), Contains("LAST_RUN.STDERR"));
  EXPECT_THAT(Labels("STEP \"s\" {\nWRITE \"f\" |>"), UnorderedElementsAre("<<END"));
  EXPECT_EQ(Taken("STEP \"s\" {\nWRITE \"f\" <<|>", "<<END"),
            "STEP \"s\" {\nWRITE \"f\" <<END\n\nEND");
  EXPECT_THAT(Labels("STEP \"s\" {\nWRITE \"f\" <<DONE\ntext\n|>"), UnorderedElementsAre("DONE"));
  EXPECT_THAT(Labels("# a|>"), IsEmpty());
  EXPECT_THAT(Labels("VAR v = \"a\" |>"), Not(Contains("STEP")));
}

TEST(Words, CoverTheLanguage) {
  for (int kind = 0; kind < static_cast<int>(StatementKind::kDirective); ++kind) {
    const std::string word(KeywordOf(static_cast<StatementKind>(kind)));
    EXPECT_NE(FindWord(word), nullptr) << word;
  }
  for (const WordHelp& help : Keywords()) EXPECT_TRUE(BeginsStatement(help.word)) << help.word;
  EXPECT_EQ(FindWord("last_run.stdout"), FindWord("LAST_RUN.STDOUT"));
  EXPECT_EQ(FindWord("step"), nullptr);
}

/// What a snippet inserts if nothing is filled in: "${1:what}" is "what", "${1|a,b|}" is "a".
std::string Filled(std::string_view snippet) {
  std::string text;
  for (size_t i = 0; i < snippet.size(); ++i) {
    if (snippet[i] != '$') {
      text += snippet[i];
    } else if (snippet[i + 1] == '{') {
      const size_t end = snippet.find('}', i);
      const std::string_view inside = snippet.substr(i + 4, end - i - 4);
      text.append(inside.substr(0, inside.find_first_of(",|")));
      i = end;
    } else {
      text += "LOG \"x\"";
      ++i;
    }
  }
  return text;
}

TEST(Words, SnippetsOfKeywordsAndDirectivesParse) {
  std::map<std::string_view, std::string> around = {
      {"OPTION", "CHOOSE {\n@\n}"}, {"ELSE", "IF x {\n} @"}, {"CATCH", "TRY {\n} @"}};
  const auto parses = [&](const WordHelp& help) {
    std::string script = around.count(help.word) > 0 ? around[help.word] : "STEP \"s\" {\n@\n}";
    if (help.word == "TASK" || help.word == "STEP" || help.word == "SETUP") script = "@";
    script.replace(script.find('@'), 1, Filled(help.snippet));
    // $1 in quotes stands for a text.
    for (size_t at; (at = script.find("\"LOG \"x\"\"")) != script.npos;)
      script.replace(at, 9, "\"x\"");
    const Source source("t", script);
    const ParseResult parsed = Parse(source);
    EXPECT_TRUE(parsed.ok()) << script << "\n" << OneLine(source, parsed.errors[0]);
    return parsed.ok();
  };
  for (const WordHelp& help : Keywords()) EXPECT_TRUE(parses(help)) << help.word;
  for (const WordHelp& help : DirectiveHelp()) EXPECT_TRUE(parses(help)) << help.word;
}

TEST(Words, ExamplesOfDirectivesAreKnownToTheLinter) {
  for (const WordHelp& help : DirectiveHelp()) {
    const Source source("t", "TASK \"t\"\n" + std::string(help.form));
    const ParseResult parsed = Parse(source);
    ASSERT_TRUE(parsed.ok()) << help.form;
    EXPECT_THAT(Lint(source, parsed, {}), IsEmpty()) << help.form;
  }
  for (const WordHelp& help : CapabilityHelp()) {
    Capabilities capabilities;
    EXPECT_EQ(capabilities.Grant(help.word), nullptr) << help.word;
    EXPECT_EQ(capabilities.Grant(help.form), nullptr) << help.form;
  }
}

TEST(Words, EveryCodeOfADiagnosticHasAMeaning) {
  for (int n = 101; n <= 115; ++n) EXPECT_NE(MeaningOfCode("E" + std::to_string(n)), "") << n;
  for (int n : {201, 202, 203, 204, 205, 206, 207, 209, 210, 212, 213,
                215, 216, 217, 218, 219, 220, 221, 222, 224, 225}) {
    EXPECT_NE(MeaningOfCode("L" + std::to_string(n)), "") << n;
  }
  EXPECT_EQ(MeaningOfCode("L999"), "");
}

}  // namespace
}  // namespace quanta::lite
