// SPDX-License-Identifier: MIT
#include "tiss_lite/program/terminal.h"

#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"

namespace quanta::lite::program {

Terminal::Answer Terminal::Ask(std::string_view question, std::string* comment) {
  for (;;) {
    cli::Complain(question);
    std::string line;
    if (lines_.Next(&line) != cli::LineReader::Event::kLine) return Answer::kNone;
    const std::string_view text = Trim(line);
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    const bool yes = EqualsAnyCase(word, "y") || EqualsAnyCase(word, "yes");
    if (!yes && !EqualsAnyCase(word, "n") && !EqualsAnyCase(word, "no")) continue;
    if (comment != nullptr) *comment = Trim(text.substr(word.size()));
    return yes ? Answer::kYes : Answer::kNo;
  }
}

}  // namespace quanta::lite::program
