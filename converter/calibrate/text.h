// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "converter/tokenizer/tables.h"

namespace quanta::converter {

/// `count` sequences at most of `length` tokens each, evenly spread over the UTF-8 text of the
/// file (of a longer one over its first 8 MiB). Each begins with what the tokenizer puts before
/// a text.
/// Throws Error: kNotFound, kIo, kCorrupt (empty, not UTF-8), kInvalidArgument (shorter than
/// one sequence).
std::vector<std::vector<int32_t>> ReadCalibrationText(const std::string& path,
                                                      const TokenizerTables& tokenizer,
                                                      size_t length, size_t count);

}  // namespace quanta::converter
