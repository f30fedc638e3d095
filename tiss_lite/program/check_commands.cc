// SPDX-License-Identifier: MIT
//
// Commands that run nothing: parse, lint, fmt, plan.
#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/program/add_command.h"
#include "tiss_lite/program/diagnostics.h"
#include "tiss_lite/program/files.h"
#include "tiss_lite/program/options.h"
#include "tiss_lite/syntax/ast_json.h"
#include "tiss_lite/syntax/formatter.h"

namespace quanta::lite::program {
namespace {

class ParseCommand {
 public:
  void Define(CLI::App* command) { script_.Define(command); }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    if (!script_.json) {
      cli::Write(script.source.name() + ": ok\n");
      return 0;
    }
    JsonWriter json(2);
    json.BeginObject();
    json.Key("ok").Boolean(true);
    json.Key("file").String(script.source.name());
    json.Key("ast");
    WriteTree(script.parsed.program, &json);
    json.Key("meta");
    WriteMeta(script.parsed.program, &json);
    json.EndObject();
    cli::Write(json.text() + "\n");
    return 0;
  }

 private:
  ScriptOptions script_;
};

class LintCommand {
 public:
  void Define(CLI::App* command) {
    script_.Define(command);
    sandbox_.Define(command);
    command->add_flag("--layout", layout_, "Also lines that fmt would indent otherwise (L222)");
  }

  int Run() {
    const Script script = script_.Read(Recovery::kContinue);
    const std::vector<Diagnostic> all = LintAll(script, script_.strict, sandbox_, layout_);
    if (script_.json) {
      cli::Write(DiagnosticsJson(script.source, all));
    } else {
      Show(script.source, all);
    }
    return !script.parsed.ok() ? kParseError : HasErrors(all) ? 1 : 0;
  }

 private:
  ScriptOptions script_;
  SandboxOptions sandbox_;
  bool layout_ = false;
};

class FormatCommand {
 public:
  void Define(CLI::App* command) {
    script_.Define(command);
    command->add_flag("--write", write_, "Write the file instead of the standard output");
    command->add_flag("--check", check_, "Only say, by the exit code 1, that it would change");
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    if (!script.parsed.ok()) return script_.Refuse(script, script.parsed.errors);
    std::string text;
    if (!Format(script.source, script.parsed.program, &text)) {
      throw cli::Error(Code::kLimit, script.source.name(),
                       "formatted, it would be larger than a script may be");
    }
    const bool same = text == script.source.text();
    if (check_) return same ? 0 : 1;
    if (!write_ || script_.path == "-") {
      cli::Write(text);
    } else if (!same) {
      ReplaceFile(script_.path, text);
    }
    return 0;
  }

 private:
  ScriptOptions script_;
  bool write_ = false, check_ = false;
};

class PlanCommand {
 public:
  void Define(CLI::App* command) {
    script_.Define(command);
    sandbox_.Define(command);
  }

  int Run() {
    const Script script = script_.Read(Recovery::kStop);
    const std::vector<Diagnostic> errors = script_.Errors(script);
    if (!errors.empty()) return script_.Refuse(script, {errors[0]});
    return ShowPlan(script, script_, sandbox_);
  }

 private:
  ScriptOptions script_;
  SandboxOptions sandbox_;
};

}  // namespace

std::vector<Diagnostic> LintAll(const Script& script, bool strict, const SandboxOptions& sandbox,
                                bool layout) {
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  const Profile profile = sandbox.Read();
  LintOptions options;
  options.strict = strict;
  options.layout = layout && script.parsed.ok();
  options.profile = &profile;
  options.tools = &tools;
  for (auto& [name, value] : sandbox.Variables()) options.variables.push_back(name);
  std::vector<Diagnostic> all = script.parsed.errors;
  for (Diagnostic& found : Lint(script.source, script.parsed, options)) {
    all.push_back(std::move(found));
  }
  SortDiagnostics(&all);
  return all;
}

DryRun MakeDryRun(const Script& script, bool strict, const SandboxOptions& sandbox, Agent* agent) {
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  PlanOptions options;
  options.profile = sandbox.Read();
  options.tools = &tools;
  options.agent = agent;
  options.variables = sandbox.Variables();
  DryRun made;
  made.plan = MakePlan(script.source, script.parsed.program, options);
  LintOptions lint;
  lint.strict = strict;
  for (const auto& [name, value] : options.variables) lint.variables.push_back(name);
  made.errors = made.plan.problems;
  for (Diagnostic& found : Lint(script.source, script.parsed, lint)) {
    // A bad path is among the plan's problems already.
    if (found.level == Level::kError && found.code != "L201")
      made.errors.push_back(std::move(found));
  }
  SortDiagnostics(&made.errors);
  return made;
}

int ShowPlan(const Script& script, const ScriptOptions& how, const SandboxOptions& sandbox,
             Agent* agent) {
  const DryRun made = MakeDryRun(script, how.strict, sandbox, agent);
  if (how.json) {
    JsonWriter json(2);
    WritePlan(made.plan, &json);
    cli::Write(json.text() + "\n");
  } else {
    cli::Write(PlanText(made.plan));
    Show(script.source, made.errors);
  }
  return made.errors.empty() ? 0 : 1;
}

void AddParse(CLI::App& app, Action* action) {
  AddCommand<ParseCommand>(app, action, "parse",
                           "Say whether a script is well formed; --json: its tree");
}
void AddLint(CLI::App& app, Action* action) {
  AddCommand<LintCommand>(app, action, "lint", "Say what is wrong or doubtful in a script");
}
void AddFormat(CLI::App& app, Action* action) {
  AddCommand<FormatCommand>(app, action, "fmt", "Write a script in its one layout");
}
void AddPlan(CLI::App& app, Action* action) {
  AddCommand<PlanCommand>(app, action, "plan", "Say what a script would do and what it needs");
}

}  // namespace quanta::lite::program
