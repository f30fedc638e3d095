// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "converter/json.h"

namespace quanta::train {

/// metrics.jsonl: a JSON object a line, each with its "step". A line is in the file, if not on
/// the disk, when Write returns.
class MetricsFile {
 public:
  /// Goes on behind the lines of steps up to `step`; removes those behind, which a run that is
  /// resumed there writes again. Throws converter::Error(kIo, kNoSpace).
  MetricsFile(const std::string& path, uint64_t step);
  ~MetricsFile();
  MetricsFile(const MetricsFile&) = delete;
  MetricsFile& operator=(const MetricsFile&) = delete;

  /// Throws converter::Error(kIo, kNoSpace).
  void Write(const converter::Json& line);

 private:
  const std::string path_;
  std::FILE* file_ = nullptr;
};

}  // namespace quanta::train
