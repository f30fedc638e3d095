// SPDX-License-Identifier: MIT
#pragma once

#include "quanta/status.h"
#include "runtime/format/model_view.h"

/// What a decoded header must fulfil before anything may rely on it. Each function
/// relies on those before it. Errors: kCorrupt, kOutOfMemory.
namespace quanta::format {

/// Numbers in range and finite, heads divisible, rope tables that fit.
Status ValidateArchitecture(const Architecture& architecture, ErrorDetail* detail);

/// Place and chunk table of the data section. `prefix`: end of the seal.
Status ValidateData(const Header& header, uint64_t prefix, uint64_t file_bytes,
                    ErrorDetail* detail);

/// Every tensor that the architecture needs, once, in its shape; none that it does not
/// know; inside the data section, aligned, apart from each other.
Status ValidateTensors(const Header& header, ErrorDetail* detail);

/// Every id and offset in range, tables of matching length, merges that concatenate. For
/// a tokenizer with tokens.
Status ValidateTokenizer(const Tokenizer& tokenizer, uint32_t model_vocab, ErrorDetail* detail);

Status ValidateSelfTest(const Header& header, ErrorDetail* detail);

}  // namespace quanta::format
