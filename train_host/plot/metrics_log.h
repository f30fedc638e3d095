// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace quanta::train {

struct Point {
  double step, value;
};

/// What a run measured, each over the steps that measured it, in the order of the file.
struct MetricsLog {
  std::string name;  ///< of the run, for the legend
  std::vector<Point> loss, eval_loss, lr, grad_norm, tokens_per_second;
  std::string note;  ///< what was left out, or empty
};

/// Reads metrics.jsonl, or the one in a run's folder: a JSON object a line, each with "step" and
/// any of the keys above. Other keys are skipped, and values that are null (no number any more).
/// A last line that is cut off, as by a run that was killed or goes on, is left out with a note.
///
/// Throws converter::Error: kNotFound, kIo, kCorrupt (any other line that is no such object, with
/// its number; nothing to draw).
MetricsLog ReadMetrics(const std::string& path);

}  // namespace quanta::train
