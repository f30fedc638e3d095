// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quanta/model.h"
#include "quanta/status.h"

namespace quanta {

/// Two loops to hold a profile against: one does nothing but read memory, the other
/// nothing but multiply what lies in cache. The caller takes the time.
class Probe {
 public:
  /// Takes `read_bytes` of memory (rounded up to whole chunks for each thread), and less
  /// than 1 MiB more. `threads`: as SessionOptions. Errors: kOutOfMemory.
  static Result<Probe> Create(const Model& model, size_t read_bytes, int threads,
                              ErrorDetail* detail = nullptr);
  Probe(Probe&& other) noexcept;
  Probe& operator=(Probe&& other) noexcept;
  ~Probe();

  /// Reads all of its memory once, with all threads, by turns from eight places side by side and
  /// from one place that is fetched far ahead: which is faster, processors disagree. Returns the
  /// bytes.
  uint64_t Read();
  /// Multiplies 64 rows of activations by int8 weights that stay in each core's cache,
  /// with the kernels that the model uses. Returns the multiply-adds.
  uint64_t Multiply();

 private:
  struct Impl;
  explicit Probe(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quanta
