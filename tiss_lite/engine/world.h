// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/engine/condition.h"
#include "tiss_lite/engine/engine.h"

namespace quanta::lite {

/// The world that the conditions of a run ask about. Its errors are the engine's.
class ExecutionEngine::World : public ConditionWorld {
 public:
  explicit World(ExecutionEngine* engine) : engine_(*engine) {}
  Known Evaluate(const Operand& operand, Value* value) override;
  Answer FileExists(const std::string& path) override;

 private:
  ExecutionEngine& engine_;
};

}  // namespace quanta::lite
