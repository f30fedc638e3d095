// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "quanta/chat.h"
#include "quanta/status.h"
#include "runtime/format/model_view.h"

namespace quanta::text {

/// Renders `messages` under a compiled template (docs/format.md, Chat template).
/// The library's RenderChat and the converter's check of its own compilation both
/// call this. Errors as RenderChat's; and kInvalidArgument if the template prints the
/// date and the options do not say what time it is.
Status RenderTemplate(const format::ChatTemplate& chat_template,
                      std::span<const ChatMessage> messages, const RenderOptions& options,
                      RenderSink sink, void* context, ErrorDetail* detail);

}  // namespace quanta::text
