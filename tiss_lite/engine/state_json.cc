// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/state_json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tiss_lite/base/base64.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/syntax/ast.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

using EntryKind = Vfs::Entry::Kind;

bool IsObject(const Value* json) { return json != nullptr && json->is(Value::Kind::kObject); }
bool IsList(const Value* json) { return json != nullptr && json->is(Value::Kind::kList); }

/// A file is a text, or {"base64"}; a folder {"folder": opaque}; gone: null.
Value WriteEntry(const Vfs::Entry& entry) {
  if (entry.kind == EntryKind::kGone) return {};
  if (entry.kind == EntryKind::kFile && IsUtf8(*entry.bytes)) return Value::Text(*entry.bytes);
  Value object = Value::Object();
  if (entry.kind == EntryKind::kFile) {
    object.Set("base64", Value::Text(EncodeBase64(*entry.bytes)));
  } else {
    object.Set("folder", Value::Boolean(entry.opaque));
  }
  return object;
}

bool ReadEntry(const Value& json, Vfs::Entry* entry) {
  std::string bytes;
  entry->kind = EntryKind::kFile;
  if (json.is(Value::Kind::kNull)) {
    entry->kind = EntryKind::kGone;
    return true;
  }
  if (json.is_text()) {
    entry->bytes = MakeBytes(json.text);
    return true;
  }
  if (const Value* text = json.Find("base64")) {
    if (!text->is_text() || !DecodeBase64(text->text, &bytes)) return false;
    entry->bytes = MakeBytes(std::move(bytes));
    return true;
  }
  entry->kind = EntryKind::kFolder;
  return ReadBoolean(json, "folder", &entry->opaque);
}

bool IsResolved(const std::string& path) {
  std::string resolved;
  return ResolvePath(path, &resolved) == nullptr && resolved == path && !path.empty();
}

void Append(Value* object, std::string key, Value value) {
  object->keys.push_back(std::move(key));  // each comes once: Set() would look through all
  object->items.push_back(std::move(value));
}

Value WriteTexts(const std::vector<std::string>& texts) {
  Value list = Value::List();
  for (const std::string& text : texts) list.items.push_back(Value::Text(text));
  return list;
}

bool ReadTexts(const Value* json, std::vector<std::string>* texts) {
  if (!IsList(json)) return false;
  for (const Value& item : json->items) {
    if (!item.is_text()) return false;
    texts->push_back(item.text);
  }
  return true;
}

Value WriteLogEntry(const LogEntry& entry) {
  Value json = Value::Object();
  json.Set("type", Value::Text(std::string(entry.type)));
  json.Set("line", WriteCount(entry.line));
  json.Set("status", WriteCount(static_cast<uint64_t>(entry.status)));
  json.Set("ms", Value::Number(entry.duration_ms));
  json.Set("text", Value::Text(entry.text));
  json.Set("error", Value::Text(entry.error));
  return json;
}

bool ReadLogEntry(const Value& json, LogEntry* entry) {
  std::string type;
  uint64_t line = 0, status = 0;
  if (!ReadText(json, "type", &type) || !ReadCount(json, "line", &line) ||
      !ReadCount(json, "status", &status) || !ReadNumber(json, "ms", &entry->duration_ms) ||
      !ReadText(json, "text", &entry->text) || !ReadText(json, "error", &entry->error) ||
      status > static_cast<uint64_t>(LogEntry::Status::kSkipped)) {
    return false;
  }
  for (int i = 0; i <= static_cast<int>(StatementKind::kBinding); ++i) {
    const char* name = TypeName(static_cast<StatementKind>(i));
    if (type == name) entry->type = name;
  }
  entry->line = static_cast<uint32_t>(line);
  entry->status = static_cast<LogEntry::Status>(status);
  return !entry->type.empty();
}

Value WriteExchange(const Exchange& exchange) {
  Value json = Value::Object();
  json.Set("line", WriteCount(exchange.line));
  json.Set("prompt", Value::Text(exchange.prompt));
  json.Set("answer", Value::Text(exchange.answer));
  json.Set("prompt_tokens", WriteCount(exchange.prompt_tokens));
  json.Set("new_tokens", WriteCount(exchange.new_tokens));
  if (!exchange.stopped_by.empty()) json.Set("stopped_by", Value::Text(exchange.stopped_by));
  return json;
}

bool ReadExchange(const Value& json, Exchange* exchange) {
  uint64_t line = 0;
  const bool ok = ReadCount(json, "line", &line) && ReadText(json, "prompt", &exchange->prompt) &&
                  ReadText(json, "answer", &exchange->answer) &&
                  ReadCount(json, "prompt_tokens", &exchange->prompt_tokens) &&
                  ReadCount(json, "new_tokens", &exchange->new_tokens);
  // Not all agents say it.
  static_cast<void>(ReadText(json, "stopped_by", &exchange->stopped_by));
  exchange->line = static_cast<uint32_t>(line);
  return ok;
}

}  // namespace

