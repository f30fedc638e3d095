// SPDX-License-Identifier: MIT
//
// The same script, files, profile, seed and answers give the same result on every platform, byte
// for byte: tests/data/tiss_results.txt holds hashes that one machine has written, and every
// target must find them. With QUANTA_WRITE_RESULTS=FILE in the environment, that file is written
// instead.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/tiss_grammar.h"
#include "tests/tiss_lite/script_runner.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite {
namespace {

/// All that is said about a script, and its run, as one text. `setup` is that of a conformance
/// case; may be null.
class Case {
 public:
  explicit Case(std::string script) : source_("test.tiss", script), parsed_(Parse(source_)) {
    PresetProfile("default", &options_.profile);
    AddBuiltInTools(&tools_);
    options_.seed = 7;
  }

  void SetUp(const Value& setup) {
    if (const Value* profile = setup.Find("profile")) {
      options_.profile = {};
      EXPECT_EQ(ReadProfile(*profile, &options_.profile), "");
    }
    if (const Value* files = setup.Find("files")) {
      for (size_t i = 0; i < files->keys.size(); ++i) {
        files_.emplace(files->keys[i], files->items[i].text);
      }
    }
    if (const Value* answers = setup.Find("agent")) {
      std::vector<std::string> texts;
      for (const Value& answer : answers->items) texts.push_back(answer.text);
      agent_.emplace(std::move(texts));
    }
    const Value* tools = setup.Find("tools");
    for (size_t i = 0; tools != nullptr && i < tools->keys.size(); ++i) {
      AddTool(tools->keys[i], tools->items[i]);
    }
  }

  void AddFile(const std::string& path, std::string text) { files_[path] = std::move(text); }

  std::string Report() {
    std::string report;
    for (const Diagnostic& error : parsed_.errors) report += OneLine(source_, error) + "\n";
    if (!parsed_.ok()) return report;
    for (const Diagnostic& note : Lint(source_, parsed_, {})) {
      report += OneLine(source_, note) + "\n";
    }
    JsonWriter tree, plan;
    WriteTree(parsed_.program, &tree);
    PlanOptions planning;
    planning.profile = options_.profile;
    planning.tools = &tools_;
    WritePlan(MakePlan(source_, parsed_.program, planning), &plan);
    std::string formatted;
    Format(source_, parsed_.program, &formatted);
    return report + tree.text() + "\n" + plan.text() + "\n" + formatted + Result();
  }

 private:
  void AddTool(const std::string& name, const Value& table) {
    const auto text = [&](const char* key) {
      const Value* value = table.Find(key);
      return value == nullptr ? std::string() : value->text;
    };
    const auto number = [&](const char* key) {
      const Value* value = table.Find(key);
      return value == nullptr ? 0 : value->number;
    };
    Tool tool{name, "1.0.0", "listed", {}, nullptr};
    tool.run = [out = text("stdout"), err = text("stderr"), code = number("exit_code"),
                seconds = number("seconds")](ToolCall& call) {
      call.Out(out);
      call.Err(err);
      call.seconds = seconds;
      return static_cast<int>(code);
    };
    EXPECT_TRUE(tools_.Add(std::move(tool)).ok());
  }

  std::string Result() {
    Vfs vfs(options_.profile.limits.files);
    for (const auto& [path, text] : files_) {
      EXPECT_EQ(vfs.Import(path, MakeBytes(text)), FsError::kNone) << path;
    }
    Host host;
    host.tools = &tools_;
    if (!agent_) agent_.emplace(std::vector<std::string>{"[1, 2.50]", "an answer", "d/a.txt"});
    host.agent = &*agent_;
    host.rates = {.seconds_per_prompt = 0.1, .seconds_per_token = 1e-3, .seconds_per_run = 1.0 / 3};
    ExecutionEngine engine(source_, parsed_.program, options_, host, std::move(vfs));
    if (engine.Run() != RunStatus::kSuspended) return engine.ResultJson(1);
    std::string all = engine.ResultJson(1);
    engine.Answer({ReviewReply::Answer::kApprove, "so be it"});
    engine.Run();
    return all + engine.ResultJson(1);
  }

