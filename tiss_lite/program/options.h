// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tiss_lite/lint/linter.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/policy/profile.h"
#include "tiss_lite/syntax/parser.h"

/// Options that several commands share.
namespace quanta::lite::program {

/// The exit code of scripts that do not parse.
constexpr int kParseError = 2;

/// A script, read and parsed.
struct Script {
  Source source;
  ParseResult parsed;
};

struct ScriptOptions {
  std::string path;
  bool json = false;
  bool strict = false;

  void Define(CLI::App* command);
  /// All but the file.
  void DefineForm(CLI::App* command);
  /// Throws cli::Error if the file cannot be read.
  Script Read(Recovery recovery) const;
  /// What stops a script from being run: errors of the parser, in strict mode also those of
  /// the linter. Empty if nothing does.
  std::vector<Diagnostic> Errors(const Script& script) const;
  /// Tells what is wrong, in the form asked for, and returns kParseError.
  int Refuse(const Script& script, const std::vector<Diagnostic>& errors) const;
};

struct SandboxOptions {
  std::string profile = "default";
  std::vector<std::string> variables;

  void Define(CLI::App* command);
  /// A preset's name or a file. Throws cli::Error.
  Profile Read() const;
  /// Throws cli::Error if one is not NAME=VALUE.
  std::vector<std::pair<std::string, Value>> Variables() const;
};

/// All that the parser and the linter say about a script, under this profile.
std::vector<Diagnostic> LintAll(const Script& script, bool strict, const SandboxOptions& sandbox,
                                bool layout = false);

/// The plan of a script that parses, and what is wrong with it.
struct DryRun {
  Plan plan;
  std::vector<Diagnostic> errors;
};
/// `agent`, which may be null, is not asked: its tokens are counted.
DryRun MakeDryRun(const Script& script, bool strict, const SandboxOptions& sandbox, Agent* agent);

/// Prints it. Returns the exit code: 1 if something in it cannot succeed.
int ShowPlan(const Script& script, const ScriptOptions& how, const SandboxOptions& sandbox,
             Agent* agent = nullptr);

}  // namespace quanta::lite::program