bool ReadNumber(const Value& json, std::string_view key, double* number) {
  const Value* value = json.Find(key);
  if (value == nullptr || !value->is(Value::Kind::kNumber)) return false;
  *number = value->number;
  return true;
}

bool ReadCount(const Value& json, std::string_view key, uint64_t* count) {
  constexpr double kMost = 9007199254740992;
  double number = 0;
  if (!ReadNumber(json, key, &number)) return false;
  if (number < 0 || number > kMost || number != std::floor(number)) return false;
  *count = static_cast<uint64_t>(number);
  return true;
}

bool ReadIndex(const Value& json, std::string_view key, size_t* index) {
  constexpr uint64_t kMost = 1000000;
  uint64_t count = 0;
  if (!ReadCount(json, key, &count) || count > kMost) return false;
  *index = static_cast<size_t>(count);
  return true;
}

Value WriteCount(uint64_t count) { return Value::Number(static_cast<double>(count)); }

bool ReadText(const Value& json, std::string_view key, std::string* text) {
  const Value* value = json.Find(key);
  if (value == nullptr || !value->is_text()) return false;
  *text = value->text;
  return true;
}

bool ReadBoolean(const Value& json, std::string_view key, bool* boolean) {
  const Value* value = json.Find(key);
  if (value == nullptr || !value->is(Value::Kind::kBoolean)) return false;
  *boolean = value->boolean;
  return true;
}

Value WriteFiles(const Vfs::Entries& entries) {
  Value json = Value::Object();
  for (const auto& [path, entry] : entries) Append(&json, path, WriteEntry(entry));
  return json;
}

bool ReadFiles(const Value* json, Vfs::Entries* entries) {
  if (!IsObject(json)) return false;
  for (size_t i = 0; i < json->items.size(); ++i) {
    Vfs::Entry entry;
    if (!IsResolved(json->keys[i]) || !ReadEntry(json->items[i], &entry)) return false;
    (*entries)[json->keys[i]] = std::move(entry);
  }
  return true;
}

Value WriteUsage(const Usage& usage) {
  Value json = Value::Object();
  json.Set("api_calls", WriteCount(usage.api_calls));
  json.Set("tokens", WriteCount(usage.tokens));
  json.Set("runs", WriteCount(usage.runs));
  json.Set("statements", WriteCount(usage.statements));
  json.Set("reviews", WriteCount(usage.reviews));
  json.Set("seconds", Value::Number(usage.seconds));
  return json;
}

bool ReadUsage(const Value* json, Usage* usage) {
  return IsObject(json) && ReadCount(*json, "api_calls", &usage->api_calls) &&
         ReadCount(*json, "tokens", &usage->tokens) && ReadCount(*json, "runs", &usage->runs) &&
         ReadCount(*json, "statements", &usage->statements) &&
         ReadCount(*json, "reviews", &usage->reviews) &&
         ReadNumber(*json, "seconds", &usage->seconds);
}

Value WriteLastRun(const LastRun& last) {
  Value json = Value::Object();
  json.Set("ran", Value::Boolean(last.ran));
  json.Set("out", Value::Text(last.out));
  json.Set("err", Value::Text(last.err));
  json.Set("command", Value::Text(last.command));
  json.Set("exit_code", Value::Number(last.exit_code));
  json.Set("seconds", Value::Number(last.seconds));
  json.Set("truncated", Value::Boolean(last.truncated));
  if (last.file_content) json.Set("file_content", Value::Text(*last.file_content));
  return json;
}

bool ReadLastRun(const Value* json, LastRun* last) {
  double code = 0;
  const bool ok = IsObject(json) && ReadBoolean(*json, "ran", &last->ran) &&
                  ReadText(*json, "out", &last->out) && ReadText(*json, "err", &last->err) &&
                  ReadText(*json, "command", &last->command) &&
                  ReadNumber(*json, "exit_code", &code) &&
                  ReadNumber(*json, "seconds", &last->seconds) &&
                  ReadBoolean(*json, "truncated", &last->truncated) && std::fabs(code) < 1e6;
  if (!ok) return false;
  last->exit_code = static_cast<int>(code);
  std::string content;
  if (ReadText(*json, "file_content", &content)) last->file_content = std::move(content);
  return true;
}

Value WriteVariables(const std::map<std::string, Value, std::less<>>& variables) {
  Value json = Value::Object();
  for (const auto& [name, value] : variables) Append(&json, name, value);
  return json;
}

bool ReadVariables(const Value* json, std::map<std::string, Value, std::less<>>* variables) {
  if (!IsObject(json)) return false;
  for (size_t i = 0; i < json->items.size(); ++i) {
    (*variables)[json->keys[i]] = json->items[i];
  }
  return true;
}

Value WriteNames(const std::set<std::string>& names) {
  return WriteTexts({names.begin(), names.end()});
}

bool ReadNames(const Value* json, std::set<std::string>* names) {
  std::vector<std::string> texts;
  if (!ReadTexts(json, &texts)) return false;
  names->insert(texts.begin(), texts.end());
  return true;
}

