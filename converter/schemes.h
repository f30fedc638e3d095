// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "converter/checkpoint.h"
#include "converter/progress.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// How the matrices are stored whose name in the checkpoint, or whose role ("down"), matches a
/// pattern: `*` stands for any characters, `?` for one.
struct SchemeRule {
  std::string pattern;
  format::Panel panel;

  bool Matches(const SourceTensor& tensor) const;
};

/// How the matrices of a model shall be stored.
struct Schemes {
  format::Panel all = format::Panel::kF16;
  std::optional<format::Panel> embedding = {};  ///< and learned positions; empty: as `all`
  std::optional<format::Panel> head = {};       ///< empty: as `all`
  std::vector<SchemeRule> rules = {};           ///< before all others; the last that matches counts

  format::Panel For(const SourceTensor& tensor) const;
  /// Throws Error(kInvalidArgument) for a rule that matches none of the matrices.
  void CheckRules(const std::vector<SourceTensor>& tensors) const;
  /// "q4", "q4, embedding f16, *.down_proj.* q8": for the file and the report.
  std::string Text() const;
};

/// "f32", "f16", "q8" or "q4". Throws Error(kInvalidArgument), which names `option`.
format::Panel ParseScheme(const std::string& name, const char* option);

/// "PATTERN=SCHEME". Throws Error(kInvalidArgument).
SchemeRule ParseSchemeRule(const std::string& text);

/// How a tensor is stored, and why not as it was asked for.
struct Choice {
  format::Panel panel;
  std::string note;  ///< empty: as asked for
};

/// Vectors stay f32. A matrix with a value that f16 cannot hold is stored as f32; one for
/// which the scheme asked for is not made (too few or too many columns) as f16.
/// Reads the tensor where its type does not tell.
/// Throws Error(kCorrupt) for a NaN or an infinity, naming the element.
Choice ChooseScheme(const SourceTensor& tensor, format::Panel wanted, Progress* progress);

/// Bytes that ChooseScheme reads: for the progress.
uint64_t ChooseSchemeBytes(const SourceTensor& tensor, format::Panel wanted);

}  // namespace quanta::converter
