// SPDX-License-Identifier: MIT
//
// What each version of the format brought that older readers would get wrong: the
// table of docs/format.md, Evolution.
#include "runtime/format/model_view.h"

namespace quanta::format {
namespace {

// Chat conditions of version 1.
constexpr uint32_t kFirstConditions = (1u << 28) - 1;

bool NeedsVersion2(const ChatTemplate& chat) {
  if (!chat.date_mark.empty() || !chat.thought_close.empty() || !chat.reply_open.empty()) {
    return true;
  }
  for (const ChatRule& rule : chat.rules.span()) {
    if (((rule.when | rule.unless) & ~kFirstConditions) != 0) return true;
    if (rule.newlines || rule.part != ChatPart::kAll) return true;
  }
  return false;
}

}  // namespace

uint32_t OldestReader(const Header& header) {
  if (header.architecture.norm_eps_outside || !header.tokenizer.scores64.empty()) return 2;
  for (const PreTokenizer& step : header.tokenizer.pre_tokenizers) {
    if (step.kind == PreTokenizerKind::kByteWords) return 2;
  }
  return NeedsVersion2(header.chat_template) ? 2 : 1;
}

}  // namespace quanta::format
