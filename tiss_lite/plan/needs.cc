// SPDX-License-Identifier: MIT
#include "tiss_lite/plan/needs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/engine/directives.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/shell/words.h"
#include "tiss_lite/syntax/interpolation.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {

using Kind = StatementKind;

void Needs::Problem(const Statement& statement, std::string_view code, std::string message) {
  constexpr size_t kMost = 1000;
  if (plan_.problems.size() >= kMost) return;
  const std::string_view text = source_.TextOf(statement.span);
  const auto length = static_cast<uint32_t>(std::min(text.find('\n'), text.size()));
  plan_.problems.push_back(MakeDiagnostic(source_, code, Level::kError,
                                          {statement.span.begin, statement.span.begin + length},
                                          std::move(message)));
}

void Needs::Capability(const Statement& statement, Capabilities::Kind kind, const char* name) {
  plan_.capabilities.insert(name);
  if (options_.profile.capabilities.Has(kind)) return;
  Problem(statement, "R304", Concat("the capability ", name, " is not granted"));
}

void Needs::Path(const Statement& statement, std::string_view text, bool write,
                 const PlanWorld& world) {
  std::string path, resolved;
  const bool known = world.Interpolate(text, &path);
  Capability(statement, write ? Capabilities::Kind::kFsWrite : Capabilities::Kind::kFsRead,
             write ? "fs.write" : "fs.read");
  std::set<std::string>& paths = write ? plan_.writes : plan_.reads;
  if (!known) {
    paths.insert(std::string(text));
    return;
  }
  if (const char* why = ResolvePath(path, &resolved)) {
    return Problem(statement, "R303", Concat("the path \"", path, "\" is not allowed: ", why));
  }
  paths.insert(resolved.empty() ? "." : resolved);
  const Capabilities& granted = options_.profile.capabilities;
  const bool has = granted.Has(write ? Capabilities::Kind::kFsWrite : Capabilities::Kind::kFsRead);
  if (!has || (write ? granted.MayWrite(resolved) : granted.MayRead(resolved))) return;
  Problem(statement, "R304",
          Concat("the capability ", write ? "fs.write" : "fs.read", " is not granted for \"", path,
                 "\""));
}

void Needs::Tool(const Statement& statement, const std::string& name) {
  plan_.tools.insert(name);
  const quanta::lite::Tool* tool = options_.tools->Find(name);
  if (name.find("{{") != name.npos) return;
  if (tool == nullptr && options_.profile.capabilities.MayRunProgram(name)) {
    plan_.capabilities.insert(Concat("run:host:", name));
    return;
  }
  if (tool == nullptr) return Problem(statement, "R304", Concat("there is no tool ", name));
  if (options_.profile.capabilities.Has(Capabilities::Kind::kRun) &&
      !options_.profile.capabilities.MayRun(name)) {
    Problem(statement, "R304", Concat("the tool ", name, " is not granted"));
  }
  plan_.capabilities.insert(tool->capabilities.begin(), tool->capabilities.end());
}

void Needs::Run(const Statement& statement, const PlanWorld& world) {
  Capability(statement, Capabilities::Kind::kRun, "run");
  CommandText command;
  for (const TextPiece& piece : SplitTemplate(statement.text)) {
    std::string known;
    if (piece.kind == TextPiece::Kind::kText) {
      command.AddPlain(piece.text);
    } else {
      command.AddInert(world.Interpolate(piece.text, &known) ? known : std::string(piece.text));
    }
  }
  std::vector<Pipeline> line;
  if (!ParseCommandLine(command, &line).empty()) return;  // the linter has told
  for (const Pipeline& pipeline : line) {
    for (const Command& each : pipeline.commands) {
      Tool(statement, each.words[0].text);
      for (const Redirection& redirection : each.redirections) {
        if (redirection.kind == Redirection::Kind::kErrorsToOut) continue;
        Path(statement, redirection.target.text, redirection.kind != Redirection::Kind::kIn, world);
      }
    }
  }
}

void Needs::Condition(const Statement& statement, const PlanWorld& world) {
  for (const std::string_view path : lint::PathsOf(statement)) Path(statement, path, false, world);
}

void Needs::Directive(const Statement& statement) {
  if (statement.text != "requires") return;
  Capabilities wanted;
  if (std::string wrong = ReadRequires(statement.value, &wanted); !wrong.empty()) {
    return Problem(statement, "R304", std::move(wrong));
  }
  for (const std::string& name : wanted.Names()) plan_.capabilities.insert(name);
  if (options_.profile.capabilities.Covers(wanted)) return;
  Problem(statement, "R304", "the profile does not grant what the script requires");
}

void Needs::Of(const Statement& statement, const PlanWorld& world) {
  switch (statement.kind) {
    case Kind::kRun:
      return Run(statement, world);
    case Kind::kWrite:
    case Kind::kMkdir:
    case Kind::kDelete:
      return Path(statement, statement.text, true, world);
    case Kind::kRead:
      return Path(statement, statement.text, false, world);
    case Kind::kPromptAgent:
      return Capability(statement, Capabilities::Kind::kPrompt, "prompt");
    case Kind::kRequestReview:
    case Kind::kPause:
      return Capability(statement, Capabilities::Kind::kReview, "review");
    case Kind::kLog:
      return Capability(statement, Capabilities::Kind::kLog, "log");
    default:
      return;
  }
}

}  // namespace quanta::lite
