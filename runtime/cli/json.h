// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "quanta/model.h"

namespace quanta::cli {

/// Keeps the order in which fields were written.
using Json = nlohmann::ordered_json;

/// Writes `value` to the standard output, a line end after it; bytes that are not UTF-8
/// become U+FFFD.
void WriteJson(const Json& value, int indent = 2);

/// The facts of a model, as `info` and `bench` print them.
Json ModelFacts(const Model& model);

std::string Hex(const uint8_t* bytes, size_t count);

}  // namespace quanta::cli
