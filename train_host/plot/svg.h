// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "train_host/plot/panels.h"

namespace quanta::train {

/// The panels in two columns as an SVG file: axes with ticks, every curve's points faint and its
/// means strong, evaluations dashed with a dot a point, a legend where there is more than
/// one curve. UTF-8, no script, no font but the viewer's.
std::string ToSvg(std::span<const Panel> panels, const std::string& title);

}  // namespace quanta::train
