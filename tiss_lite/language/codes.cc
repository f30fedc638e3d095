// SPDX-License-Identifier: MIT
//
// What the codes of diagnostics mean.
#include "tiss_lite/language/words.h"

namespace quanta::lite {
namespace {

struct Code {
  std::string_view code;
  std::string_view meaning;
};

constexpr Code kCodes[] = {
    {"E101", "The line does not begin with a statement that there is. Keywords are upper case."},
    {"E102", "A text in quotes ends on the line on which it begins."},
    {"E103", "A heredoc ends with a line that holds nothing but its tag."},
    {"E104", "A block was opened and never closed: a `}` is missing."},
    {"E105", "There is a `}` too many."},
    {"E106", "A part of the statement is missing or has the wrong form."},
    {"E107", "This statement may not stand here. RUN, WRITE and the like need a STEP around them."},
    {"E108", "ELSE, ENDIF and THEN belong to an IF, CATCH to a TRY."},
    {"E109", "The condition is not well formed."},
    {"E110", "The list `[...]` or object `{...}` is not well formed."},
    {"E111", "The script is too large, has too long lines, or is not UTF-8 text."},
    {"E112", "The script asks for a version of the language that this is not."},
    {"E113", "The word is kept for later versions of the language."},
    {"E114", "Blocks, values or conditions are nested too deeply."},
    {"E115", "Something follows the end of the statement on the same line."},
    {"L201",
     "The path is absolute, leaves the root by `..`, or has a forbidden character. Paths "
     "are relative to the run's own root."},
    {"L202", "The sandbox does not grant this tool, or there is none of the name."},
    {"L203", "RUN has no shell: `$x`, `$(...)`, `&`, `cd` and the like are refused."},
    {"L204", "Nothing before this place sets the variable. The text stays as it is written."},
    {"L205", "The variable is set, and nothing uses it."},
    {"L206", "A script should say what it is for: TASK \"...\"."},
    {"L207", "A script has one TASK."},
    {"L209", "The directive is not known: it has no effect."},
    {"L210", "There is no such budget, or it cannot have this value."},
    {"L212", "The answer is kept in LAST_RESPONSE only; add INTO and a name."},
    {"L213",
     "The text has quotes inside. Write `\\\"` for each, so that nobody has to guess where "
     "it ends."},
    {"L215", "An old form of the language. `tiss-lite fmt` rewrites it."},
    {"L216", "A block is empty."},
    {"L217", "CHOOSE needs two alternatives or more."},
    {"L218", "Two branches of a PARALLEL change the same thing: that fails when they run (R314)."},
    {"L219", "The command would be dangerous in a shell. Here it runs in the sandbox, if at all."},
    {"L220",
     "The lines of the heredoc begin with blanks and tabs, mixed: what is taken away as "
     "their common indent may surprise."},
    {"L221", "A `#TISS!` line counts only before the first statement."},
    {"L222", "The line is not indented as `tiss-lite fmt` would."},
    {"L224", "A TRY without CATCH hides errors."},
    {"L225", "A text without quotes; write it in quotes."},
};

}  // namespace

std::string_view MeaningOfCode(std::string_view code) {
  for (const Code& one : kCodes) {
    if (one.code == code) return one.meaning;
  }
  return {};
}

}  // namespace quanta::lite
