// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/engine.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/tiss_lite/script_runner.h"
#include "tiss_lite/plan/planner.h"

namespace quanta::lite {
namespace {

std::string Variable(const ExecutionEngine& engine, const std::string& name) {
  const auto found = engine.state().variables.find(name);
  return found == engine.state().variables.end() ? "(unset)" : TextForm(found->second);
}

TEST(Engine, ComparesAsTheLanguageSays) {
  ScriptRunner runner;
  for (const char* condition : {"\"7\" == 7",
                                "\" 7\n\" == 7",
                                "7 != \"x\"",
                                "true == \"TRUE\"",
                                "\"b\" > \"a\"",
                                "10 > 9",
                                "\"10\" > \"9\"",
                                "[1, \"a\"] CONTAINS \"a\"",
                                "\"abc\" CONTAINS \"bc\"",
                                "12 CONTAINS 2",
                                "nope != 1",
                                "NOT nope == 1",
                                "NOT nope < 1",
                                "nope IS_EMPTY",
                                "\" \" IS_EMPTY",
                                "NOT \"0\"",
                                "NOT 0",
                                "\"x\"",
                                "NOT nope",
                                "LAST_RUN.EXIT_CODE NOT IS_DEFINED",
                                "true OR nope < \"x\"",
                                "NOT (true AND false)",
                                "FILE \"x\" NOT EXISTS",
                                "[1, 2] == [1, 2]",
                                "COST == 0 AND COST.RUNS == 0",
                                "file NOT CONTAINS not"}) {
    const std::string one_line = condition;
    if (one_line.find('\n') != one_line.npos) continue;
    runner.RunStep(std::string("ASSERT ") + condition);
    EXPECT_EQ(runner.Code(), "") << condition;
  }
  runner.RunStep("ASSERT [1] < 2");
  EXPECT_EQ(runner.Code(), "R313");
  runner.strict = true;
  runner.RunStep("ASSERT nope != 1");
  EXPECT_EQ(runner.Code(), "R313");
}

TEST(Engine, IgnoresOneFinalLineEndOfOutputOnly) {
  ScriptRunner runner;
  runner.RunStep(
      "RUN \"echo a\"\nASSERT LAST_RUN.STDOUT == \"a\"\nVAR o = LAST_RUN.STDOUT\nASSERT o != "
      "\"a\"");
  EXPECT_EQ(runner.Code(), "");
}

TEST(Engine, CatchesWhatIsCatchableOnly) {
  ScriptRunner runner;
  runner.profile.limits.statements = 50;
  const std::pair<const char*, const char*> cases[] = {
      {"ASSERT false", ""},
      {"READ \"no\" AS x", ""},
      {"DELETE \"no\"", ""},
      {"PROMPT_AGENT \"x\"", ""},
      {"RUN \"false\"", ""},
      {"VAR a = LAST_RUN.STDOUT", ""},
      {"READ \"/x\" AS x", "R303"},
      {"RUN \"cat ../x\"", "R303"},
      {"SET_BUDGET API_CALLS = 0; PROMPT_AGENT \"x\"", "R307"},
      {"REQUEST_REVIEW \"x\"", "R310"}};
  for (const auto& [statement, code] : cases) {
    ExecutionEngine& engine = runner.RunStep(std::string("TRY {\n") + statement +
                                             "\n} CATCH AS why {\nLOG \"caught\"\n}");
    EXPECT_EQ(runner.Code(), code) << statement;
    EXPECT_EQ(engine.state().messages.size(), *code == '\0' ? 1u : 0u) << statement;
  }
}

TEST(Engine, LimitsScopesByTheirBudgets) {
  ScriptRunner runner;
  ListAgent agent({"a", "b", "c"});
  runner.host.agent = &agent;
  runner.Run(
      "STEP \"x\" {\nSET_BUDGET API_CALLS = 1\nPROMPT_AGENT \"p\"\n}\n"
      "STEP \"y\" {\nPROMPT_AGENT \"q\"\nSET_BUDGET TOKEN_COUNT = 3\nPROMPT_AGENT \"long\"\n}");
  EXPECT_EQ(runner.Code(), "R307");
  EXPECT_EQ(agent.requests.size(), 2u);
}

TEST(Engine, GivesDirectivesToTheAgent) {
  ScriptRunner runner;
  ListAgent agent({"a", "b"});
  runner.host.agent = &agent;
  runner.Run(
      "@persona \"outer\"\n@compute.mode \"balanced\"\nSTEP \"x\" {\n@persona \"inner\"\n"
      "@limits {tokens: 9999}\n@stop [\"END\"]\nPROMPT_AGENT \"p\"\n}\nSTEP \"y\" { PROMPT_AGENT "
      "\"q\" }");
  ASSERT_EQ(agent.requests.size(), 2u);
  EXPECT_EQ(agent.requests[0].persona, "inner");
  EXPECT_EQ(agent.requests[0].max_tokens, 512u);
  EXPECT_EQ(agent.requests[0].stop.size(), 1u);
  EXPECT_EQ(agent.requests[0].temperature, 0.5);
  EXPECT_EQ(agent.requests[1].persona, "outer");
  EXPECT_EQ(agent.requests[1].max_tokens, 128u);
}

TEST(Engine, HidesBranchesFromEachOtherAndMergesThem) {
  ScriptRunner runner;
  runner.files = {{"f", "0"}};
  ExecutionEngine& engine = runner.Run(
      "VAR a = 0\nPARALLEL {\nSTEP \"1\" {\nVAR a = 1\nRUN \"echo 1 > x; rm f\"\n}\n"
      "STEP \"2\" {\nVAR b = \"{{a}}\"\nASSERT FILE \"f\" EXISTS\nASSERT FILE \"x\" NOT EXISTS\n"
      "WRITE \"d/y\" \"2\"\n}\n}\n");
  EXPECT_EQ(runner.Code(), "");
  EXPECT_EQ(Variable(engine, "a") + Variable(engine, "b"), "10");
  EXPECT_EQ(runner.ReadFile("x") + runner.ReadFile("d/y"), "1\n2");
  EXPECT_EQ(runner.ReadFile("f"), "(No such file or directory)");
  runner.Run("PARALLEL {\nSTEP \"1\" { WRITE \"d/a\" \"\" }\nSTEP \"2\" { WRITE \"d/b\" \"\" }\n}");
  EXPECT_EQ(runner.Code(), "");
  runner.files = {{"d/f", ""}};
  runner.Run("PARALLEL {\nSTEP \"1\" { RUN \"rm -r d\" }\nSTEP \"2\" { WRITE \"d/b\" \"\" }\n}");
  EXPECT_EQ(runner.Code(), "R314");
}

TEST(Engine, NarrowsCapabilitiesByRequires) {
  ScriptRunner runner;
  runner.Run(
      "@requires [fs.read, \"fs.write:out/\"]\nSTEP \"s\" {\nWRITE \"out/a\" \"x\"\nWRITE \"b\" "
      "\"x\"\n}");
  EXPECT_EQ(runner.Code(), "R304");
  EXPECT_EQ(runner.ReadFile("out/a"), "x");
  EXPECT_EQ(runner.Run("@requires [clock]\nLOG \"x\"").state().usage.statements, 0u);
  EXPECT_EQ(runner.Code(), "R304");
  ExecutionEngine& inner = runner.Run(
      "STEP \"s\" {\nIF true {\n@requires [log]\nLOG \"a\"\n}\nWRITE \"f\" \"x\"\n"
      "IF true {\n@requires [log]\nWRITE \"g\" \"x\"\n}\n}");
  EXPECT_EQ(runner.Code(), "R304");
  EXPECT_EQ(inner.error()->line, 9u);
}

TEST(Engine, BoundsTheWorkOfHostileScripts) {
  ScriptRunner runner;
  std::string script = "VAR a = \"" + std::string(60000, 'a') + "\"\nSTEP \"s\" {\n";
  for (int i = 0; i < 3000; ++i) {
    script += "ASSERT \"{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}{{a}}\" CONTAINS \"{{a}}\"\n";
  }
  runner.Run(script + "}");
  EXPECT_EQ(runner.Code(), "R308");
  runner.Run("VAR a = \"x\"\nSTEP \"s\" {\n" + [] {
    std::string doubling;
    for (int i = 0; i < 40; ++i) doubling += "VAR a = \"{{a}}{{a}}\"\n";
    return doubling;
  }() + "}");
  EXPECT_EQ(runner.Code(), "R308");
}

TEST(Engine, GivesTheSameResultEachTime) {
  const std::string script =
      "TASK \"t\"\nSTEP \"s\" {\nRUN \"seq 3 | sort -r > f\"\nREAD \"f\" AS f\nLOG \"{{f}} "
      "{{no}}\"\n"
      "CHOOSE {\nOPTION \"a\" { ASSERT false }\nOPTION \"b\" { VAR x = {k: [1, \"2\"]} }\n}\n}";
  ScriptRunner runner;
  const std::string first = runner.Run(script).ResultJson();
  EXPECT_EQ(runner.Run(script).ResultJson(), first);
  EXPECT_NE(first.find("\"status\":\"ok\""), first.npos);
  EXPECT_NE(first.find("\"SKIPPED\""), first.npos);
}

class Approve : public Reviewer {
 public:
  ReviewReply Review(const ReviewRequest&) override {
    return {ReviewReply::Answer::kApprove, "fine"};
  }
};

/// A run that stops at each review, is written down and goes on in a new engine, ends like one
/// that was never stopped.
void CheckSuspension(const std::string& script, int expected_stops) {
  Approve approve;
  ScriptRunner straight, stopped;
  straight.files = stopped.files = {{"old", "o"}, {"raw", "\xFF\xFE"}};
  straight.host.reviewer = &approve;
  const std::string expected = straight.Run(script).ResultJson();
  EXPECT_EQ(straight.Code(), "") << expected;

  ExecutionEngine* engine = &stopped.Run(script);
  int stops = 0;
  for (; engine->status() == RunStatus::kSuspended && stops < 20; ++stops) {
    const std::string token = engine->Token();
    engine = &stopped.Load(script);
    ASSERT_EQ(engine->Restore(token), "");
    EXPECT_EQ(engine->Token(), token);
    engine->Answer({ReviewReply::Answer::kApprove, "fine"});
    engine->Run();
  }
  EXPECT_EQ(stops, expected_stops);
  EXPECT_EQ(engine->ResultJson(), expected);
}

TEST(Engine, EndsTheSameAfterBeingSuspendedAnywhere) {
  const std::string script =
      "@persona \"p\"\nTASK \"t\" {\nSET_BUDGET API_CALLS = 3\nVAR a = {k: [1]}\nWRITE \"bin\" "
      "\"x\"\n"
      "REQUEST_REVIEW \"1 {{a}}\" INTO c\n"
      "PARALLEL {\nSTEP \"l\" {\nVAR left = 1\nWRITE \"d/l\" \"l\"\nPAUSE \"2\"\nRUN \"rm "
      "bin\"\n}\n"
      "REQUEST_REVIEW \"3\" INTO right\n"
      "STEP \"r\" {\nASSERT NOT left IS_DEFINED\nASSERT FILE \"bin\" EXISTS\nPAUSE \"4\"\nVAR r = "
      "\"{{a}}\"\n}\n}\n"
      "CHOOSE {\n@lens \"x\"\nOPTION \"o\" {\nTRY {\nIF true {\n@requires [review, log, "
      "run]\nPAUSE \"5\"\n"
      "RUN \"false\"\n}\n} CATCH AS why {\nPAUSE \"6\"\nLOG \"{{why}}\"\n}\n}\n}\n"
      "RUN \"ls; cat d/l\"\nLOG \"{{c}}{{right}}{{LAST_RUN.STDOUT}}{{left}}{{r}}\"\n}\n";
  CheckSuspension(script, 6);
}

TEST(Engine, TakesNoBindingForTheChangeOfAResumedBranch) {
  CheckSuspension(
      "PARALLEL {\nSTEP \"a\" { PAUSE \"1\" }\nSTEP \"b\" { VAR x = 2\nPAUSE \"2\" }\n}\n"
      "x = 1\n",
      2);
}

TEST(Engine, KeepsWhatABranchRemovedBeforeItWasSuspended) {
  CheckSuspension(
      "STEP \"s\" { WRITE \"new\" \"n\" }\n"
      "PARALLEL {\nSTEP \"a\" { RUN \"rm new old\"\nPAUSE \"1\" }\nSTEP \"b\" { LOG \"b\" }\n}\n"
      "STEP \"t\" { ASSERT FILE \"new\" NOT EXISTS AND FILE \"old\" NOT EXISTS }\n",
      1);
}

TEST(Engine, WarnsOnceOfAReviewThatWasSuspended) { CheckSuspension("PAUSE \"{{nothing}}?\"\n", 1); }

TEST(Engine, RefusesTokensOfOtherScriptsAndDamagedOnes) {
  ScriptRunner runner;
  const std::string script = "STEP \"s\" {\nPAUSE \"x\"\nLOG \"y\"\n}";
  const std::string token = runner.Run(script).Token();
  EXPECT_EQ(runner.Load(script).Restore(token), "");
  EXPECT_NE(runner.Load(script + "\n#").Restore(token), "");
  EXPECT_NE(runner.Load(script).Restore("{}"), "");
  const std::string index = "\"index\":0";
  for (size_t at = token.find(index); at != token.npos; at = token.find(index, at + 1)) {
    std::string bad = token;
    bad.replace(at, index.size(), "\"index\":7");
    EXPECT_EQ(runner.Load(script).Restore(bad), "the suspended run is damaged");
  }
}

TEST(Plan, ShowsBranchesAndNeedsWithoutRunningAnything) {
  ScriptRunner runner;
  const Source source(
      "t",
      "TASK \"t\"\nSTEP \"s\" {\nVAR n = 2\nIF n == 2 { RUN \"nope > out/x\" } ELSE { LOG \"b\" }\n"
      "READ \"in\" AS t\nIF t CONTAINS \"x\" { VAR n = 3 }\nWRITE \"/{{n}}\" \"x\"\nWRITE \"../x\" "
      "\"\"\n}");
  const ParseResult parsed = Parse(source);
  PlanOptions options;
  options.profile = runner.profile;
  options.tools = &runner.tools;
  const Plan plan = MakePlan(source, parsed.program, options);
  const std::string text = PlanText(plan);
  EXPECT_NE(text.find("IF n == 2  [taken]"), text.npos) << text;
  EXPECT_NE(text.find("[if/else unknown]"), text.npos) << text;
  EXPECT_NE(text.find("/{{n}}"), text.npos) << "n is not known any more: " << text;
  std::string problems;
  for (const Diagnostic& problem : plan.problems) {
    problems += std::string(problem.code) + "@" + std::to_string(problem.line) + " ";
  }
  EXPECT_EQ(problems, "R304@4 R303@8 ");
}

}  // namespace
}  // namespace quanta::lite
