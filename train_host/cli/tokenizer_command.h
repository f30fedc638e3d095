// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/cli/command_line.h"

namespace quanta::train {

/// `quanta-train tokenizer`: a tokenizer from text files. Throws converter::Error.
int RunTokenizer(Arguments arguments);

}  // namespace quanta::train
