// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite {

/// What a run may use. Passing one is R308 unless it says otherwise.
struct Limits {
  uint64_t statements = 10000;
  double run_seconds = 60;
  double tool_seconds = 5;             ///< of one RUN: exit code 124
  size_t output_bytes = 64 * 1024;     ///< stdout and stderr of a RUN, each: cut, not an error
  size_t variable_bytes = 256 * 1024;  ///< of one
  size_t variables_bytes = size_t{4} << 20;  ///< of all
  size_t text_bytes = size_t{1} << 20;       ///< of a text with its values put in
  FsLimits files;
  size_t log_lines = 1000;        ///< further ones are counted, not kept
  size_t log_bytes = 256 * 1024;  ///< likewise
  size_t pipeline_stages = 8;
  uint64_t prompts = 16;
  uint32_t new_tokens = 512;    ///< of one answer: clamps what is asked for
  uint32_t context_tokens = 0;  ///< of the model; a longer prompt is R306; 0: not known
  uint64_t reviews = 16;
  /// Bytes that statements and tools read, write and compare, counted the same on every machine:
  /// what bounds the time of a run whose clock only stands for time.
  uint64_t work = uint64_t{1} << 30;
};

}  // namespace quanta::lite
