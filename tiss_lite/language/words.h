// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

/// What there is to say about each word of the language, and about each code of its errors and
/// hints: for editors.
namespace quanta::lite {

struct WordHelp {
  std::string_view word;     ///< "READ", "LAST_RUN.STDOUT", "@persona", "API_CALLS"
  std::string_view form;     ///< how it is written: READ "path" AS name
  std::string_view meaning;  ///< sentences in Markdown
  /// What completion inserts where the editor knows snippets ($1, ${1:what}, $0); empty: `word`.
  std::string_view snippet;
};

std::span<const WordHelp> Keywords();        ///< that begin statements, and ELSE, CATCH
std::span<const WordHelp> ConditionWords();  ///< AND, CONTAINS, FILE, ...
std::span<const WordHelp> ClauseWords();     ///< INTO, AS, THEN, ENDIF
std::span<const WordHelp> Fields();          ///< LAST_RUN., COST., ESTIMATE.; LAST_RESPONSE
std::span<const WordHelp> Budgets();         ///< of SET_BUDGET
std::span<const WordHelp> DirectiveHelp();   ///< with their "@"
std::span<const WordHelp> CapabilityHelp();  ///< of @requires

/// The help for a word of any of those lists; fields in any case. Null if there is none.
const WordHelp* FindWord(std::string_view word);

/// What the code of a diagnostic ("E107", "L204") means and what to do about it; empty for
/// other codes.
std::string_view MeaningOfCode(std::string_view code);

}  // namespace quanta::lite
