// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "quanta/chat.h"
#include "quanta/status.h"

namespace quanta::text {

/// Whether WriteDate knows everything in `format`.
bool IsDateFormat(std::string_view format);

/// Writes `now` as strftime does in the C locale: %Y %y %m %d %e %B %b %h %A %a %j %H %I
/// %M %S %p %F %T %%, and %-d and the like without padding. `format` must be known.
Status WriteDate(std::string_view format, const LocalTime& now, RenderSink sink, void* context);

}  // namespace quanta::text
