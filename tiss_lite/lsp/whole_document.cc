// SPDX-License-Identifier: MIT
//
// Requests about all of a document.
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lsp/server.h"
#include "tiss_lite/syntax/formatter.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite::lsp {
namespace {

std::string WithCrlf(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '\n' ? "\r\n" : std::string_view(&c, 1));
  return out;
}

bool IsShown(std::string_view word) {
  for (const char* shown :
       {"TASK", "SETUP", "STEP", "OPTION", "PARALLEL", "CHOOSE", "ESTIMATE_COST"}) {
    if (word == shown) return true;
  }
  return false;
}

/// Lists statements with blocks, and the variables that are set in them.
class SymbolWriter {
 public:
  SymbolWriter(const Document& document, Encoding encoding, bool nested, JsonWriter* json)
      : document_(document), encoding_(encoding), nested_(nested), json_(*json) {}

  void Run() {
    const Draft& draft = document_.draft();
    json_.BeginList();
    auto text = draft.texts.begin();
    auto name = draft.names.begin();
    for (size_t i = 0; i < draft.statements.size(); ++i) {
      const DraftStatement& statement = draft.statements[i];
      const int index = static_cast<int>(i);
      while (!open_.empty() && open_.back() <= statement.span.begin) Close();
      while (text != draft.texts.end() && text->statement < index) ++text;
      const bool has_text = text != draft.texts.end() && text->statement == index;
      const std::string_view word = TextOf(statement.word);
      if (IsShown(word)) {
        const std::string_view title =
            has_text ? TrimIf(TextOf(text->span), [](char c) { return c == '"' || c == '\''; })
                     : std::string_view();
        Block(statement, word, title);
      }
      for (; name != draft.names.end() && name->statement <= index; ++name) {
        if (name->sets) Leaf(name->span, statement);
      }
    }
    while (!open_.empty()) Close();
    json_.EndList();
  }

 private:
  static constexpr size_t kMostNested = 32;

  std::string_view TextOf(Span span) const { return document_.source().TextOf(span); }

  void Begin(std::string_view name, std::string_view detail, int kind, Span whole, Span word) {
    json_.BeginObject();
    json_.Key("name").String(name);
    json_.Key("kind").Number(kind);
    if (!nested_) {
      json_.Key("location").BeginObject();
      json_.Key("uri").String(document_.uri());
      json_.Key("range");
      WriteRange(document_.RangeOf(whole, encoding_), &json_);
      json_.EndObject();
      return;
    }
    json_.Key("detail").String(detail);
    json_.Key("range");
    WriteRange(document_.RangeOf(whole, encoding_), &json_);
    json_.Key("selectionRange");
    WriteRange(document_.RangeOf(word, encoding_), &json_);
  }

  void Block(const DraftStatement& statement, std::string_view word, std::string_view title) {
    constexpr int kModule = 2, kFunction = 12;
    const Span whole{statement.span.begin,
                     std::max(statement.span.end, statement.has_block ? statement.block.end : 0)};
    Begin(title.empty() ? word : title, word, word == "TASK" ? kModule : kFunction, whole,
          statement.word);
    if (nested_ && statement.has_block && open_.size() < kMostNested) {
      json_.Key("children").BeginList();
      open_.push_back(statement.block.end);
      return;
    }
    json_.EndObject();
  }

  void Leaf(Span span, const DraftStatement& statement) {
    constexpr int kVariable = 13;
    Begin(TextOf(span), TextOf(statement.word), kVariable, span, span);
    json_.EndObject();
  }

  void Close() {
    json_.EndList();
    json_.EndObject();
    open_.pop_back();
  }

  const Document& document_;
  const Encoding encoding_;
  const bool nested_;
  JsonWriter& json_;
  std::vector<uint32_t> open_;  ///< where the blocks end whose children are being written
};

}  // namespace

std::optional<LanguageServer::Failure> LanguageServer::Format(const Value& params,
                                                              JsonWriter* result) {
  const Document* document = FindDocument(params);
  if (document == nullptr) {
    return Failure{error_code::kInvalidParams, "there is no such open document"};
  }
  const Source& source = document->source();
  const ParseResult parsed = Parse(source);
  std::string text;
  // What does not parse has no layout; the diagnostics say why.
  if (!parsed.ok() || !lite::Format(source, parsed.program, &text)) {
    result->Null();
    return std::nullopt;
  }
  result->BeginList();
  if (text != source.text()) {
    if (document->crlf()) text = WithCrlf(text);
    if (document->byte_order_mark()) text.insert(0, "\xEF\xBB\xBF");
    const Position end = document->PositionOf(source.size(), encoding_);
    result->BeginObject();
    result->Key("range");
    lsp::WriteRange({{0, 0}, end}, result);
    result->Key("newText").String(text);
    result->EndObject();
  }
  result->EndList();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Symbols(const Value& params,
                                                               JsonWriter* result) {
  const Document* document = FindDocument(params);
  if (document == nullptr) {
    return Failure{error_code::kInvalidParams, "there is no such open document"};
  }
  SymbolWriter(*document, encoding_, nested_symbols_, result).Run();
  return std::nullopt;
}

}  // namespace quanta::lite::lsp
