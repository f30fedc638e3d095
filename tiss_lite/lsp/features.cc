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

std::optional<LanguageServer::Failure> LanguageServer::Definition(const Value& params,
                                                                  JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const DraftName* use = NameAt(document.draft(), place.offset);
  const DraftName* set =
      use == nullptr ? nullptr : DefinitionOf(document.draft(), document.source(), *use);
  if (set == nullptr) {
    result->Null();
  } else {
    WriteLocation(document, set->span, result);
  }
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::References(const Value& params,
                                                                  JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const DraftName* name = NameAt(document.draft(), place.offset);
  const Value* sets = Member(params, {"context", "includeDeclaration"});
  const bool uses_only = sets != nullptr && sets->is(Value::Kind::kBoolean) && !sets->boolean;
  result->BeginList();
  if (name != nullptr) {
    const std::string_view word = document.source().TextOf(name->span);
    for (const DraftName* one : PlacesOf(document.draft(), document.source(), word)) {
      if (!uses_only || !one->sets) WriteLocation(document, one->span, result);
    }
  }
  result->EndList();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Highlights(const Value& params,
                                                                  JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const DraftName* name = NameAt(document.draft(), place.offset);
  result->BeginList();
  if (name != nullptr) {
    const std::string_view word = document.source().TextOf(name->span);
    for (const DraftName* one : PlacesOf(document.draft(), document.source(), word)) {
      result->BeginObject();
      result->Key("range");
      WriteRange(document, one->span, result);
      result->Key("kind").Number(one->sets ? 3 : 2);  // written, read
      result->EndObject();
    }
  }
  result->EndList();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::PrepareRename(const Value& params,
                                                                     JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const DraftName* name = NameAt(document.draft(), place.offset);
  const bool own = name != nullptr && document.source().TextOf(name->span) != "LAST_RESPONSE";
  if (!own) {
    result->Null();
    return std::nullopt;
  }
  result->BeginObject();
  result->Key("range");
  WriteRange(document, name->span, result);
  result->Key("placeholder").String(document.source().TextOf(name->span));
  result->EndObject();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Rename(const Value& params,
                                                              JsonWriter* result) {
  Place place;
  if (auto failure = ReadPlace(params, &place)) return failure;
  const Document& document = *place.document;
  const Source& source = document.source();
  const DraftName* name = NameAt(document.draft(), place.offset);
  if (name == nullptr || source.TextOf(name->span) == "LAST_RESPONSE") {
    return Failure{error_code::kRequestFailed, "only variables can be renamed"};
  }
  const Value* wanted = params.Find("newName");
  if (wanted == nullptr || !IsVariableName(wanted->text)) {
    return Failure{error_code::kInvalidParams,
                   "a variable's name is letters, digits and _, not beginning with a digit"};
  }
  const std::string_view old = source.TextOf(name->span);
  if (wanted->text != old && !PlacesOf(document.draft(), source, wanted->text).empty()) {
    return Failure{error_code::kRequestFailed,
                   Concat("there is a variable ", wanted->text, " already")};
  }
  result->BeginObject();
  result->Key("changes").BeginObject();
  result->Key(document.uri()).BeginList();
  for (const DraftName* one : PlacesOf(document.draft(), source, old)) {
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
