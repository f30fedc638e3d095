// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "converter/error.h"
#include "converter/tokenizer/tables.h"

namespace quanta::converter {

// Both to be replaced by the branch that writes tokenizers.
inline std::string WriteTokenizerJson(const TokenizerTables&) {
  throw Error(Code::kUnsupported, "", "a tokenizer cannot be written yet");
}
inline TokenizerTables CopyTokenizerTables(const format::Tokenizer&) {
  throw Error(Code::kUnsupported, "", "a tokenizer cannot be read back yet");
}

}  // namespace quanta::converter
