// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/language/completion.h"
#include "tiss_lite/lsp/document.h"
#include "tiss_lite/policy/profile.h"
#include "tiss_lite/syntax/diagnostic.h"

/// A server of the Language Server Protocol, version 3.17, for TissLang. It knows no streams:
/// whoever owns them feeds messages and sends what comes out.
namespace quanta::lite::lsp {

struct ServerOptions {
  std::string version = "0";  ///< of the program
  Profile profile;            ///< what scripts may do: for hints on tools
  bool strict = false;
  std::vector<std::string> variables;  ///< set before scripts begin
};

class LanguageServer {
 public:
  explicit LanguageServer(ServerOptions options);

  /// Takes the body of a message. What is no request of the protocol is answered as JSON-RPC
  /// 2.0 says, or ignored where it says so.
  void Take(std::string_view body);
  /// Tells the other side that a message could not be read.
  void Refuse(const std::string& what);
  /// Publishes the diagnostics of the documents that were changed. To be called when no message
  /// waits, so that fast typing does not pile up work.
  void PublishChanges();

  /// The messages to send, framed.
  std::string TakeOutput() { return std::exchange(output_, {}); }
  bool exited() const { return state_ == State::kExited; }
  /// 0 if the other side said shutdown before it left.
  int exit_code() const { return shut_down_ ? 0 : 1; }

 private:
  enum class State : uint8_t { kNew, kRunning, kShutDown, kExited };
  struct Failure {
    int code;
    std::string message;
  };
  /// Writes one JSON value, the result, or returns what is wrong.
  using Answer = std::optional<Failure> (LanguageServer::*)(const Value& params,
                                                            JsonWriter* result);
  using Notice = void (LanguageServer::*)(const Value& params);
  struct Request {
    std::string_view method;
    Answer answer;
  };
  struct Notification {
    std::string_view method;
    Notice notice;
  };
  static const Request kRequests[];
  static const Notification kNotifications[];

  // server.cc: messages and the server's life
  void TakeRequest(const Value& id, std::string_view method, const Value& params);
  void TakeNotification(std::string_view method, const Value& params);
  void Reply(const Value& id, const JsonWriter& result);
  void ReplyFailure(const Value& id, const Failure& failure);
  void Notify(std::string_view method, const JsonWriter& params);
  std::optional<Failure> Initialize(const Value& params, JsonWriter* result);
  std::optional<Failure> Shutdown(const Value& params, JsonWriter* result);

  // documents.cc: what is open, and what is wrong in it
  void Open(const Value& params);
  void Change(const Value& params);
  void Close(const Value& params);
  void Publish(const Document& document, const std::vector<Diagnostic>& diagnostics);
  std::vector<Diagnostic> Diagnose(const Source& source) const;
  void Tell(std::string text);
  Document* FindDocument(const Value& params);

  // features.cc: requests about a place
  struct Place {
    Document* document = nullptr;
    uint32_t offset = 0;
  };
  struct Variable {
    const Document* document = nullptr;
    const DraftName* here = nullptr;  ///< null: there is no variable at the place
    std::string_view name;
    std::vector<const DraftName*> places;
    bool MayBeRenamed() const { return here != nullptr && name != "LAST_RESPONSE"; }
  };
  std::optional<Failure> ReadPlace(const Value& params, Place* place);
  std::optional<Failure> ReadVariable(const Value& params, Variable* variable);
  std::optional<Failure> Complete(const Value& params, JsonWriter* result);
  std::optional<Failure> Hover(const Value& params, JsonWriter* result);
  std::optional<Failure> Definition(const Value& params, JsonWriter* result);
  std::optional<Failure> References(const Value& params, JsonWriter* result);
  std::optional<Failure> Highlights(const Value& params, JsonWriter* result);
  std::optional<Failure> PrepareRename(const Value& params, JsonWriter* result);
  std::optional<Failure> Rename(const Value& params, JsonWriter* result);
  std::string MeaningsAt(const Place& place, Span* span) const;

  // whole_document.cc: requests about all of a document
  std::optional<Failure> Format(const Value& params, JsonWriter* result);
  std::optional<Failure> Symbols(const Value& params, JsonWriter* result);

  void WriteRange(const Document& document, Span span, JsonWriter* json) const;
  void WriteLocation(const Document& document, Span span, JsonWriter* json) const;
  ToolsInReach Reach() const { return {&tools_, &options_.profile.capabilities}; }

  ServerOptions options_;
  ToolRegistry tools_;
  State state_ = State::kNew;
  bool shut_down_ = false;
  Encoding encoding_ = Encoding::kUtf16;
  bool snippets_ = false;        ///< the other side knows snippets
  bool nested_symbols_ = false;  ///< and symbols within symbols
  std::map<std::string, std::unique_ptr<Document>, std::less<>> documents_;
  std::vector<std::string> changed_;  ///< URIs whose diagnostics are to be published
  Document* warm_ = nullptr;          ///< the one that keeps its draft
  std::string output_;
};

/// A range as a JSON object.
void WriteRange(const Range& range, JsonWriter* json);
/// A member of nested objects, e.g. "textDocument", "uri"; null if it is not there.
const Value* Member(const Value& value, std::initializer_list<std::string_view> path);
/// False if `value` is no position.
bool ReadPosition(const Value* value, Position* position);

namespace error_code {
constexpr int kParse = -32700, kInvalidRequest = -32600, kMethodNotFound = -32601,
              kInvalidParams = -32602, kNotInitialized = -32002, kRequestFailed = -32803;
}  // namespace error_code

}  // namespace quanta::lite::lsp
