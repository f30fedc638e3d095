// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace quanta::converter {

using Json = nlohmann::json;

struct JsonLimits {
  size_t bytes = size_t{64} << 20;  ///< of text
  int depth = 64;                   ///< of nested arrays and objects
};

/// Parses `text`, which came from `place`. A key that occurs twice in an object is
/// an error, since readers differ in which one they believe.
/// Throws Error(kCorrupt).
Json ParseJson(std::string_view text, std::string_view place, const JsonLimits& limits = {});

/// ParseJson over a file's contents. Throws Error(kNotFound, kIo, kCorrupt).
Json ReadJson(const std::string& path, const JsonLimits& limits = {});

}  // namespace quanta::converter
