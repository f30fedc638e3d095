// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::format {

/// Translates a FlatBuffer (size prefix included) to plain values, which point into
/// `bytes`. Checked here: its structure, enum values, UTF-8 and lengths of strings,
/// and that the reader is new enough. The meaning of the values: validate.h.
///
/// Cost: linear in `bytes`, even if a hostile file lets many fields share one string.
/// Errors: kCorrupt, kUnsupported (reader_version), kOutOfMemory.
Status DecodeHeader(std::span<const std::byte> bytes, Header* header, ErrorDetail* detail);

}  // namespace quanta::format
