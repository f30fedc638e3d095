// SPDX-License-Identifier: MIT
//
// Messages, and the life of the server.
#include "tiss_lite/lsp/server.h"

#include <cmath>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/lsp/framing.h"
#include "tiss_lite/lsp/surrogates.h"

namespace quanta::lite::lsp {
namespace {

std::string JsonOf(const Value& value) {
  JsonWriter json;
  json.Write(value);
  return json.Take();
}

bool IsTrue(const Value* value) {
  return value != nullptr && value->is(Value::Kind::kBoolean) && value->boolean;
}

}  // namespace

const LanguageServer::Request LanguageServer::kRequests[] = {
    {"initialize", &LanguageServer::Initialize},
    {"shutdown", &LanguageServer::Shutdown},
    {"textDocument/completion", &LanguageServer::Complete},
    {"textDocument/hover", &LanguageServer::Hover},
    {"textDocument/definition", &LanguageServer::Definition},
    {"textDocument/references", &LanguageServer::References},
    {"textDocument/documentHighlight", &LanguageServer::Highlights},
    {"textDocument/prepareRename", &LanguageServer::PrepareRename},
    {"textDocument/rename", &LanguageServer::Rename},
    {"textDocument/formatting", &LanguageServer::Format},
    {"textDocument/documentSymbol", &LanguageServer::Symbols},
};

// Others may be ignored; one that is not known is no error.
const LanguageServer::Notification LanguageServer::kNotifications[] = {
    {"textDocument/didOpen", &LanguageServer::Open},
    {"textDocument/didChange", &LanguageServer::Change},
    {"textDocument/didClose", &LanguageServer::Close},
};

LanguageServer::LanguageServer(ServerOptions options) : options_(std::move(options)) {
  AddBuiltInTools(&tools_);
}

void LanguageServer::Take(std::string_view body) {
  using Kind = Value::Kind;
  Value message;
  if (!ParseJson(body, &message) && !ParseJson(WithWholePairs(body), &message)) {
    return ReplyFailure({}, {error_code::kParse, "the message is not JSON"});
  }
  if (!message.is(Kind::kObject)) {
    return ReplyFailure({}, {error_code::kInvalidRequest, "a message is one JSON object"});
  }
  const Value* id = message.Find("id");
  const Value* method = message.Find("method");
  const bool bad_id = id != nullptr && !id->is(Kind::kNumber) && !id->is_text();
  if (bad_id) return ReplyFailure({}, {error_code::kInvalidRequest, "an id is a number or a text"});
  if (method == nullptr &&
      (message.Find("result") != nullptr || message.Find("error") != nullptr)) {
    return;  // an answer, to nothing that was asked
  }
  const Value* version = message.Find("jsonrpc");
  if (method == nullptr || !method->is_text() || version == nullptr || version->text != "2.0") {
    return ReplyFailure(id == nullptr ? Value() : *id,
                        {error_code::kInvalidRequest, "this is no request of JSON-RPC 2.0"});
  }
  const Value* params = message.Find("params");
  const Value& given = params == nullptr ? Value() : *params;
  if (id == nullptr) {
    TakeNotification(method->text, given);
  } else {
    TakeRequest(*id, method->text, given);
  }
}

void LanguageServer::TakeRequest(const Value& id, std::string_view method, const Value& params) {
  const bool initialize = method == "initialize";
  if (state_ == State::kNew && !initialize) {
    return ReplyFailure(id, {error_code::kNotInitialized, "initialize comes first"});
  }
  if (state_ == State::kShutDown) {
    return ReplyFailure(id, {error_code::kInvalidRequest, "the server has been shut down"});
  }
  if (state_ == State::kRunning && initialize) {
    return ReplyFailure(id, {error_code::kInvalidRequest, "the server is initialized already"});
  }
  for (const Request& request : kRequests) {
    if (request.method != method) continue;
    JsonWriter result;
    const std::optional<Failure> failure = (this->*request.answer)(params, &result);
    return failure ? ReplyFailure(id, *failure) : Reply(id, result);
  }
  ReplyFailure(id, {error_code::kMethodNotFound, Concat("there is no request ", method)});
}

void LanguageServer::TakeNotification(std::string_view method, const Value& params) {
  if (method == "exit") {
    state_ = State::kExited;
    return;
  }
  if (state_ != State::kRunning) return;
  for (const Notification& notification : kNotifications) {
    if (notification.method == method) return (this->*notification.notice)(params);
  }
}

void LanguageServer::Reply(const Value& id, const JsonWriter& result) {
  output_ +=
      Framed(Concat(R"({"jsonrpc":"2.0","id":)", JsonOf(id), R"(,"result":)", result.text(), "}"));
}

void LanguageServer::ReplyFailure(const Value& id, const Failure& failure) {
  JsonWriter json;
  json.BeginObject();
  json.Key("jsonrpc").String("2.0");
  json.Key("id").Write(id);
  json.Key("error").BeginObject();
  json.Key("code").Number(failure.code);
  json.Key("message").String(failure.message);
  json.EndObject();
  json.EndObject();
  output_ += Framed(json.text());
}

void LanguageServer::Notify(std::string_view method, const JsonWriter& params) {
  output_ += Framed(
      Concat(R"({"jsonrpc":"2.0","method":")", method, R"(","params":)", params.text(), "}"));
}

void LanguageServer::Refuse(const std::string& what) {
  ReplyFailure({}, {error_code::kParse, what});
}

std::optional<LanguageServer::Failure> LanguageServer::Initialize(const Value& params,
                                                                  JsonWriter* result) {
  const Value* document = Member(params, {"capabilities", "textDocument"});
  if (document != nullptr) {
    snippets_ = IsTrue(Member(*document, {"completion", "completionItem", "snippetSupport"}));
    nested_symbols_ =
        IsTrue(Member(*document, {"documentSymbol", "hierarchicalDocumentSymbolSupport"}));
  }
  if (const Value* offered = Member(params, {"capabilities", "general", "positionEncodings"})) {
    for (const Value& one : offered->items) {
      if (one.text == "utf-8") encoding_ = Encoding::kUtf8;
    }
  }
  state_ = State::kRunning;
  JsonWriter& json = *result;
  json.BeginObject();
  json.Key("capabilities").BeginObject();
  json.Key("positionEncoding").String(encoding_ == Encoding::kUtf8 ? "utf-8" : "utf-16");
  json.Key("textDocumentSync").BeginObject();
  json.Key("openClose").Boolean(true);
  json.Key("change").Number(2);  // incremental
  json.EndObject();
  json.Key("completionProvider").BeginObject();
  json.Key("triggerCharacters").BeginList();
  for (const char* c : {"@", "{", "$", ".", "\"", "|"}) json.String(c);
  json.EndList();
  json.EndObject();
  for (const char* name :
       {"hoverProvider", "definitionProvider", "referencesProvider", "documentHighlightProvider",
        "documentFormattingProvider", "documentSymbolProvider"}) {
    json.Key(name).Boolean(true);
  }
  json.Key("renameProvider").BeginObject();
  json.Key("prepareProvider").Boolean(true);
  json.EndObject();
  json.EndObject();
  json.Key("serverInfo").BeginObject();
  json.Key("name").String("tiss-lite");
  json.Key("version").String(options_.version);
  json.EndObject();
  json.EndObject();
  return std::nullopt;
}

std::optional<LanguageServer::Failure> LanguageServer::Shutdown(const Value& /*params*/,
                                                                JsonWriter* result) {
  state_ = State::kShutDown;
  shut_down_ = true;
  result->Null();
  return std::nullopt;
}

const Value* Member(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* at = &value;
  for (const std::string_view key : path) {
    at = at->Find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool ReadPosition(const Value* value, Position* position) {
  constexpr double kMost = 2147483647;
  const auto read = [value](std::string_view key, uint32_t* out) {
    const Value* number = value->Find(key);
    if (number == nullptr || !number->is(Value::Kind::kNumber)) return false;
    if (number->number < 0 || number->number > kMost) return false;
    *out = static_cast<uint32_t>(number->number);
    return number->number == std::floor(number->number);
  };
  return value != nullptr && read("line", &position->line) &&
         read("character", &position->character);
}

void WriteRange(const Range& range, JsonWriter* json) {
  const auto write = [json](const char* key, const Position& position) {
    json->Key(key).BeginObject();
    json->Key("line").Number(position.line);
    json->Key("character").Number(position.character);
    json->EndObject();
  };
  json->BeginObject();
  write("start", range.start);
  write("end", range.end);
  json->EndObject();
}

void LanguageServer::WriteRange(const Document& document, Span span, JsonWriter* json) const {
  lsp::WriteRange(document.RangeOf(span, encoding_), json);
}

void LanguageServer::WriteLocation(const Document& document, Span span, JsonWriter* json) const {
  json->BeginObject();
  json->Key("uri").String(document.uri());
  json->Key("range");
  WriteRange(document, span, json);
  json->EndObject();
}

}  // namespace quanta::lite::lsp
