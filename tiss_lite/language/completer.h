// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tiss_lite/language/completion.h"
#include "tiss_lite/language/words.h"

namespace quanta::lite {

/// The work behind Complete().
class Completer {
 public:
  Completer(const Source& source, const Draft& draft, uint32_t offset, const ToolsInReach& reach)
      : source_(source), text_(source.text()), draft_(draft), offset_(offset), reach_(reach) {}
  std::vector<Completion> Run();

 private:
  // completion.cc: in statements
  void AtStatementStart();
  void InStatement(const DraftStatement& statement);
  void InCondition(const DraftStatement& statement);
  void AfterName(std::string_view word, bool value);
  void Clause(std::string_view word, const DraftStatement& statement);
  void Directives();

  // completion_texts.cc: in texts
  void InText(const DraftText& text);
  bool InInterpolation(const DraftText& text);
  bool AfterDollar();
  void DirectiveValues(std::string_view directive, bool quoted);

  void Add(const WordHelp& help, CompletionKind kind);
  void AddWords(std::span<const WordHelp> words, CompletionKind kind, std::string_view prefix = {});
  void AddValue(std::string_view value, std::string_view detail = {});
  void AddVariables();
  std::string_view WordOf(const DraftStatement& s) const { return source_.TextOf(s.word); }
  /// The run of identifier characters and dots that ends at the cursor begins here.
  uint32_t PrefixBegin() const;
  std::string_view LineBefore() const;

  const Source& source_;
  std::string_view text_;
  const Draft& draft_;
  const uint32_t offset_;
  const ToolsInReach& reach_;
  Span replaces_;
  std::vector<Completion> out_;
};

}  // namespace quanta::lite
