// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/tiss_lite/program/tiss_lite.h"

namespace quanta::lite::program {
namespace {

using cli::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Model() { return "model:" + cli::PlainModel(); }

/// The result of a script that asks a model; `statements` stand in a STEP from line 3 on.
Value RunWithModel(const std::string& statements, int code,
                   const std::vector<std::string>& more = {}) {
  std::vector<std::string> all = {
      "run", ScriptFile("TASK \"t\"\nSTEP \"s\" {\n" + statements + "\n}\n"), "--agent", Model()};
  all.insert(all.end(), more.begin(), more.end());
  return TissLiteJson(all, code);
}

std::string WithoutDurations(const std::string& json) {
  std::istringstream lines(json);
  std::string rest;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"duration_ms\"") == line.npos) rest += line + "\n";
  }
  return rest;
}

/// Four letters, digits or blanks in a row, from the middle if there are such.
std::string PlainPart(const std::string& text) {
  for (size_t at = text.size() / 2; at + 4 <= text.size(); ++at) {
    const std::string part = text.substr(at, 4);
    const bool plain = std::all_of(part.begin(), part.end(), [](char c) {
      return c == ' ' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    });
    if (plain) return part;
  }
  return "";
}

double Tokens(const Value& json) { return At(json, "usage.tokens").number; }
std::string ErrorCode(const Value& json) { return At(json, "error.code").text; }

TEST(RunWithAModel, TheResultHoldsWhatWasSaidAndWhyItEnded) {
  const Value json = RunWithModel("@limits {tokens: 20}\nPROMPT_AGENT \"one two\" INTO answer", 0);
  const Value& prompt = At(json, "prompts").items.at(0);
  EXPECT_EQ(At(prompt, "answer").text, At(json, "vars.answer").text);
  EXPECT_FALSE(At(json, "vars.answer").text.empty());
  EXPECT_EQ(At(prompt, "new_tokens").number, 20);
  EXPECT_EQ(At(prompt, "stopped_by").text, "tokens");
  EXPECT_EQ(Tokens(json), At(prompt, "prompt_tokens").number + 20);
}

