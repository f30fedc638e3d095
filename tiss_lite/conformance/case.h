// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace quanta::lite::conformance {

using Json = nlohmann::ordered_json;

/// Runs one case of an INDEX.json. `folder` holds its script. Returns an empty text if the
/// script gives what the case expects, else what it gives instead.
std::string RunCase(const Json& test, const std::string& folder);

/// Empty if `actual` has all that `expected` has: objects by the expected keys, lists element
/// by element, numbers by value; else where they differ, below `place`.
std::string Mismatch(const Json& expected, const Json& actual, const std::string& place);

/// Reads a whole file. Throws std::runtime_error.
std::string ReadFile(const std::string& path);

}  // namespace quanta::lite::conformance
