// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/cli/command_line.h"

namespace quanta::train {

/// `quanta-train train`: a training run. Throws converter::Error.
int RunTrain(Arguments arguments);

}  // namespace quanta::train