Value WriteBranch(const BranchChanges& branch) {
  Value json = Value::Object(), files = Value::Object(), removed = Value::List();
  json.Set("line", WriteCount(branch.line));
  json.Set("variables", WriteVariables({branch.variables.begin(), branch.variables.end()}));
  if (branch.last_run) json.Set("last_run", WriteLastRun(*branch.last_run));
  for (const auto& [path, entry] : branch.files) {
    if (entry) {
      Append(&files, path, WriteEntry(*entry));
    } else {
      removed.items.push_back(Value::Text(path));
    }
  }
  json.Set("files", std::move(files));
  json.Set("removed", std::move(removed));
  return json;
}

bool ReadBranch(const Value& json, BranchChanges* branch) {
  uint64_t line = 0;
  std::map<std::string, Value, std::less<>> variables;
  Vfs::Entries files;
  std::vector<std::string> removed;
  if (!ReadCount(json, "line", &line) || !ReadVariables(json.Find("variables"), &variables) ||
      !ReadFiles(json.Find("files"), &files) || !ReadTexts(json.Find("removed"), &removed)) {
    return false;
  }
  branch->line = static_cast<uint32_t>(line);
  branch->variables.insert(variables.begin(), variables.end());
  for (auto& [path, entry] : files) branch->files.emplace(path, std::move(entry));
  for (const std::string& path : removed) {
    if (!IsResolved(path)) return false;
    branch->files.emplace(path, std::nullopt);
  }
  if (json.Find("last_run") == nullptr) return true;
  return ReadLastRun(json.Find("last_run"), &branch->last_run.emplace());
}

void WriteRecords(const State& state, Value* json) {
  Value log = Value::List(), exchanges = Value::List(), warnings = Value::List();
  for (const LogEntry& entry : state.log) log.items.push_back(WriteLogEntry(entry));
  for (const Exchange& exchange : state.exchanges) {
    exchanges.items.push_back(WriteExchange(exchange));
  }
  for (const Warning& warning : state.warnings) {
    Value item = Value::Object();
    item.Set("line", WriteCount(warning.line));
    item.Set("message", Value::Text(warning.message));
    warnings.items.push_back(std::move(item));
  }
  json->Set("log", std::move(log));
  json->Set("log_dropped", WriteCount(state.log_dropped));
  json->Set("messages", WriteTexts(state.messages));
  json->Set("messages_dropped", WriteCount(state.messages_dropped));
  json->Set("choices", WriteTexts(state.choices));
  json->Set("exchanges", std::move(exchanges));
  json->Set("warnings", std::move(warnings));
  json->Set("settings", WriteVariables({state.settings.begin(), state.settings.end()}));
  json->Set("work_left", WriteCount(state.work_left));
  if (!state.estimate) return;
  Value estimate = Value::Object();
  estimate.Set("api_calls", WriteCount(state.estimate->api_calls));
  estimate.Set("runs", WriteCount(state.estimate->runs));
  estimate.Set("writes", WriteCount(state.estimate->writes));
  estimate.Set("tokens", WriteCount(state.estimate->tokens));
  estimate.Set("seconds", Value::Number(state.estimate->seconds));
  json->Set("estimate", std::move(estimate));
}

bool ReadRecords(const Value& json, State* state) {
  const Value *log = json.Find("log"), *exchanges = json.Find("exchanges");
  const Value *warnings = json.Find("warnings"), *estimate = json.Find("estimate");
  uint64_t work = 0;
  if (!IsList(log) || !IsList(exchanges) || !IsList(warnings)) return false;
  for (const Value& item : log->items) {
    if (!ReadLogEntry(item, &state->log.emplace_back())) return false;
  }
  for (const Value& item : exchanges->items) {
    if (!ReadExchange(item, &state->exchanges.emplace_back())) return false;
  }
  for (const Value& item : warnings->items) {
    uint64_t line = 0;
    Warning& warning = state->warnings.emplace_back();
    if (!ReadCount(item, "line", &line) || !ReadText(item, "message", &warning.message)) {
      return false;
    }
    warning.line = static_cast<uint32_t>(line);
  }
  std::map<std::string, Value, std::less<>> settings;
  if (!ReadCount(json, "log_dropped", &state->log_dropped) ||
      !ReadCount(json, "messages_dropped", &state->messages_dropped) ||
      !ReadTexts(json.Find("messages"), &state->messages) ||
      !ReadTexts(json.Find("choices"), &state->choices) ||
      !ReadVariables(json.Find("settings"), &settings) || !ReadCount(json, "work_left", &work)) {
    return false;
  }
  state->settings.insert(settings.begin(), settings.end());
  for (const std::string& message : state->messages) state->message_bytes += message.size();
  state->work_left = std::min(state->work_left, work);
  if (estimate == nullptr) return true;
  Estimate& e = state->estimate.emplace();
  return ReadCount(*estimate, "api_calls", &e.api_calls) && ReadCount(*estimate, "runs", &e.runs) &&
         ReadCount(*estimate, "writes", &e.writes) && ReadCount(*estimate, "tokens", &e.tokens) &&
         ReadNumber(*estimate, "seconds", &e.seconds);
}

}  // namespace quanta::lite
