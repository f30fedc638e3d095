// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace quanta::fuzz {

/// A script of a few hundred bytes that the grammar of TissLang, its command lines and tools
/// allows, led by the bytes of [data, data + size); one in four is broken afterwards. The same
/// bytes give the same script everywhere.
std::string ScriptOf(const uint8_t* data, size_t size);

}  // namespace quanta::fuzz
