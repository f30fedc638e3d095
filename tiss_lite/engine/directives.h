// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/engine/host.h"
#include "tiss_lite/policy/capabilities.h"
#include "tiss_lite/policy/limits.h"
#include "tiss_lite/syntax/ast.h"

namespace quanta::lite {

bool IsKnownDirective(std::string_view name);

/// The directives in force, outer ones first.
using DirectiveStack = std::vector<const Statement*>;

/// The value of the innermost directive of this name, or null.
const Value* FindDirective(const DirectiveStack& stack, std::string_view name);

/// Fills in all of a request but the prompt. `seed` is that of the run, `call` counts from 1.
void ApplyDirectives(const DirectiveStack& stack, const Limits& limits, uint64_t seed,
                     uint64_t call, AgentRequest* request);

/// The most new tokens that a prompt may ask for under these directives.
uint32_t TokenLimit(const DirectiveStack& stack, const Limits& limits);

/// Reads the list of a @requires. Returns an empty text, or what is wrong.
std::string ReadRequires(const Value& value, Capabilities* wanted);

/// "500ms", "30s", "5m", "1h", or a number of seconds; not negative.
bool ParseDuration(const Value& value, double* seconds);

}  // namespace quanta::lite
