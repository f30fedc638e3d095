// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quanta/status.h"
#include "runtime/format/model_view.h"
#include "runtime/text/grow_buffer.h"

namespace quanta::text {

/// Rewrites text before it is cut and encoded, as Hugging Face's normalizers do.
/// The Unicode forms are those of Unicode 9, which its library has.
class NormalizerChain {
 public:
  /// The buffers of one caller; reused from text to text.
  struct Scratch {
    TextBuffer text[2];
    GrowBuffer<int32_t> code_points, sorted;
    /// Of the last text: whether its first character is still at the start, as the
    /// reference's offsets have it. Steps that take away or draw together characters
    /// there move the start.
    bool keeps_start = true;
  };

  NormalizerChain() = default;
  /// `steps` must outlive the chain. Errors: kCorrupt (a string that is empty where it
  /// may not be, or not UTF-8).
  static Result<NormalizerChain> Create(std::span<const format::Normalizer> steps,
                                        ErrorDetail* detail);

  /// Normalizes valid UTF-8. The result is `text` itself or lies in `scratch`, until
  /// the next call. Cost: n log n in runs of combining marks, else linear.
  /// Errors: kOutOfMemory.
  Result<std::string_view> Apply(std::string_view text, Scratch* scratch) const;

  bool empty() const { return steps_.empty(); }

 private:
  explicit NormalizerChain(std::span<const format::Normalizer> steps) : steps_(steps) {}
  std::span<const format::Normalizer> steps_;
};

}  // namespace quanta::text
