// SPDX-License-Identifier: MIT
#pragma once

#include "converter/config.h"
#include "runtime/format/model_view.h"

namespace quanta::converter {

/// Marks as read the settings that any family's config.json may have and that do not
/// change a forward pass: who saved it, how it is trained, how text is generated.
void IgnoreHarmlessSettings(Config& config);

/// Refuses those that would: settings of other kinds of model, which must be absent
/// or off.
void RequireOffSettings(Config& config);

/// The `hidden_act` of a feed-forward block. `fallback` null: it must be there.
format::Activation ReadActivation(Config& config, std::string_view key,
                                  const char* fallback = nullptr);
/// What ReadActivation reads as that one.
const char* ActivationName(format::Activation activation);

}  // namespace quanta::converter
