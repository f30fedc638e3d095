// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tiss_lite/program/tiss_lite.h"

namespace quanta::lite::program {
namespace {

using cli::Child;
using cli::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kGood[] =
    "TASK \"copy\"\nSTEP \"s\" {\n    RUN \"cp notes.txt copy.txt\"\n    LOG \"copied\"\n}\n";
constexpr char kBroken[] = "TASK \"copy\"\nSTEP \"s\" {\n    FROB \"x\"\n}\n";
constexpr char kOutside[] = "TASK \"t\"\nSTEP \"s\" {\n    WRITE \"/etc/x\" \"y\"\n}\n";
constexpr char kAsking[] =
    "TASK \"t\"\nSTEP \"s\" {\n    REQUEST_REVIEW \"May I?\"\n    DELETE \"notes.txt\"\n}\n";
constexpr char kCtrlC[] = "\x03";
constexpr char kCtrlD[] = "\x04";

std::vector<std::string> Ask(const std::string& agent, const std::string& root,
                             const std::vector<std::string>& more = {}) {
  std::vector<std::string> all = {"ask", "copy the notes", "--agent", agent, "--root", root};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(Ask, WithoutATerminalAndWithoutYesItShowsThePlanAndRunsNothing) {
  const std::string root = NotesFolder();
  const Outcome outcome = TissLite(Ask(Answers({kGood}), root));
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.out, HasSubstr(kGood));
  EXPECT_THAT(outcome.out, HasSubstr("tools: cp"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("+++")));
  EXPECT_EQ(outcome.err, "tiss-lite: not run: nobody is there to say yes; --yes runs it\n");
}

TEST(Ask, YesRunsItOverTheFolderWhichStaysAsItIs) {
  const std::string root = NotesFolder();
  const Outcome outcome = TissLite(Ask(Answers({kGood}), root, {"--yes"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("copied\n--- /dev/null\n+++ b/copy.txt\n"));
  EXPECT_THAT(outcome.err, HasSubstr("nothing was written"));
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, CommitWritesAndUndoTakesItBack) {
  const std::string root = NotesFolder();
  EXPECT_EQ(TissLite(Ask(Answers({kGood}), root, {"--yes", "--commit"})).exit_code, 0);
  EXPECT_THAT(FilesIn(root), ElementsAre("copy.txt", "notes.txt"));
  EXPECT_EQ(TissLite({"undo", root}).exit_code, 0);
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, APlanThatDoesNotParseIsShownWithItsErrorsAndNeverRun) {
  const std::string root = NotesFolder();
  const Outcome outcome = TissLite(Ask(Answers({kBroken}), root, {"--yes", "--commit"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, kBroken);
  EXPECT_THAT(outcome.err, HasSubstr("plan:3:5: error[E101]"));
  EXPECT_THAT(outcome.err, HasSubstr("not run: the plan does not parse"));
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, APlanThatReachesOutIsShownAndNotRun) {
  const Outcome outcome = TissLite(Ask(Answers({kOutside}), NotesFolder(), {"--yes"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error[R303]"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("L201"))) << "said twice";
  EXPECT_THAT(outcome.err, HasSubstr("not run: the plan has errors"));
}

TEST(Ask, APlanIsHeldToTheProfile) {
  const std::string root = NotesFolder();
  Outcome outcome = TissLite(Ask(Answers({"TASK \"t\"\nSTEP \"s\" { WRITE \"a\" \"b\" }\n"}), root,
                                 {"--yes", "--commit", "--sandbox-profile", "read"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error[R304]"));
  // What cannot be known before is found when it happens.
  outcome = TissLite(Ask(Answers({"TASK \"t\"\nSTEP \"s\" {\n RUN \"printf ../out\"\n"
                                  "VAR p = LAST_RUN.STDOUT\n WRITE \"{{p}}\" \"x\"\n}\n"}),
                         root, {"--yes", "--commit"}));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error[R303]"));
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, TakesTheFirstGoodPlanOfSeveralTries) {
  const std::string agent = Answers({kBroken, kOutside, kGood, kBroken});
  const Value json = TissLiteJson(Ask(agent, NotesFolder(), {"--yes"}), 0);
  EXPECT_EQ(At(json, "tries").number, 3);
  EXPECT_EQ(At(json, "plan").text, kGood);
  const Outcome two = TissLite(Ask(agent, NotesFolder(), {"--yes", "--tries", "2"}));
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_EQ(two.out, kBroken) << "without a good one, the first is shown";
  EXPECT_THAT(two.err, HasSubstr("2 tries gave no better one"));
}

TEST(Ask, AnAnswerWithoutAPlanIsNotRun) {
  for (const char* answer : {"", "\n\n", "# just a comment\n"}) {
    const Outcome outcome = TissLite(Ask(Answers({answer}), NotesFolder(), {"--yes"}));
    EXPECT_EQ(outcome.exit_code, 1) << answer;
    EXPECT_THAT(outcome.err, HasSubstr("the answer holds no plan")) << answer;
  }
}

TEST(Ask, AnAgentThatFailsIsOneLine) {
  const Outcome outcome = TissLite(Ask(Answers({}), NotesFolder(), {"--yes"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "tiss-lite: the agent did not answer: its list of answers has come to an end\n");
}

TEST(Ask, TakesThePlanOutOfAFencedBlock) {
  for (const std::string& before : {std::string(), std::string("Here it is:\n")}) {
    const Value json =
        TissLiteJson(Ask(Answers({before + "```tisslang\n" + kGood + "```\nEnjoy!\n"}),
                         NotesFolder(), {"--yes"}),
                     0);
    EXPECT_EQ(At(json, "plan").text, kGood) << before;
  }
  // A heredoc may hold fences: a plan that parses is taken whole.
  const std::string heredoc =
      "TASK \"t\"\nSTEP \"s\" {\nWRITE \"a.md\" <<END\n```\nx\n```\nEND\n}\n";
  EXPECT_EQ(At(TissLiteJson(Ask(Answers({heredoc}), NotesFolder(), {"--yes"}), 0), "plan").text,
            heredoc);
}

TEST(Ask, JsonTellsAllAndNeverAsks) {
  Value json = TissLiteJson(Ask(Answers({kGood}), NotesFolder()), 5);
  EXPECT_TRUE(At(json, "ok").boolean);
  EXPECT_TRUE(At(json, "result").is(Value::Kind::kNull));
  EXPECT_TRUE(At(json, "dry_run.needs").is(Value::Kind::kObject));
  json = TissLiteJson(Ask(Answers({kGood}), NotesFolder(), {"--yes", "--commit"}), 0);
  EXPECT_EQ(At(json, "result.status").text, "ok");
  EXPECT_TRUE(At(json, "committed").boolean);
  json = TissLiteJson(Ask(Answers({kBroken}), NotesFolder(), {"--yes"}), 2);
  EXPECT_FALSE(At(json, "ok").boolean);
  EXPECT_TRUE(At(json, "dry_run").is(Value::Kind::kNull));
  EXPECT_EQ(At(At(json, "diagnostics").items.at(0), "code").text, "E101");
}

TEST(Ask, DryRunOnlyShows) {
  const Outcome outcome = TissLite(Ask(Answers({kGood}), NotesFolder(), {"--dry-run"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(TissLite(Ask(Answers({kBroken}), NotesFolder(), {"--dry-run"})).exit_code, 2);
}

TEST(Ask, WritesThePlanWhereItCanBeRunAndResumed) {
  const std::string root = NotesFolder(), plan = cli::Scratch("asking.tiss"),
                    saved = cli::Scratch("asking.json");
  const Outcome outcome =
      TissLite(Ask(Answers({kAsking}), root, {"--yes", "-o", plan, "--save", saved}));
  EXPECT_EQ(outcome.exit_code, 5) << "--yes is no answer to a plan's own reviews";
  EXPECT_EQ(cli::ReadFile(plan), kAsking);
  EXPECT_EQ(TissLite({"resume", plan, "--token", saved, "--answer", "approve", "--root", root,
                      "--commit"})
                .exit_code,
            0);
  EXPECT_TRUE(FilesIn(root).empty());
}

TEST(Ask, OnATerminalItAsksBeforeItRunsAndBeforeItWrites) {
  const std::string root = NotesFolder();
  Child child(Ask(Answers({kGood}), root), Child::Terminal::kPty);
  ASSERT_TRUE(child.WaitFor("run it? y or n")) << child.seen();
  EXPECT_THAT(child.seen(), HasSubstr("tools: cp"));
  EXPECT_THAT(child.seen(), Not(HasSubstr("copied\r\n")));
  child.Type("perhaps\ny\n");
  ASSERT_TRUE(child.WaitFor("write these changes")) << child.seen();
  EXPECT_THAT(child.seen(), HasSubstr("+buy milk"));
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
  child.Type("y\n");
  EXPECT_EQ(child.Wait().exit_code, 0);
  EXPECT_THAT(FilesIn(root), ElementsAre("copy.txt", "notes.txt"));
}

TEST(Ask, OnATerminalNoIsNo) {
  const std::string root = NotesFolder();
  for (const auto& [typed, code] :
       {std::pair<const char*, int>("n\n", 1), {kCtrlD, 5}, {kCtrlC, 130}}) {
    Child child(Ask(Answers({kGood}), root), Child::Terminal::kPty);
    ASSERT_TRUE(child.WaitFor("run it? y or n")) << child.seen();
    child.Type(typed);
    const Outcome outcome = child.Wait();
    EXPECT_EQ(outcome.exit_code, code);
    EXPECT_THAT(outcome.out, Not(HasSubstr("copied\r\n")));
  }
  Child child(Ask(Answers({kGood}), root), Child::Terminal::kPty);
  ASSERT_TRUE(child.WaitFor("run it? y or n")) << child.seen();
  child.Type("y\nn\n");
  EXPECT_EQ(child.Wait().exit_code, 0);
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, OnATerminalThePlansOwnReviewsAreAskedToo) {
  const std::string root = NotesFolder();
  for (const auto& [typed, code] : {std::pair<const char*, int>("n\n", 1), {kCtrlC, 130}}) {
    Child child(Ask(Answers({kAsking}), root, {"--yes"}), Child::Terminal::kPty);
    ASSERT_TRUE(child.WaitFor("y: go on")) << child.seen();
    child.Type(typed);
    EXPECT_EQ(child.Wait().exit_code, code);
  }
}

TEST(Ask, TheDemoModelDoesWhatIsAsked) {
  const std::string root = NotesFolder(), demo = std::string("model:") + QUANTA_DEMO_MODEL;
  const Outcome outcome = TissLite({"ask", "please copy notes.txt to old/todo.txt", "--agent", demo,
                                    "--root", root, "--yes", "--commit"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(cli::ReadFile(root + "/old/todo.txt"), "buy milk\n");
}

TEST(Ask, TheSameSeedGivesTheSamePlan) {
  const std::string model = "model:" + cli::PlainModel(), root = NotesFolder();
  const auto plan = [&](const char* seed) {
    return TissLite(Ask(model, root, {"--seed", seed, "--json"})).out;
  };
  EXPECT_EQ(plan("1"), plan("1"));
}

TEST(Ask, NonsenseOfAModelIsShownAndNotRun) {
  const std::string root = NotesFolder();
  const Outcome outcome = TissLite(Ask("model:" + cli::PlainModel(), root, {"--yes", "--commit"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("error[E"));
  EXPECT_THAT(outcome.err, HasSubstr("3 tries gave no better one"));
  EXPECT_THAT(FilesIn(root), ElementsAre("notes.txt"));
}

TEST(Ask, MistakesAreOneLine) {
  struct Mistake {
    std::vector<std::string> arguments;
    int exit_code;
    const char* words;
  };
  const std::string root = NotesFolder(), good = Answers({kGood});
  std::string half = cli::ReadFile(cli::PlainModel());
  half.resize(half.size() / 2);
  cli::WriteFile(cli::Scratch("half_ask.qfb"), half);
  for (const Mistake& mistake : std::vector<Mistake>{
           {{"ask"}, 2, "REQUEST is required"},
           {{"ask", "x"}, 2, "--agent is required"},
           {{"ask", " ", "--agent", good}, 2, "REQUEST: is empty"},
           {{"ask", "x", "--agent", "none"}, 2, "somebody must write the plan"},
           {{"ask", "x", "--agent", "model:"}, 2, "there is no agent 'model:'"},
           {{"ask", "x", "--agent", "model:/missing.qfb"}, 1, "/missing.qfb: no such file"},
           {{"ask", "x", "--agent", "model:" + cli::Scratch("half_ask.qfb")}, 1, "half_ask.qfb"},
           {{"ask", std::string(4000, 'z'), "--agent", "model:" + cli::PlainModel()},
            1,
            "the context holds 512"},
           {Ask(good, "/missing"), 1, "/missing: cannot be opened"},
           {{"ask", "x", "--agent", good, "--commit"}, 2, "--root"},
           {{"ask", "x", "--agent", good, "--save", "x"}, 2, "--output"},
           {Ask(good, root, {"--tries", "0"}), 2, "--tries"},
           {Ask(good, root, {"--tries", "17"}), 2, "--tries"},
           {Ask(good, root, {"--dry-run", "--commit"}), 2, "--dry-run"},
           {Ask(good, root, {"--sandbox-profile", "/missing"}), 1, "/missing"}}) {
    const Outcome outcome = TissLite(mistake.arguments);
    EXPECT_EQ(outcome.exit_code, mistake.exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(mistake.words));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

}  // namespace
}  // namespace quanta::lite::program
