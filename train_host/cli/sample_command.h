// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/cli/command_line.h"

namespace quanta::train {

/// `quanta-train sample`: text from a checkpoint. Throws converter::Error.
int RunSample(Arguments arguments);

}  // namespace quanta::train
