// SPDX-License-Identifier: MIT
//
// What is open, and what is wrong in it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lint/linter.h"
#include "tiss_lite/lsp/server.h"

namespace quanta::lite::lsp {
namespace {

constexpr size_t kMaxDocuments = 1000;
constexpr size_t kMaxTextBytes = 64 * 1024 * 1024;  // of all documents together
constexpr size_t kMaxDiagnostics = 1000;            // of one document

double VersionIn(const Value& params) {
  const Value* version = Member(params, {"textDocument", "version"});
  return version == nullptr ? 0 : version->number;
}

int SeverityOf(Level level) {
  return level == Level::kError ? 1 : level == Level::kWarning ? 2 : 3;
}

}  // namespace

Document* LanguageServer::FindDocument(const Value& params) {
  const Value* uri = Member(params, {"textDocument", "uri"});
  if (uri == nullptr) return nullptr;
  const auto found = documents_.find(uri->text);
  if (found == documents_.end()) return nullptr;
  // What has been read of one document is kept, not of all.
  Document* document = found->second.get();
  if (warm_ != nullptr && warm_ != document) warm_->Forget();
  warm_ = document;
  return document;
}

/// A message that the editor shows.
void LanguageServer::Tell(std::string text) {
  JsonWriter json;
  json.BeginObject();
  json.Key("type").Number(1);
  json.Key("message").String(Concat("tiss-lite: ", text));
  json.EndObject();
  Notify("window/showMessage", json);
}

void LanguageServer::Open(const Value& params) {
  const Value* uri = Member(params, {"textDocument", "uri"});
  const Value* text = Member(params, {"textDocument", "text"});
  if (uri == nullptr || !uri->is_text() || text == nullptr || !text->is_text()) return;
  size_t bytes = text->text.size();
  for (const auto& [name, document] : documents_) bytes += document->bytes();
  if (documents_.size() >= kMaxDocuments || bytes > kMaxTextBytes) {
    return Tell("too many documents are open: close some");
  }
  std::unique_ptr<Document>& document = documents_[uri->text];
  if (warm_ == document.get()) warm_ = nullptr;
  document = std::make_unique<Document>(uri->text, text->text, VersionIn(params));
  changed_.push_back(uri->text);
}

void LanguageServer::Change(const Value& params) {
  Document* document = FindDocument(params);
  const Value* changes = params.Find("contentChanges");
  if (document == nullptr || changes == nullptr) return;
  for (const Value& change : changes->items) {
    const Value* text = change.Find("text");
    const Value* range = change.Find("range");
    if (text == nullptr || !text->is_text()) continue;
    Range where;
    if (range == nullptr) {
      document->SetText(text->text);
    } else if (ReadPosition(range->Find("start"), &where.start) &&
               ReadPosition(range->Find("end"), &where.end)) {
      document->Edit(where, text->text, encoding_);
    }
    if (document->bytes() <= kMaxTextBytes) continue;
    Tell("the document is too large");
    document->SetText("");
  }
  document->SetVersion(VersionIn(params));
  changed_.push_back(document->uri());
}

void LanguageServer::Close(const Value& params) {
  Document* document = FindDocument(params);
  if (document == nullptr) return;
  // An editor keeps what it was told until it is told otherwise.
  Publish(*document, {});
  warm_ = nullptr;
  documents_.erase(document->uri());
}

std::vector<Diagnostic> LanguageServer::Diagnose(const Source& source) const {
  const ParseResult parsed = Parse(source, Recovery::kContinue);
  LintOptions options;
  options.strict = options_.strict;
  options.profile = &options_.profile;
  options.tools = &tools_;
  options.variables = options_.variables;
  std::vector<Diagnostic> all = parsed.errors;
  // A script of which nothing was read is not also one without a TASK.
  const bool unread = !parsed.ok() && parsed.errors[0].code == "E111";
  if (!unread) {
    std::vector<Diagnostic> found = Lint(source, parsed, options);
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  if (all.size() > kMaxDiagnostics) all.resize(kMaxDiagnostics);
  SortDiagnostics(&all);
  return all;
}

void LanguageServer::Publish(const Document& document, const std::vector<Diagnostic>& diagnostics) {
  JsonWriter json;
  json.BeginObject();
  json.Key("uri").String(document.uri());
  json.Key("version").Number(document.version());
  json.Key("diagnostics").BeginList();
  for (const Diagnostic& found : diagnostics) {
    json.BeginObject();
    json.Key("range");
    WriteRange(document, found.span, &json);
    json.Key("severity").Number(SeverityOf(found.level));
    json.Key("code").String(found.code);
    json.Key("source").String("tiss-lite");
    json.Key("message").String(found.hint.empty() ? found.message
                                                  : Concat(found.message, " (", found.hint, ")"));
    const bool unused = found.code == "L205", old = found.code == "L215";
    if (unused || old) json.Key("tags").BeginList().Number(unused ? 1 : 2).EndList();
    json.EndObject();
  }
  json.EndList();
  json.EndObject();
  Notify("textDocument/publishDiagnostics", json);
}

void LanguageServer::PublishChanges() {
  std::sort(changed_.begin(), changed_.end());
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  for (const std::string& uri : std::exchange(changed_, {})) {
    const auto found = documents_.find(uri);
    if (found == documents_.end()) continue;
    Publish(*found->second, Diagnose(found->second->source()));
  }
}

}  // namespace quanta::lite::lsp
