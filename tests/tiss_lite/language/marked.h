// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tiss_lite/language/draft.h"

namespace quanta::lite {

/// A script with a cursor in it.
struct Marked {
  /// `script` has one "|>" where the cursor is.
  explicit Marked(std::string script)
      : offset(static_cast<uint32_t>(script.find("|>"))),
        source("t", script.erase(offset, 2)),
        draft(ReadDraft(source)) {}

  uint32_t offset;
  Source source;
  Draft draft;
};

}  // namespace quanta::lite
