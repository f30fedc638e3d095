// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>

#include "converter/tensor_source.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// The rows of a matrix in q8 or q4 panels, as the numbers they stand for. `mapped`: in a
/// mapped file, whose pages may be released.
TensorSourcePtr PanelRows(std::span<const std::byte> bytes, format::Panel panel, uint32_t columns,
                          bool mapped);

}  // namespace quanta::converter
