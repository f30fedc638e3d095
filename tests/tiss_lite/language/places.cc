// SPDX-License-Identifier: MIT
#include "tests/tiss_lite/language/places.h"

#include <string_view>

#include "tiss_lite/language/draft.h"
#include "tiss_lite/lint/rules.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite {
namespace {

class TreePlaces {
 public:
  Places Of(const Program& program) {
    lint::ForEach(program.statements, [this](const Statement& s) { Add(s); });
    return std::move(places_);
  }

 private:
  void Text(std::string_view text) {
    for (const TextPiece& piece : SplitTemplate(text)) {
      const bool variable =
          piece.kind == TextPiece::Kind::kName && piece.name.kind == Operand::Kind::kVariable;
      if (variable) places_.emplace(piece.name.name, false);
    }
  }
  void Condition(const Expression& expression) {
    Text(expression.path);
    for (const Operand& operand : expression.operands) {
      if (operand.kind == Operand::Kind::kVariable) places_.emplace(operand.name, false);
      if (operand.kind == Operand::Kind::kLiteral) Text(operand.value.text);
    }
    for (const Expression& child : expression.children) Condition(child);
  }
  void Add(const Statement& s) {
    using Kind = StatementKind;
    const std::string set(lint::VariableSetBy(s));
    if (!set.empty()) places_.emplace(set, true);
    const bool raw = s.heredoc && s.heredoc->raw;
    if (s.kind == Kind::kDirective || s.kind == Kind::kBinding || s.kind == Kind::kSetBudget)
      return;
    if (s.kind == Kind::kVar) {
      if (!raw && !s.last_run_field) Text(s.value.text);
      return;
    }
    if (!raw || s.kind == Kind::kWrite) Text(s.text);
    if (!raw) Text(s.content);
    Condition(s.condition);
  }
  Places places_;
};

void AddBlock(const Source& source, uint32_t begin, Span block, Blocks* blocks) {
  blocks->push_back({source.LineOf(begin), source.LineOf(block.end - 1)});
}

}  // namespace

Places PlacesInDraft(const Source& source) {
  Places places;
  for (const DraftName& name : ReadDraft(source).names) {
    places.emplace(std::string(source.TextOf(name.span)), name.sets);
  }
  return places;
}

Places PlacesInTree(const Program& program) { return TreePlaces().Of(program); }

Blocks BlocksInDraft(const Source& source) {
  Blocks blocks;
  for (const DraftStatement& s : ReadDraft(source).statements) {
    const std::string_view word = source.TextOf(s.word);
    const bool part = word == "ELSE" || word == "CATCH" || word == "IF";
    if (s.has_block && !part) AddBlock(source, s.word.begin, s.block, &blocks);
  }
  return blocks;
}

Blocks BlocksInTree(const Source& source, const Program& program) {
  Blocks blocks;
  lint::ForEach(program.statements, [&](const Statement& s) {
    if (s.has_block && s.kind != StatementKind::kIf) {
      AddBlock(source, s.span.begin, s.body_span, &blocks);
    }
  });
  return blocks;
}

}  // namespace quanta::lite
