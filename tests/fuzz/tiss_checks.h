// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace quanta::lite {

/// Takes any bytes for a script: parses it with and without recovery, lints, formats, plans and
/// runs it in a small sandbox over a small lower folder. Stops the process (QUANTA_CHECK) if
///   * a diagnostic points outside the script, or recovery changes whether it parses;
///   * formatting is not stable, or changes the tree or the comments;
///   * the linter's strict mode finds other things than its lenient one, or a strict run ends
///     otherwise than a lenient one although no value was missing (R313);
///   * a run does not end within its limits, or the files pass their quotas;
///   * a suspended run is another one after it was written down and read again;
///   * the changes that a run tells are not those that lead to the files it shows;
///   * what is written as JSON is not JSON.
/// Returns whether the script parses.
bool CheckScript(std::string_view bytes);

}  // namespace quanta::lite