TEST(RunWithAModel, ACutAnswerIsAWarningForPeople) {
  const std::string script =
      ScriptFile("TASK \"t\"\nSTEP \"s\" {\nPROMPT_AGENT \"one\" INTO x\n}\n");
  const Outcome outcome = TissLite({"run", script, "--agent", Model()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err,
              HasSubstr(":3:1: warning[R306]: the answer was cut after 128 tokens; @limits"));
}

TEST(RunWithAModel, DirectivesChooseHowItIsSampled) {
  const auto answer = [](const std::string& directives, const char* seed = "0") {
    const Value json =
        RunWithModel(directives + "\nPROMPT_AGENT \"one two\" INTO x", 0, {"--seed", seed});
    return At(json, "vars.x").text;
  };
  const std::string greedy = answer(""), burst = answer("@compute.mode \"burst\"");
  EXPECT_EQ(answer("", "5"), greedy) << "greedy needs no seed";
  EXPECT_NE(burst, greedy);
  EXPECT_EQ(answer("@compute.mode \"burst\""), burst);
  EXPECT_NE(answer("@compute.mode \"burst\"", "5"), burst);
  EXPECT_EQ(answer("@compute.mode \"burst\"\n@seed 1", "5"), burst)
      << "the first call of a run with the seed 0 has the seed 1";
  const std::string stop = PlainPart(greedy);
  ASSERT_EQ(stop.size(), 4u) << greedy;
  EXPECT_EQ(answer("@stop [\"" + stop + "\"]"), greedy.substr(0, greedy.find(stop)));
  EXPECT_NE(answer("@persona \"a pirate\""), greedy);
}

TEST(RunWithAModel, TheSameSeedGivesTheSameResult) {
  const std::string script = ScriptFile(
      "TASK \"t\"\nSTEP \"s\" {\n@compute.mode \"burst\"\nPROMPT_AGENT \"one\" INTO a\n"
      "PROMPT_AGENT \"{{a}}\" INTO b\nWRITE \"out.txt\" \"{{b}}\"\n}\n");
  const auto result = [&](const char* seed) {
    const Outcome outcome = TissLite({"run", script, "--agent", Model(), "--seed", seed, "--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return WithoutDurations(outcome.out);
  };
  const std::string first = result("3");
  EXPECT_EQ(result("3"), first);
  EXPECT_NE(result("4"), first);
}

TEST(RunWithAModel, ABudgetOfTokensIsNeverExceeded) {
  // The template's and the persona's tokens count as well.
  for (const int budget : {10, 30, 60, 200}) {
    const Value json = TissLiteJson(
        {"run",
         ScriptFile("TASK \"t\"\nSET_BUDGET TOKEN_COUNT = " + std::to_string(budget) +
                    "\n@persona \"a pirate\"\nSTEP \"s\" {\nPROMPT_AGENT \"one\" INTO a\n"
                    "PROMPT_AGENT \"two\" INTO b\nPROMPT_AGENT \"three\" INTO c\n}\n"),
         "--agent", "model:" + cli::ChatModel()},
        4);
    EXPECT_EQ(ErrorCode(json), "R307") << budget;
    EXPECT_LE(Tokens(json), budget);
    EXPECT_GT(Tokens(json), budget >= 60 ? 0 : -1);
  }
}

TEST(RunWithAModel, PromptsHaveALimit) {
  std::string prompts = "@limits {tokens: 1}\n";
  for (int i = 0; i < 17; ++i) prompts += "PROMPT_AGENT \"x\" INTO a\n";
  EXPECT_EQ(ErrorCode(RunWithModel(prompts, 4)), "R308");
}

TEST(RunWithAModel, AnAnswerThatIsNotJsonIsAnErrorThatCanBeCaught) {
  const std::string ask = "@output \"json\"\nPROMPT_AGENT \"one\" INTO x";
  EXPECT_EQ(ErrorCode(RunWithModel(ask, 1)), "R306");
  const Value caught = RunWithModel("TRY {\n" + ask + "\n} CATCH AS why { LOG \"{{why}}\" }", 0);
  EXPECT_THAT(At(caught, "messages").items.at(0).text, HasSubstr("is not JSON"));
}

TEST(RunWithAModel, APromptBeyondTheContextIsAnErrorThatCanBeCaught) {
  const std::string ask = "PROMPT_AGENT \"" + std::string(4000, 'z') + "\" INTO x";
  EXPECT_EQ(ErrorCode(RunWithModel(ask, 1)), "R306");
  const Value caught = RunWithModel("TRY {\n" + ask + "\n} CATCH AS why { LOG \"{{why}}\" }", 0);
  EXPECT_THAT(At(caught, "messages").items.at(0).text, HasSubstr("the context holds 512"));
}

TEST(RunWithAModel, WithoutTheCapabilityItIsNotAsked) {
  const std::string profile = ScriptFile(R"({"preset": "pure"})");
  const Value json = RunWithModel("PROMPT_AGENT \"one\" INTO x", 3, {"--sandbox-profile", profile});
  EXPECT_EQ(ErrorCode(json), "R304");
  EXPECT_EQ(Tokens(json), 0);
}

TEST(RunWithAModel, TheDryRunCountsItsTokens) {
  const std::string script =
      ScriptFile("TASK \"t\"\nSTEP \"s\" {\nPROMPT_AGENT \"one two three\" INTO x\n}\n");
  const auto tokens = [&](const std::string& agent) {
    return At(TissLiteJson({"run", script, "--dry-run", "--agent", agent}, 0), "total.tokens")
        .number;
  };
  EXPECT_GT(tokens(Model()), 128);
  EXPECT_NE(tokens(Model()), tokens("none"));
}

TEST(RunWithAModel, FilesThatAreNoModelsAreOneLine) {
  const std::string script = ScriptFile("TASK \"t\"\n");
  cli::WriteFile(cli::Scratch("short_run.qfb"), cli::ReadFile(cli::PlainModel()).substr(0, 3000));
  for (const char* command : {"run", "diff"}) {
    for (const auto& [path, words] :
         {std::pair<std::string, const char*>("/missing", "no such file"),
          {cli::Scratch("short_run.qfb"), "truncated"},
          {script, "not a .qfb model"}}) {
      const Outcome outcome =
          TissLite({command, script, "--root", NotesFolder(), "--agent", "model:" + path});
      EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
      EXPECT_EQ(outcome.out, "");
      EXPECT_THAT(outcome.err, HasSubstr(words));
      EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    }
  }
}

TEST(Diff, AsJson) {
  const std::string root = NotesFolder();
  cli::WriteFile(root + "/gone", "g");
  const std::string script = ScriptFile(
      "TASK \"t\"\nSTEP \"s\" {\nMKDIR \"d\"\nWRITE \"notes.txt\" \"new\"\nDELETE \"gone\"\n}\n");
  const Value json = TissLiteJson({"diff", script, "--root", root}, 0);
  EXPECT_EQ(At(json, "status").text, "ok");
  EXPECT_TRUE(At(json, "error").is(Value::Kind::kNull));
  std::vector<std::string> lines;
  for (const Value& change : At(json, "changes").items) {
    lines.push_back(At(change, "path").text + ": " + At(change, "before").text + " to " +
                    At(change, "after").text);
  }
  EXPECT_THAT(lines,
              ElementsAre("d: none to folder", "gone: file to none", "notes.txt: file to file"));
  EXPECT_EQ(At(At(json, "changes").items.at(2), "hunks").text,
            "@@ -1 +1 @@\n-buy milk\n+new\n\\ No newline at end of file\n");
}

TEST(Diff, AsJsonTellsWhyARunFailed) {
  const std::string script = ScriptFile("TASK \"t\"\nSTEP \"s\" {\nASSERT 1 == 2\n}\n");
  const Value json = TissLiteJson({"diff", script, "--root", NotesFolder()}, 1);
  EXPECT_EQ(At(json, "status").text, "failed");
  EXPECT_EQ(ErrorCode(json), "R301");
  EXPECT_TRUE(At(json, "changes").items.empty());
}

TEST(Run, WithoutChangesCommitsNothingAndUndoTakesNothingBack) {
  const std::string root = NotesFolder();
  const std::string script = ScriptFile("TASK \"t\"\nSTEP \"s\" {\nREAD \"notes.txt\" AS x\n}\n");
  const Outcome outcome = TissLite({"run", script, "--root", root, "--commit"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("0 paths changed; there was nothing to commit\n"));
  EXPECT_THAT(TissLite({"undo", root}).err, HasSubstr("there is no commit to undo"));
}

class Resume : public testing::Test {
 protected:
  /// Suspends a run that has read notes.txt, and would delete it.
  void SetUp() override {
    root_ = NotesFolder();
    saved_ = ScriptFile("");
    script_ = ScriptFile(
        "TASK \"t\"\nSTEP \"s\" {\nREAD \"notes.txt\" AS text\nWRITE \"copy.txt\" \"{{text}}\"\n"
        "REQUEST_REVIEW \"ok?\"\nDELETE \"notes.txt\"\n}\n");
    EXPECT_EQ(TissLite({"run", script_, "--root", root_, "--save", saved_}).exit_code, 5);
  }
  Outcome Go(const std::vector<std::string>& more, const std::string& answer = "approve") {
    std::vector<std::string> all = {"resume",   script_, "--token", saved_,
                                    "--answer", answer,  "--root",  root_};
    all.insert(all.end(), more.begin(), more.end());
    return TissLite(all);
  }
  std::string root_, saved_, script_;
};

TEST_F(Resume, CanCommit) {
  EXPECT_EQ(Go({}).exit_code, 0);
  EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
  const Outcome outcome = Go({"--commit"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(FilesIn(root_), ElementsAre("copy.txt"));
  EXPECT_EQ(cli::ReadFile(root_ + "/copy.txt"), "buy milk\n");
  EXPECT_EQ(TissLite({"undo", root_}).exit_code, 0);
  EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
}

TEST_F(Resume, CommitsNothingIfTheReviewIsRejected) {
  EXPECT_EQ(Go({"--commit"}, "reject").exit_code, 1);
  EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
}

TEST_F(Resume, RefusesToCommitWhatRestsOnAFolderThatHasChangedSince) {
  cli::WriteFile(root_ + "/notes.txt", "buy bread\n");
  Outcome outcome = Go({"--commit"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("notes.txt: was changed"));
  EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
  cli::WriteFile(root_ + "/notes.txt", "buy milk\n");
  cli::WriteFile(root_ + "/copy.txt", "mine");
  outcome = Go({"--commit"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("copy.txt: has appeared"));
  EXPECT_EQ(cli::ReadFile(root_ + "/copy.txt"), "mine");
}

TEST_F(Resume, ABareTokenGoesOnButCannotCommit) {
  const Value json = TissLiteJson({"run", script_, "--root", root_}, 5);
  cli::WriteFile(saved_, At(json, "resume").text);
  EXPECT_EQ(Go({}).exit_code, 0);
  const Outcome outcome = Go({"--commit"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("does not say what the run saw"));
  EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
}

TEST_F(Resume, ADamagedFileIsOneLine) {
  const std::string good = cli::ReadFile(saved_);
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string bad = good;
    const size_t at = bad.find(what);
    EXPECT_NE(at, bad.npos) << what;
    return bad.replace(at, what.size(), instead);
  };
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[1]"), good.substr(0, good.size() / 2),
        with("\"version\":1", "\"version\":2"), with("\"token\":", "\"t\":"),
        with("\"paths\":", "\"p\":"), with("\"notes.txt\",\"kind\"", "\"../notes.txt\",\"kind\""),
        with("\"kind\":\"file\"", "\"kind\":\"fifo\""), with("\"hash\":\"", "\"hash\":\"x"),
        with("\"largest\":\"", "\"largest\":\"-")}) {
    cli::WriteFile(saved_, bad);
    const Outcome outcome = Go({"--commit"});
    EXPECT_THAT(outcome.exit_code, testing::AnyOf(1, 2)) << bad;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(FilesIn(root_), ElementsAre("notes.txt"));
  }
}

TEST_F(Resume, TheAgentMayBeAModel) {
  script_ = ScriptFile(
      "TASK \"t\"\nSTEP \"s\" {\nREQUEST_REVIEW \"ok?\"\nPROMPT_AGENT \"one\" INTO x\n}\n");
  EXPECT_EQ(TissLite({"run", script_, "--root", root_, "--save", saved_}).exit_code, 5);
  const Outcome outcome = Go({"--agent", Model()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("1 prompts"));
}

}  // namespace
}  // namespace quanta::lite::program
