// SPDX-License-Identifier: MIT
//
// The result of a run as JSON.
#include "tiss_lite/engine/engine.h"

namespace quanta::lite {
namespace {

const char* NameOf(LogEntry::Status status) {
  switch (status) {
    case LogEntry::Status::kRunning:
      return "RUNNING";
    case LogEntry::Status::kSuccess:
      return "SUCCESS";
    case LogEntry::Status::kFailure:
      return "FAILURE";
    case LogEntry::Status::kSkipped:
      return "SKIPPED";
  }
  return "";
}

void WriteLog(const State& state, JsonWriter* json) {
  json->Key("log").BeginList();
  for (const LogEntry& entry : state.log) {
    json->BeginObject();
    json->Key("type").String(entry.type);
    json->Key("line").Number(entry.line);
    if (!entry.text.empty()) json->Key("description").String(entry.text);
    json->Key("status").String(NameOf(entry.status));
    json->Key("duration_ms").Number(entry.duration_ms);
    if (!entry.error.empty()) json->Key("error").String(entry.error);
    json->EndObject();
  }
  json->EndList();
  json->Key("messages").BeginList();
  for (const std::string& message : state.messages) json->String(message);
  json->EndList();
  if (state.log_dropped + state.messages_dropped == 0) return;
  json->Key("dropped").BeginObject();
  json->Key("log").Number(static_cast<double>(state.log_dropped));
  json->Key("messages").Number(static_cast<double>(state.messages_dropped));
  json->EndObject();
}

void WriteLastRun(const LastRun& last, JsonWriter* json) {
  json->Key("last_run").BeginObject();
  for (const char* name : {"STDOUT", "STDERR", "EXIT_CODE", "EXECUTION_TIME", "COMMAND",
                           "TRUNCATED", "FILE_CONTENT"}) {
    if (const auto value = last.Field(name)) json->Key(name).Write(*value);
  }
  json->EndObject();
}

void WriteUsage(const Usage& usage, JsonWriter* json) {
  json->Key("usage").BeginObject();
  json->Key("api_calls").Number(static_cast<double>(usage.api_calls));
  json->Key("tokens").Number(static_cast<double>(usage.tokens));
  json->Key("runs").Number(static_cast<double>(usage.runs));
  json->Key("statements").Number(static_cast<double>(usage.statements));
  json->Key("seconds").Number(usage.seconds);
  json->EndObject();
}

void WriteExchanges(const State& state, JsonWriter* json) {
  json->Key("prompts").BeginList();
  for (const Exchange& exchange : state.exchanges) {
    json->BeginObject();
    json->Key("line").Number(exchange.line);
    json->Key("prompt").String(exchange.prompt);
    json->Key("answer").String(exchange.answer);
    json->Key("prompt_tokens").Number(static_cast<double>(exchange.prompt_tokens));
    json->Key("new_tokens").Number(static_cast<double>(exchange.new_tokens));
    if (!exchange.stopped_by.empty()) json->Key("stopped_by").String(exchange.stopped_by);
    json->EndObject();
  }
  json->EndList();
}

}  // namespace

void ExecutionEngine::WriteError(JsonWriter* json) const {
  if (!error_) {
    json->Null();
    return;
  }
  json->BeginObject();
  json->Key("code").String(error_->code);
  json->Key("line").Number(error_->line);
  json->Key("message").String(error_->message);
  json->EndObject();
}

void ExecutionEngine::WriteResult(JsonWriter* json) const {
  json->BeginObject();
  json->Key("status").String(StatusName(status_));
  json->Key("halted").Boolean(status_ != RunStatus::kOk);
  json->Key("error");
  WriteError(json);
  json->Key("task");
  task_.empty() ? json->Null() : json->String(task_);
  WriteLog(state_, json);
  json->Key("vars").BeginObject();
  for (const auto& [name, value] : state_.variables) json->Key(name).Write(value);
  json->EndObject();
  WriteLastRun(state_.last_run, json);
  json->Key("choices").BeginList();
  for (const std::string& choice : state_.choices) json->String(choice);
  json->EndList();
  WriteExchanges(state_, json);
  WriteUsage(state_.usage, json);
  json->Key("files").BeginList();
  for (const Vfs::Change& change : state_.files.Changes()) json->String(change.path);
  json->EndList();
  json->Key("warnings").BeginList();
  for (const Warning& warning : state_.warnings) {
    json->BeginObject();
    json->Key("line").Number(warning.line);
    json->Key("message").String(warning.message);
    json->EndObject();
  }
  json->EndList();
  if (status_ == RunStatus::kSuspended) {
    json->Key("review").BeginObject();
    json->Key("kind").String(pending_.pause ? "pause" : "review");
    json->Key("line").Number(pending_.line);
    json->Key("message").String(pending_.message);
    json->EndObject();
    json->Key("resume").String(Token());
  }
  json->EndObject();
}

std::string ExecutionEngine::ResultJson(int indent) const {
  JsonWriter json(indent);
  WriteResult(&json);
  return json.Take();
}

}  // namespace quanta::lite
