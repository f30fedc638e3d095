// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "tiss_lite/engine/engine.h"
#include "tiss_lite/syntax/diagnostic.h"

/// Diagnostics as people read them on a terminal.
namespace quanta::lite::program {

/// Whether what goes to a descriptor may have colours: a terminal, and NO_COLOR is not set.
bool WantsColour(int descriptor);

/// The one line of OneLine(), then the line of the script with a caret under the place. Control
/// characters become '?'; a long line is cut around the place.
std::string Render(const Source& source, const Diagnostic& diagnostic, bool colour);

/// The error of a run in the same form.
Diagnostic DiagnosticOf(const Source& source, const RunError& error);

/// Renders them to the standard error.
void Show(const Source& source, const std::vector<Diagnostic>& diagnostics);

/// {"ok", "file", "diagnostics": [...]}
std::string DiagnosticsJson(const Source& source, const std::vector<Diagnostic>& diagnostics);

}  // namespace quanta::lite::program
