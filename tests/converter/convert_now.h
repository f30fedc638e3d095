// SPDX-License-Identifier: MIT
#pragma once

#include "converter/convert.h"

namespace quanta::converter::testing {

/// A conversion without progress.
inline Report ConvertNow(const ConvertOptions& options) {
  Progress quiet(Progress::Style::kNone, nullptr, nullptr);
  return Convert(options, &quiet);
}

}  // namespace quanta::converter::testing
