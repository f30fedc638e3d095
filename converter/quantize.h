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

/// The panel for a tensor where `wanted` is asked for: vectors stay f32, and so does a
/// matrix with a value that f16 cannot hold. Reads the tensor if that may happen.
/// Throws Error(kCorrupt) for a NaN or an infinity, naming the element.
format::Panel ChoosePanel(const SourceTensor& tensor, format::Panel wanted, Progress* progress);

/// Bytes that ChoosePanel reads: for the progress.
uint64_t ChoosePanelBytes(const SourceTensor& tensor, format::Panel wanted);

/// Hands `sink` the bytes of `tensor` in `panel` layout (f32 or f16), piece by piece.
/// Memory: a few MiB, or a row where that is more; pages of the source are released.
/// Throws Error(kCorrupt) as ChoosePanel does.
StoreError StoreTensor(const SourceTensor& tensor, format::Panel panel, Progress* progress,
                       const std::function<void(std::span<const std::byte>)>& sink);

}  // namespace quanta::converter
