// SPDX-License-Identifier: MIT
//
// Rules about what RUN runs.
#include <algorithm>
#include <set>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/shell/words.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite::lint {
namespace {

CommandText CommandOf(const Statement& statement) {
  CommandText command;
  for (const TextPiece& piece : SplitTemplate(statement.text)) {
    if (piece.kind == TextPiece::Kind::kText) {
      command.AddPlain(piece.text);
    } else {
      command.AddInert(piece.text);
    }
  }
  return command;
}

/// The words of each command of a line, found even where the line is not of the language.
std::vector<std::vector<std::string>> RoughCommands(std::string_view line) {
  std::vector<std::vector<std::string>> commands(1);
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) commands.back().push_back(std::move(word));
    word.clear();
  };
  for (const char c : line) {
    if (c == '|' || c == '&' || c == ';' || c == '\n' || c == '(' || c == '`') {
      end_word();
      commands.emplace_back();
    } else if (IsSpace(c)) {
      end_word();
    } else {
      word += c;
    }
  }
  end_word();
  return commands;
}

/// The risky words with which a command begins; empty if it is harmless.
std::string RiskOf(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  for (const char* name : {"sudo", "curl", "wget", "ssh"}) {
    if (words[0] == name) return name;
  }
  if (words[0] != "rm") return {};
  bool recursive = false, force = false;
  for (const std::string& word : words) {
    if (word.size() < 2 || word[0] != '-') continue;
    recursive = recursive || word.find_first_of("rR") != word.npos;
    force = force || word.find('f') != word.npos;
  }
  return recursive && force ? "rm -rf" : std::string();
}

void CheckTools(const std::vector<Pipeline>& line, const Statement& statement,
                const LintOptions& options, Findings* findings) {
  std::set<std::string> seen;
  for (const Pipeline& pipeline : line) {
    for (const Command& command : pipeline.commands) {
      const std::string& name = command.words[0].text;
      if (name.find("{{") != name.npos || !seen.insert(name).second) continue;
      if (options.profile != nullptr && options.profile->capabilities.MayRunProgram(name) &&
          (options.tools == nullptr || options.tools->Find(name) == nullptr)) {
        continue;
      }
      const bool exists = options.tools == nullptr || options.tools->Find(name) != nullptr;
      const bool granted = options.profile == nullptr || options.profile->capabilities.MayRun(name);
      if (exists && granted) continue;
      findings->Add("L202", Level::kWarning, statement,
                    exists ? Concat("the tool ", name, " is not granted")
                           : Concat("there is no tool ", name, " here"),
                    exists ? "" : "RUN \"help\" lists the tools");
    }
  }
}

}  // namespace

void CheckCommands(const Program& program, const LintOptions& options, Findings* findings) {
  ForEach(program.statements, [&](const Statement& statement) {
    if (statement.kind != StatementKind::kRun) return;
    std::vector<Pipeline> line;
    if (std::string wrong = ParseCommandLine(CommandOf(statement), &line); !wrong.empty()) {
      findings->Add("L203", Level::kWarning, statement, wrong, "RUN has no shell behind it");
    } else {
      CheckTools(line, statement, options, findings);
    }
    for (const auto& words : RoughCommands(statement.text)) {
      const std::string risk = RiskOf(words);
      if (risk.empty()) continue;
      findings->Add("L219", Level::kWarning, statement, Concat("the command is risky: ", risk));
      break;
    }
  });
}

}  // namespace quanta::lite::lint
