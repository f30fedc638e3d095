// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/cli/command_line.h"

namespace quanta::train {

/// `quanta-train plot`: pictures of a run's metrics. Throws converter::Error.
int RunPlot(Arguments arguments);

}  // namespace quanta::train
