// SPDX-License-Identifier: MIT
//
// What each version of the format brought that older readers would get wrong: the
// table of docs/format.md, Evolution.
#include "runtime/format/model_view.h"

namespace quanta::format {

uint32_t OldestReader(const Header& header) {
  if (header.architecture.norm_eps_outside || !header.tokenizer.scores64.empty()) return 2;
  for (const PreTokenizer& step : header.tokenizer.pre_tokenizers) {
    if (step.kind == PreTokenizerKind::kByteWords) return 2;
  }
  return 1;
}

}  // namespace quanta::format
