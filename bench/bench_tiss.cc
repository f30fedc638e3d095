// SPDX-License-Identifier: MIT
//
// What TissLang costs inside a process: scripts of growing size, of several shapes, parsed,
// linted, formatted, planned and run; and statements a second.
//   bench_tiss sizes [SHAPE]   one JSON line for each shape and size: seconds, the best of several
//   bench_tiss statements      one JSON line for each kind of statement: statements a second
//   bench_tiss script SHAPE BYTES   writes the script itself
//   bench_tiss process RUNS COMMAND...   starts a process that often: its exit code, seconds from
//                              start to end (median and best), and the most memory that it held
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(const std::function<void()>& work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The best of several: the others had company.
double Best(const std::function<void()>& work) {
  double best = Seconds(work);
  double all = best;
  for (int i = 0; i < 20 && (i < 2 || all < 0.3); ++i) {
    const double once = Seconds(work);
    best = std::min(best, once);
    all += once;
  }
  return best;
}

/// What is repeated, with "@" for a number that counts up, between a head and a tail.
struct Shape {
  const char *name, *head, *unit, *tail;
};
constexpr Shape kShapes[] = {
    {"mixed", "TASK \"t\"\nSTEP \"s\" {\n",
     "VAR v@ = \"value @\"\n# a comment that says why this is so\nIF v@ == \"value @\" { LOG "
     "\"{{v@}} holds, as it was said before\" }\n"
     "RUN \"echo {{v@}} | grep -c value\"\n",
     "}\n"},
    {"steps", "", "STEP \"the step of the number @\" {\n    LOG \"we have come to @\"\n}\n", ""},
    {"variables", "STEP \"s\" {\n", "VAR a@ = \"the value {{a@}} and {{b}}\"\n", "}\n"},
    {"parallel", "PARALLEL {\n", "STEP \"the branch number @\" { VAR variable@ = \"number @\" }\n",
     "}\n"},
    {"parallel_files", "PARALLEL {\n",
     "STEP \"the branch number @\" { WRITE \"folder/d@\" \"text @\" }\n", "}\n"},
    {"choose", "CHOOSE {\n",
     "OPTION \"the alternative @\" { ASSERT no_such_variable_is_here == \"the text @\" }\n",
     "OPTION \"z\" { LOG \"z\" }\n}\n"},
    {"comments", "", "# comment @\n", "TASK \"t\"\n"},
    {"heredoc", "STEP \"s\" {\nWRITE \"f\" <<END\n", "  line @ {{LAST_RUN.STDOUT}}\n", "END\n}\n"},
    {"values", "STEP \"s\" {\nVAR a = [\n",
     "{the_key: [@, \"the text of the number @\", \"and one more text of some length\"]},\n",
     "1]\n}\n"},
    {"commands", "STEP \"s\" {\n", "RUN \"echo a@ > f; cat f | tr a b && rm f\"\n", "}\n"},
    {"else_if", "STEP \"s\" {\n",
     "IF number == @ { LOG \"it is the number @\" } ELSE { LOG \"no, it is not @\" }\n", "}\n"},
    {"errors", "", "NOPE @\nSTEP \"@\" { RUN echo }\n", ""},
};

std::string Script(const Shape& shape, size_t bytes) {
  std::string text = shape.head;
  std::string unit;
  for (int number = 0;; ++number) {
    unit.clear();
    for (const char c : std::string_view(shape.unit)) {
      unit += c == '@' ? std::to_string(number) : std::string(1, c);
    }
    if (text.size() + unit.size() + std::string_view(shape.tail).size() > bytes) break;
    text += unit;
  }
  return text + shape.tail;
}

uint64_t Run(const Source& source, const Program& program, const ToolRegistry& tools,
             Profile profile) {
  Host host;
  host.tools = &tools;
  RunOptions options;
  options.profile = std::move(profile);
  ExecutionEngine engine(source, program, std::move(options), host, Vfs(profile.limits.files));
  engine.Run();
  return engine.state().usage.statements;
}

void MeasureSize(const Shape& shape, size_t bytes, const ToolRegistry& tools) {
  const std::string text = Script(shape, bytes);
  Profile profile;
  PresetProfile("default", &profile);
  const Source source("bench", text);
  const ParseResult parsed = Parse(source);
  std::printf("{\"shape\": \"%s\", \"bytes\": %zu", shape.name, text.size());
  const auto measure = [](const char* what, const std::function<void()>& work) {
    std::printf(", \"%s\": %.6f", what, Best(work));
  };
  measure("parse", [&] { static_cast<void>(Parse(Source("bench", text))); });
  const ParseResult recovered = Parse(source, Recovery::kContinue);
  LintOptions lint;
  lint.tools = &tools;
  lint.profile = &profile;
  measure("lint", [&] { static_cast<void>(Lint(source, recovered, lint)); });
  if (parsed.ok()) {
    std::string formatted;
    PlanOptions planning;
    planning.profile = profile;
    planning.tools = &tools;
    measure("fmt", [&] { Format(source, parsed.program, &formatted); });
    measure("plan", [&] { static_cast<void>(MakePlan(source, parsed.program, planning)); });
    measure("run", [&] { Run(source, parsed.program, tools, profile); });
  }
  std::printf("}\n");
  std::fflush(stdout);
}

void MeasureStatements(const ToolRegistry& tools) {
  constexpr uint64_t kStatements = 2500;
  const std::pair<const char*, const char*> kKinds[] = {
      {"VAR", "VAR a = \"text\"\n"},
      {"LOG", "LOG \"{{a}}\"\n"},
      {"ASSERT", "ASSERT NOT a == 1 AND b IS_EMPTY\n"},
      {"WRITE", "WRITE \"d/f\" \"text\"\n"},
      {"READ", "READ \"f\" AS b\n"},
      {"RUN echo", "RUN \"echo {{a}}\"\n"},
      {"RUN cat f | sort | wc -l > g", "RUN \"cat f | sort | wc -l > g\"\n"}};
  for (const auto& [name, statement] : kKinds) {
    std::string text = "STEP \"s\" {\nWRITE \"f\" \"one\"\n";
    for (uint64_t i = 0; i < kStatements; ++i) text += statement;
    const Source source("bench", text + "}\n");
    const ParseResult parsed = Parse(source);
    Profile profile;
    PresetProfile("default", &profile);
    uint64_t ran = 0;
    const double seconds = Best([&] { ran = Run(source, parsed.program, tools, profile); });
    if (!parsed.ok() || ran < kStatements) {
      std::fprintf(stderr, "%s: only %d statements ran\n", name, static_cast<int>(ran));
      std::exit(1);
    }
    std::printf("{\"statement\": \"%s\", \"per_second\": %.0f}\n", name,
                static_cast<double>(ran) / seconds);
  }
}

/// From here and not from a script: a process is said to have held what its parent did.
int MeasureProcess(int runs, char** command) {
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (const int number : {1, 2}) {
    posix_spawn_file_actions_addopen(&quiet, number, "/dev/null", O_WRONLY, 0);
  }
  char* const environment[] = {nullptr};
  std::vector<double> seconds;
  long peak = 0;
  int status = 0;
  for (int i = 0; i < runs; ++i) {
    rusage usage = {};
    seconds.push_back(Seconds([&] {
      pid_t child = 0;
      if (posix_spawn(&child, command[0], &quiet, nullptr, command, environment) != 0) return;
      wait4(child, &status, 0, &usage);
    }));
    peak = std::max(peak, usage.ru_maxrss);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"exit_code\": %d, \"median_s\": %.5f, \"best_s\": %.5f, \"peak_mib\": %.1f}\n",
              WEXITSTATUS(status), seconds[seconds.size() / 2], seconds[0],
              static_cast<double>(peak) / 1024);
  return 0;
}

int Main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  const std::string wanted = argc > 2 ? argv[2] : "";
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  if (command == "statements") {
    MeasureStatements(tools);
    return 0;
  }
  if (command == "process" && argc > 3) return MeasureProcess(std::atoi(argv[2]), argv + 3);
  for (const Shape& shape : kShapes) {
    if (command == "script" && argc > 3 && wanted == shape.name) {
      std::fputs(Script(shape, std::strtoull(argv[3], nullptr, 10)).c_str(), stdout);
      return 0;
    }
    if (command != "sizes" || (!wanted.empty() && wanted != shape.name)) continue;
    for (const size_t kib : {8, 32, 128, 256}) MeasureSize(shape, kib * 1024, tools);
  }
  if (command == "sizes") return 0;
  std::fprintf(stderr,
               "usage: bench_tiss sizes [SHAPE] | statements | script SHAPE BYTES |\n"
               "       bench_tiss process RUNS COMMAND...\n");
  return 2;
}

}  // namespace
}  // namespace quanta::lite

int main(int argc, char** argv) { return quanta::lite::Main(argc, argv); }
