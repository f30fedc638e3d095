// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "runtime/format/model_view.h"

namespace quanta::converter {

/// The scanner of the runtime that cuts as `regex` does, in the dialect of Hugging Face's
/// regular expressions; nothing if there is none.
std::optional<format::PreTokenizerKind> ScannerOf(std::string_view regex);

/// A regular expression for `kind`; empty if it is no scanner.
std::string_view RegexOf(format::PreTokenizerKind kind);

}  // namespace quanta::converter
