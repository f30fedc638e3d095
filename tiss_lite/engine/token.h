// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "tiss_lite/engine/engine.h"

namespace quanta::lite {

/// A suspended run as a JSON value: see ExecutionEngine::Token(). Statements stand there by
/// their number in source order, blocks before what is in them.
class TokenWriter {
 public:
  explicit TokenWriter(const ExecutionEngine& engine);
  Value Write();

 private:
  void Number(const std::vector<Statement>& statements);
  Value IndexOf(const Statement* statement) const;
  Value Frames() const;
  Value Parallels() const;

  const ExecutionEngine& engine_;
  std::map<const Statement*, size_t> numbers_;
};

/// Reads it back into an engine that has not run. A token is a file that somebody may have
/// changed: everything is checked, but not whether a run could have come to this state. It
/// cannot grant anything: capabilities and limits are the new engine's.
class TokenReader {
 public:
  explicit TokenReader(ExecutionEngine* engine);
  /// Empty, or why not.
  std::string Read(const Value& token);

 private:
  void Number(const std::vector<Statement>& statements);
  bool Statements(const Value* list, DirectiveStack* out) const;
  bool Frames(const Value* list);
  bool Parallels(const Value* list);
  bool CheckFrames() const;
  bool All(const Value& token);

  ExecutionEngine& engine_;
  std::vector<const Statement*> statements_;
};

}  // namespace quanta::lite
