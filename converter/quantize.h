// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "converter/checkpoint.h"
#include "converter/progress.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// What storing a tensor lost, over all its elements.
struct StoreError {
  double rms = 0;  ///< sqrt(mean((stored - source)^2))
  double max = 0;  ///< max |stored - source|
};

/// Whether rounding the tensor's numbers to f16 makes none infinite. Reads the tensor where
/// its type does not tell.
/// Throws Error(kCorrupt) for a NaN or an infinity, naming the element.
bool FitsF16(const SourceTensor& tensor, Progress* progress);

/// Bytes that FitsF16 reads: for the progress.
uint64_t FitsF16Bytes(const SourceTensor& tensor);

/// Hands `sink` the bytes of `tensor` in `type`, which can be written, row by row.
/// Memory: a few MiB, or a row where that is more; pages of the source are released.
/// Throws Error(kCorrupt) as FitsF16 does.
StoreError StoreTensor(const SourceTensor& tensor, const ElementType& type, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink);

/// Hands `sink` the bytes of `tensor` in panel layout, some strips at a time. q8 and q4: the
/// tensor's values are of magnitudes below 2^100. Memory, pages and errors: as StoreTensor.
StoreError StorePanels(const SourceTensor& tensor, format::Panel panel, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink);

}  // namespace quanta::converter
