// SPDX-License-Identifier: MIT
#pragma once

/// Set by the build from the project's version.
#ifndef QUANTA_VERSION
#define QUANTA_VERSION "0"
#endif

namespace quanta::converter {

inline constexpr const char* kVersion = QUANTA_VERSION;
inline constexpr const char* kTool = "quanta-convert " QUANTA_VERSION;

}  // namespace quanta::converter
