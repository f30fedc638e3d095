// SPDX-License-Identifier: MIT
//
// Takes any bytes for a script: parses it with and without recovery, lints, formats, plans and
// runs it in a small sandbox. Formatting must be stable and keep the tree; a run must end
// within its limits, and a suspended one must survive being written down.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/check.h"
#include "tests/fuzz/fuzz.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite {
namespace {

/// Without the line numbers, which formatting changes.
std::string TreeOf(const Program& program) {
  JsonWriter json;
  WriteTree(program, &json);
  const std::string& all = json.text();
  constexpr std::string_view kLine = "\"line\":";
  std::string tree;
  for (size_t at = 0; at < all.size();) {
    const size_t line = std::min(all.find(kLine, at), all.size());
    tree.append(all, at, line - at);
    at = line == all.size() ? line : all.find(',', line) + 1;
    if (at == 0) at = all.size();  // the last member
  }
  return tree;
}

void CheckFormat(const Source& source, const ParseResult& parsed) {
  std::string once, twice;
  if (!Format(source, parsed.program, &once)) return;
  const Source formatted("fuzz", once);
  const ParseResult again = Parse(formatted);
  QUANTA_CHECK(again.ok());
  QUANTA_CHECK(Format(formatted, again.program, &twice));
  QUANTA_CHECK(once == twice);
  QUANTA_CHECK(TreeOf(parsed.program) == TreeOf(again.program));
  QUANTA_CHECK(parsed.program.comments.size() == again.program.comments.size());
}

class EchoAgent : public Agent {
 public:
  AgentReply Answer(const AgentRequest& request) override {
    AgentReply reply;
    reply.text = request.prompt;
    return reply;
  }
  uint64_t CountTokens(std::string_view text) override { return text.size(); }
};

void CheckRun(const Source& source, const Program& program, const ToolRegistry& tools) {
  EchoAgent agent;
  Host host;
  host.tools = &tools;
  host.agent = &agent;
  RunOptions options;
  PresetProfile("default", &options.profile);
  Limits& limits = options.profile.limits;
  limits.statements = 200;
  limits.work = 1 << 22;
  limits.files.file_bytes = limits.files.total_bytes = 1 << 16;
  const auto load = [&] {
    Vfs files(limits.files);
    static_cast<void>(files.Import("d/a.txt", MakeBytes("one\ntwo\n")));
    return ExecutionEngine(source, program, options, host, std::move(files));
  };
  ExecutionEngine engine = load();
  RunStatus status = engine.Run();
  for (int i = 0; i < 4 && status == RunStatus::kSuspended; ++i) {
    const std::string token = engine.Token();
    ExecutionEngine next = load();
    QUANTA_CHECK(next.Restore(token).empty());
    QUANTA_CHECK(next.Token() == token);
    engine.Answer({i % 2 == 0 ? ReviewReply::Answer::kApprove : ReviewReply::Answer::kReject, "c"});
    status = engine.Run();
  }
  QUANTA_CHECK(status != RunStatus::kRunning);
  QUANTA_CHECK(engine.state().usage.statements <= limits.statements + 1);
  QUANTA_CHECK(IsUtf8(engine.ResultJson()));
  for (const Vfs::Change& change : engine.state().files.Changes()) {
    QUANTA_CHECK(("/" + change.path + "/").find("/../") == std::string::npos);
    QUANTA_CHECK(!change.path.starts_with('/'));
  }
}

bool Use(std::string_view bytes) {
  const Source source("fuzz", bytes);
  const ParseResult recovered = Parse(source, Recovery::kContinue);
  for (const Diagnostic& error : recovered.errors) {
    QUANTA_CHECK(error.line >= 1 && error.line <= source.lines());
    QUANTA_CHECK(error.span.end <= source.size() && error.span.begin <= error.span.end);
  }
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  LintOptions lint;
  lint.layout = recovered.ok();
  lint.tools = &tools;
  static_cast<void>(Lint(source, recovered, lint));
  const ParseResult parsed = Parse(source);
  QUANTA_CHECK(parsed.ok() == recovered.ok());
  if (!parsed.ok()) return false;
  CheckFormat(source, parsed);
  PlanOptions options;
  options.tools = &tools;
  static_cast<void>(PlanText(MakePlan(source, parsed.program, options)));
  CheckRun(source, parsed.program, tools);
  return true;
}

}  // namespace
}  // namespace quanta::lite

namespace quanta::fuzz {

std::vector<Input> Seeds() {
  std::vector<Input> seeds;
  for (const std::string_view script :
       {"#TISS! A=b # c\n@persona \"p\" # d\nTASK \"t\" {\nSETUP { MKDIR \"x\" }\nSTEP 's' { VAR a "
        "= [1, {k: v}]; "
        "RUN \"cat d/*.txt | grep -E 'o(n|w)' > x/{{a}}.o 2>&1 && echo done\"\n}\n}\n",
        "STEP \"s\"\nIF \"a == 1\"\nRUN \"echo \"x\"\"\nELSE\nPROMPT_AGENT \"p\" -> a\nENDIF\n}\n",
        "PARALLEL {\nSTEP \"a\" { WRITE \"f\" <<E\n  x {{b}}\n y\nE\n PAUSE \"p\" }\nSTEP \"b\" { "
        "RUN \"rm -r d; ls\" } # z\n}\n",
        "CHOOSE {\n@lens \"l\"\nOPTION \"a\" { ASSERT false }\nOPTION \"b\" { ESTIMATE_COST { RUN "
        "\"x\" }\nREQUEST_REVIEW \"?\" INTO c }\n}\n",
        "SET_BUDGET API_CALLS = 1\nSTEP \"s\" { TRY { READ \"no\" AS x\n} CATCH AS y { LOG \"{{y}} "
        "\\{{x}}\" } }\nRESULT = <<\"R\"\n{{x}}\nR\n",
        "IF FILE \"d\" EXISTS AND NOT (COST.RUNS > 1 OR LAST_RUN.STDOUT IS_EMPTY) THEN { LOG \"a\" "
        "} ELSE IF x CONTAINS [1] { } ELSE { PAUSE \"b\" }\n"}) {
    seeds.emplace_back(script.begin(), script.end());
  }
  return seeds;
}

}  // namespace quanta::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  quanta::fuzz::accepted += quanta::lite::Use({reinterpret_cast<const char*>(data), size});
  return 0;
}