  Source source_;
  ParseResult parsed_;
  RunOptions options_;
  ToolRegistry tools_;
  std::map<std::string, std::string> files_;
  std::optional<ListAgent> agent_;
};

std::string ReadData(const std::string& name) {
  std::ifstream file(std::string(QUANTA_TEST_DATA "/") + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string HashText(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016" PRIx64, hash);
  return digits;
}

using Reports = std::vector<std::pair<std::string, std::string>>;

void AddConformanceScripts(Reports* reports) {
  Value index;
  ASSERT_TRUE(ParseJson(ReadData("tisslang/INDEX.json"), &index));
  for (const Value& test : index.Find("tests")->items) {
    Case one(ReadData("tisslang/" + test.Find("file")->text));
    if (const Value* setup = test.Find("setup")) one.SetUp(*setup);
    reports->emplace_back(test.Find("name")->text, one.Report());
  }
}

/// What depends on how numbers are written, sorted and added up.
void AddNumberScripts(Reports* reports) {
  const char* const kScripts[] = {
      "VAR a = [0.1, 1e21, 1e-7, 123456789012345678, -0.0, 5e-324, 1.7976931348623157e308, 1e3]\n"
      "STEP \"s\" {\nLOG \"{{a}}\"\nRUN \"echo {{a}} {{LAST_RUN.EXECUTION_TIME}}\"\n}\n",
      "STEP \"s\" {\nRUN \"seq 5 -1 -3 | sort -n\"\nRUN \"printf '%d %s' 0012 x; echo; seq 3\"\n"
      "RUN \"echo '10 9.5 -3 1e2 0x10' | tr ' ' '\\n' | sort -rn\"\n}\n",
      "ESTIMATE_COST {\nRUN \"ls\"\nRUN \"ls\"\nPROMPT_AGENT \"how long is this?\"\n}\n"
      "STEP \"s\" {\nLOG \"{{ESTIMATE.TIME}} {{ESTIMATE.TOKENS}}\"\n"
      "ASSERT ESTIMATE.TIME < 0.9\n}\n",
      "STEP \"s\" {\n@compute.mode sip\n@limits {tokens: 99.9}\nPROMPT_AGENT \"caf\xc3\xa9\" INTO "
      "a\n"
      "ASSERT \"2.50\" == 2.5 AND 1e2 == \"100\" AND \"b\" < \"\xc3\xa9\" AND {{a}} CONTAINS "
      "\"2\"\n"
      "REQUEST_REVIEW \"{{a}}?\" INTO b\n}\n",
  };
  int number = 0;
  for (const char* script : kScripts) {
    reports->emplace_back("numbers_" + std::to_string(number++), Case(script).Report());
  }
}

void AddGeneratedScripts(Reports* reports) {
  fuzz::Random random(2);
  for (int i = 0; i < 240; ++i) {
    std::vector<uint8_t> choices(24 + random.Below(140));
    for (uint8_t& choice : choices) choice = static_cast<uint8_t>(random.Next());
    Case one(fuzz::ScriptOf(choices.data(), choices.size()));
    one.AddFile("d/a.txt", "one\ntwo\ntwo\n");
    one.AddFile("d/b.txt", "3,c,x\n1,a\n10,b\n");
    one.AddFile("n", "12");
    reports->emplace_back("generated_" + std::to_string(i), one.Report());
  }
}

TEST(Determinism, GivesTheSameResultsOnEveryPlatform) {
  Reports reports;
  AddConformanceScripts(&reports);
  AddNumberScripts(&reports);
  AddGeneratedScripts(&reports);
  ASSERT_GE(reports.size(), 380u);
  if (const char* path = std::getenv("QUANTA_WRITE_RESULTS")) {
    std::ofstream out(path, std::ios::binary);
    for (const auto& [name, report] : reports) out << name << ' ' << HashText(report) << '\n';
    GTEST_SKIP() << "the results were written to " << path;
  }
  std::istringstream expected(ReadData("tiss_results.txt"));
  int shown = 0;
  for (const auto& [name, report] : reports) {
    std::string wanted_name, wanted_hash;
    expected >> wanted_name >> wanted_hash;
    ASSERT_EQ(name, wanted_name);
    // The whole of the first few, to see on which platform it is which.
    EXPECT_EQ(HashText(report), wanted_hash)
        << name << (HashText(report) != wanted_hash && ++shown < 4 ? "\n" + report : "");
  }
}

}  // namespace
}  // namespace quanta::lite
