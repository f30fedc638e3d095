// SPDX-License-Identifier: MIT
//
// Requests about a place in a document.
#include <algorithm>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/language/hover.h"
#include "tiss_lite/language/variables.h"
#include "tiss_lite/language/words.h"
#include "tiss_lite/lsp/server.h"

namespace quanta::lite::lsp {
namespace {

/// The protocol's numbers of CompletionItemKind.
int KindNumber(CompletionKind kind) {
  switch (kind) {
    case CompletionKind::kKeyword:
      return 14;
    case CompletionKind::kVariable:
      return 6;
    case CompletionKind::kTool:
      return 3;
    case CompletionKind::kDirective:
      return 10;
    case CompletionKind::kField:
      return 5;
    case CompletionKind::kValue:
      return 12;
  }
  return 1;
}

void WriteMarkdown(std::string_view text, JsonWriter* json) {
  json->BeginObject();
  json->Key("kind").String("markdown");
  json->Key("value").String(text);
  json->EndObject();
}

}  // namespace

std::optional<LanguageServer::Failure> LanguageServer::ReadPlace(const Value& params,
                                                                 Place* place) {
  Position position;
  place->document = FindDocument(params);
  if (place->document == nullptr) {
    return Failure{error_code::kInvalidParams, "there is no such open document"};
  }
  if (!ReadPosition(params.Find("position"), &position)) {
    return Failure{error_code::kInvalidParams, "the position is missing"};
  }
  place->offset = place->document->OffsetOf(position, encoding_);
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Complete(const Value& params,
                                                                JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  JsonWriter& json = *result;
  json.BeginList();
  for (const Completion& one :
       lite::Complete(document.source(), document.draft(), place.offset, Reach())) {
    const bool snippet = snippets_ && !one.snippet.empty();
    json.BeginObject();
    json.Key("label").String(one.label);
    json.Key("kind").Number(KindNumber(one.kind));
    if (!one.detail.empty()) json.Key("detail").String(one.detail);
    if (!one.meaning.empty()) {
      json.Key("documentation");
      WriteMarkdown(one.meaning, &json);
    }
    // What has been typed is compared with this; "$na" is to find {{name}}.
    const std::string_view typed = document.source().TextOf(one.replaces);
    if (typed.starts_with('$')) {
      json.Key("filterText").String(Concat(typed.starts_with("${") ? "${" : "$", one.label));
    }
    if (snippet) json.Key("insertTextFormat").Number(2);
    json.Key("textEdit").BeginObject();
    json.Key("range");
    WriteRange(document, one.replaces, &json);
    json.Key("newText").String(snippet ? one.snippet : one.text);
    json.EndObject();
    json.EndObject();
  }
  json.EndList();
  return std::nullopt;
}

/// What the diagnostics at a place mean, as Markdown.
std::string LanguageServer::MeaningsAt(const Place& place, Span* span) const {
  std::string text;
  for (const Diagnostic& found : Diagnose(place.document->source())) {
    const bool here = found.span.begin <= place.offset && place.offset <= found.span.end;
    const std::string_view meaning = here ? MeaningOfCode(found.code) : "";
    const std::string line = Concat("**", found.code, "** ", meaning);
    if (meaning.empty() || text.find(line) != text.npos) continue;
    if (text.empty()) *span = found.span;
    text.append(text.empty() ? "" : "\n\n").append(line);
  }
  return text;
}

std::optional<LanguageServer::Failure> LanguageServer::Hover(const Value& params,
                                                             JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const auto about = HoverAt(document.source(), document.draft(), place.offset, Reach());
  Span span;
  std::string text = MeaningsAt(place, &span);
  if (about) {
    span = about->span;
    text = text.empty() ? about->text : Concat(about->text, "\n\n---\n\n", text);
  }
  if (text.empty()) {
    result->Null();
    return std::nullopt;
  }
  result->BeginObject();
  result->Key("contents");
  WriteMarkdown(text, result);
  result->Key("range");
  WriteRange(document, span, result);
  result->EndObject();
  return std::nullopt;
}

/// The variable at a place, and all its places; none where no variable is.
std::optional<LanguageServer::Failure> LanguageServer::ReadVariable(const Value& params,
                                                                    Variable* variable) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Source& source = place.document->source();
  const Draft& draft = place.document->draft();
  variable->document = place.document;
  variable->here = NameAt(draft, place.offset);
  if (variable->here == nullptr) return std::nullopt;
  variable->name = source.TextOf(variable->here->span);
  variable->places = PlacesOf(draft, source, variable->name);
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Definition(const Value& params,
                                                                  JsonWriter* result) {
  Variable variable;
  if (auto failure = ReadVariable(params, &variable)) return failure;
  const Document& document = *variable.document;
  const DraftName* set = variable.here == nullptr
                             ? nullptr
                             : DefinitionOf(document.draft(), document.source(), *variable.here);
  if (set == nullptr) {
    result->Null();
  } else {
    WriteLocation(document, set->span, result);
  }
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::References(const Value& params,
                                                                  JsonWriter* result) {
  Variable variable;
  if (auto failure = ReadVariable(params, &variable)) return failure;
  const Value* sets = Member(params, {"context", "includeDeclaration"});
  const bool uses_only = sets != nullptr && sets->is(Value::Kind::kBoolean) && !sets->boolean;
  result->BeginList();
  for (const DraftName* one : variable.places) {
    if (!uses_only || !one->sets) WriteLocation(*variable.document, one->span, result);
  }
  result->EndList();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Highlights(const Value& params,
                                                                  JsonWriter* result) {
  Variable variable;
  if (auto failure = ReadVariable(params, &variable)) return failure;
  result->BeginList();
  for (const DraftName* one : variable.places) {
    result->BeginObject();
    result->Key("range");
    WriteRange(*variable.document, one->span, result);
    result->Key("kind").Number(one->sets ? 3 : 2);  // written, read
    result->EndObject();
  }
  result->EndList();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::PrepareRename(const Value& params,
                                                                     JsonWriter* result) {
  Variable variable;
  if (auto failure = ReadVariable(params, &variable)) return failure;
  if (!variable.MayBeRenamed()) {
    result->Null();
    return std::nullopt;
  }
  result->BeginObject();
  result->Key("range");
  WriteRange(*variable.document, variable.here->span, result);
  result->Key("placeholder").String(variable.name);
  result->EndObject();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Rename(const Value& params,
                                                              JsonWriter* result) {
  Variable variable;
  if (auto failure = ReadVariable(params, &variable)) return failure;
  const Document& document = *variable.document;
  if (!variable.MayBeRenamed()) {
    return Failure{error_code::kRequestFailed, "only variables can be renamed"};
  }
  const Value* wanted = params.Find("newName");
  if (wanted == nullptr || !IsVariableName(wanted->text)) {
    return Failure{error_code::kInvalidParams,
                   "a variable's name is letters, digits and _, not beginning with a digit"};
  }
  const bool taken = wanted->text != variable.name &&
                     !PlacesOf(document.draft(), document.source(), wanted->text).empty();
  if (taken) {
    return Failure{error_code::kRequestFailed,
                   Concat("there is a variable ", wanted->text, " already")};
  }
  result->BeginObject();
  result->Key("changes").BeginObject();
  result->Key(document.uri()).BeginList();
  for (const DraftName* one : variable.places) {
    result->BeginObject();
    result->Key("range");
    WriteRange(document, one->span, result);
    result->Key("newText").String(wanted->text);
    result->EndObject();
  }
  result->EndList();
  result->EndObject();
  result->EndObject();
  return std::nullopt;
}

}  // namespace quanta::lite::lsp
