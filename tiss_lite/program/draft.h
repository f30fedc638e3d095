// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tiss_lite/engine/host.h"
#include "tiss_lite/plan/planner.h"
#include "tiss_lite/program/options.h"

namespace quanta::lite::program {

/// A plan that an agent wrote, and what there is to say about it.
struct Draft {
  Script script;
  std::vector<Diagnostic> found;  ///< by the parser, the linter and the dry run
  std::optional<Plan> plan;       ///< the dry run; none if it does not parse
  uint32_t tries = 0;             ///< how many it took
  bool cut = false;               ///< the answer came to the limit on its tokens

  bool empty() const { return script.parsed.ok() && script.parsed.program.statements.empty(); }
  /// It parses, does something, and no more than warnings were found.
  bool good() const;
};

struct DraftOptions {
  std::string request;
  std::string name;    ///< what diagnostics call the plan
  std::string primer;  ///< for agents that follow instructions: what a plan looks like
  bool strict = false;
  const SandboxOptions* sandbox = nullptr;  ///< required
  uint32_t max_tokens = 0;
  uint64_t seed = 0;
  uint32_t tries = 1;
};

/// Asks for a plan until a good one comes, `tries` times at most: first for the likeliest, then
/// for others by chance, with seeds that follow `seed`. Without a good one, gives the first.
/// Throws cli::Error if the agent does not answer, or was interrupted.
Draft DraftPlan(Agent& agent, const DraftOptions& options);

/// A short introduction to the language and these tools for models that follow instructions.
std::string PrimerFor(const Profile& profile, const ToolRegistry& tools);

}  // namespace quanta::lite::program
