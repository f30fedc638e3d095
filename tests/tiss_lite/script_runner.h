// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tiss_lite/engine/engine.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite {

/// Answers from a list, then fails. A token is a byte.
class ListAgent : public Agent {
 public:
  explicit ListAgent(std::vector<std::string> answers) : answers_(std::move(answers)) {}
  AgentReply Answer(const AgentRequest& request) override;
  uint64_t CountTokens(std::string_view text) override { return text.size(); }
  std::vector<AgentRequest> requests;

 private:
  std::vector<std::string> answers_;
};

/// Runs scripts in a sandbox of their own.
class ScriptRunner {
 public:
  ScriptRunner();
  Profile profile;  ///< "default" unless a test changes it
  bool strict = false;
  std::map<std::string, std::string> files;
  LowerFolder* lower = nullptr;  ///< what lies under the files; borrowed
  Host host;
  ToolRegistry tools;

  /// The engine before its first step. A script that does not parse fails the test.
  ExecutionEngine& Load(const std::string& script);
  ExecutionEngine& Run(const std::string& script);
  /// `statements` inside a STEP, the first of them in line 2.
  ExecutionEngine& RunStep(const std::string& statements) {
    return Run("STEP \"s\" {\n" + statements + "\n}\n");
  }
  /// The code of the error, "" if there is none.
  std::string Code() const;
  std::string ReadFile(const std::string& path) const;

 private:
  struct Loaded {
    std::unique_ptr<Source> source;
    std::unique_ptr<ParseResult> parsed;
    std::unique_ptr<ExecutionEngine> engine;
  };
  std::vector<Loaded> loaded_;
};

}  // namespace quanta::lite
