// SPDX-License-Identifier: MIT
#pragma once

#include "quanta/status.h"
#include "quanta/tokenizer.h"
#include "runtime/format/model_view.h"

namespace quanta::text {

/// Builds a tokenizer over a validated view, which must outlive it (and may not
/// move: hand in the view where it stays). Errors: kOutOfMemory, kUnsupported.
Result<Tokenizer> CreateTokenizer(const format::Tokenizer& view, ErrorDetail* detail);

}  // namespace quanta::text
