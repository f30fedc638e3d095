// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "train_host/plot/panels.h"

namespace quanta::train {

/// The panels one below the other, in lines of at most `width` characters (20 at least): dots
/// of Braille, two by four a character; with ticks at both axes and, where there is more than
/// one curve, what the last value of each is.
std::string ToTerminal(std::span<const Panel> panels, int width);

}  // namespace quanta::train
