// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/cli/command_line.h"

namespace quanta::train {

/// `quanta-train eval`: the loss of a checkpoint on texts. Throws converter::Error.
int RunEval(Arguments arguments);

}  // namespace quanta::train
