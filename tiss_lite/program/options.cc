// SPDX-License-Identifier: MIT
#include "tiss_lite/program/options.h"

#include <algorithm>

#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/program/diagnostics.h"
#include "tiss_lite/program/files.h"

namespace quanta::lite::program {
namespace {

constexpr size_t kMaxProfileBytes = 1024 * 1024;

bool IsName(std::string_view text) {
  return !text.empty() && IsIdentStart(text[0]) && std::all_of(text.begin(), text.end(), IsIdent);
}

}  // namespace

void ScriptOptions::Define(CLI::App* command) {
  command->add_option("FILE", path, "The script; - is the standard input")->required();
  DefineForm(command);
}

void ScriptOptions::DefineForm(CLI::App* command) {
  command->add_flag("--json", json, "Write JSON");
  command
      ->add_option_function<std::string>(
          "--output-format", [this](const std::string& format) { json = format == "json"; },
          "The same as --json")
      ->check(CLI::IsMember({"json", "text"}));
  command->add_flag("--strict", strict,
                    "Missing names, unknown directives and old forms are errors");
}

Script ScriptOptions::Read(Recovery recovery) const {
  // The parser says it better if the script is just too large.
  Source source(path == "-" ? "standard input" : path, ReadWholeFile(path, 16 * kMaxSourceBytes));
  ParseResult parsed = Parse(source, recovery);
  return {std::move(source), std::move(parsed)};
}

std::vector<Diagnostic> ScriptOptions::Errors(const Script& script) const {
  std::vector<Diagnostic> errors = script.parsed.errors;
  if (!errors.empty() || !strict) return errors;
  LintOptions options;
  options.strict = true;
  for (Diagnostic& diagnostic : Lint(script.source, script.parsed, options)) {
    if (diagnostic.level == Level::kError) errors.push_back(std::move(diagnostic));
  }
  return errors;
}

int ScriptOptions::Refuse(const Script& script, const std::vector<Diagnostic>& errors) const {
  if (json) {
    cli::Write(DiagnosticsJson(script.source, errors));
  } else {
    Show(script.source, errors);
  }
  return kParseError;
}

void SandboxOptions::Define(CLI::App* command) {
  command
      ->add_option("--sandbox-profile", profile,
                   "What the script may do: pure, read, default, or a JSON file")
      ->capture_default_str();
  command->add_option("--var", variables, "NAME=VALUE: a variable set before the script begins")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Profile SandboxOptions::Read() const {
  Profile read;
  if (PresetProfile(profile, &read)) return read;
  Value json;
  if (!ParseJson(ReadWholeFile(profile, kMaxProfileBytes), &json)) {
    throw cli::Error(Code::kInvalidArgument, profile, "is not JSON",
                     "a profile is pure, read, default, or a JSON file");
  }
  read = {};
  const std::string wrong = ReadProfile(json, &read);
  if (wrong.empty()) return read;
  throw cli::Error(Code::kInvalidArgument, profile, wrong, "see docs/tisslang.md, Profiles");
}

std::vector<std::pair<std::string, Value>> SandboxOptions::Variables() const {
  std::vector<std::pair<std::string, Value>> values;
  for (const std::string& text : variables) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == text.npos || !IsName(name)) {
      throw cli::Error(Code::kInvalidArgument, "--var", "'" + text + "' is not NAME=VALUE",
                       "write it like --var topic=birds");
    }
    values.emplace_back(name, Value::Text(ToUtf8(text.substr(equals + 1))));
  }
  return values;
}

}  // namespace quanta::lite::program
