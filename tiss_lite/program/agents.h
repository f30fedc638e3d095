// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tiss_lite/engine/host.h"
#include "tiss_lite/program/model_agent.h"
#include "tiss_lite/program/terminal.h"

/// Who answers a run: agents and reviewers that the program brings along.
namespace quanta::lite::program {

/// "none" gives null, "echo" says the prompt back, "script:FILE" gives the texts of a JSON list
/// in order, "model:FILE" asks a model. Throws cli::Error.
std::unique_ptr<Agent> MakeAgent(const std::string& name, AgentDate date);

/// "approve", "reject", "ask" (the terminal), or "suspend", which gives null. Throws cli::Error.
std::unique_ptr<Reviewer> MakeReviewer(const std::string& name, Terminal* terminal);

/// The machine's clock.
class SteadyClock : public Clock {
 public:
  double Seconds() override;
};

}  // namespace quanta::lite::program
