// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/token.h"

#include <utility>

#include "tiss_lite/base/json.h"
#include "tiss_lite/engine/state_json.h"

namespace quanta::lite {
namespace {

constexpr char kFormat[] = "tiss-lite-suspension";

}  // namespace

std::string ScriptHash(const Source& source) {
  // FNV-1a, 64 bits: tells scripts apart that got mixed up, not that were forged.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : source.text()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[hash >> shift & 15];
  return text;
}

// --- Writing ----------------------------------------------------------------------------

TokenWriter::TokenWriter(const ExecutionEngine& engine) : engine_(engine) {
  Number(engine_.program_.statements);
}

void TokenWriter::Number(const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    numbers_.emplace(&statement, numbers_.size());
    Number(statement.body);
    Number(statement.other);
  }
}

Value TokenWriter::IndexOf(const Statement* statement) const {
  return statement == nullptr ? Value() : WriteCount(numbers_.at(statement));
}

Value TokenWriter::Frames() const {
  Value list = Value::List();
  for (const ExecutionEngine::Frame& frame : engine_.frames_) {
    Value json = Value::Object();
    json.Set("owner", IndexOf(frame.owner));
    json.Set("other", Value::Boolean(frame.branch == ExecutionEngine::Branch::kOther));
    json.Set("index", WriteCount(frame.index));
    json.Set("directives", WriteCount(frame.directives));
    json.Set("budgets", WriteCount(frame.budgets));
    json.Set("at_entry", WriteUsage(frame.at_entry));
    json.Set("log", frame.log_entry == SIZE_MAX ? Value() : WriteCount(frame.log_entry));
    json.Set("started", Value::Number(frame.started));
    list.items.push_back(std::move(json));
  }
  return list;
}

Value TokenWriter::Parallels() const {
  Value list = Value::List();
  for (const ParallelRun& run : engine_.parallels_) {
    Value json = Value::Object(), finished = Value::List();
    std::map<std::string, Value, std::less<>> set;
    Value unset = Value::List();
    for (const auto& [name, value] : run.originals) {
      if (value) {
        set.emplace(name, *value);
      } else {
        unset.items.push_back(Value::Text(name));
      }
    }
    json.Set("variables", WriteVariables(set));
    json.Set("unset", std::move(unset));
    json.Set("last_run", WriteLastRun(run.last_run));
    json.Set("files", WriteFiles(run.files.entries()));
    json.Set("touched", WriteNames(run.outer_touched));
    json.Set("paths", WriteNames(run.outer_paths));
    json.Set("last_run_touched", Value::Boolean(run.outer_last_run_touched));
    for (const BranchChanges& branch : run.finished) {
      finished.items.push_back(WriteBranch(branch));
    }
    json.Set("finished", std::move(finished));
    list.items.push_back(std::move(json));
  }
  return list;
}

Value TokenWriter::Write() {
  const State& state = engine_.state_;
  Value token = Value::Object();
  token.Set("format", Value::Text(kFormat));
  token.Set("version", Value::Number(1));
  token.Set("script", Value::Text(ScriptHash(engine_.source_)));
  token.Set("task", Value::Text(engine_.task_));
  token.Set("seconds", Value::Number(engine_.Now()));
  token.Set("frames", Frames());
  token.Set("parallels", Parallels());
  Value directives = Value::List(), budgets = Value::List();
  for (const Statement* directive : engine_.directives_) {
    directives.items.push_back(IndexOf(directive));
  }
  for (const Budget& budget : engine_.budgets_) {
    Value json = Value::Object();
    json.Set("unit", WriteCount(static_cast<uint64_t>(budget.unit)));
    json.Set("limit", Value::Number(budget.limit));
    json.Set("used_before", Value::Number(budget.used_before));
    budgets.items.push_back(std::move(json));
  }
  token.Set("directives", std::move(directives));
  token.Set("budgets", std::move(budgets));
  token.Set("variables", WriteVariables(state.variables));
  token.Set("last_run", WriteLastRun(state.last_run));
  token.Set("usage", WriteUsage(state.usage));
  token.Set("files", WriteFiles(state.files.entries()));
  token.Set("imported", WriteFiles(state.files.imported()));
  token.Set("touched", WriteNames(state.touched));
  token.Set("last_run_touched", Value::Boolean(state.last_run_touched));
  WriteRecords(state, &token);
  return token;
}

std::string ExecutionEngine::Token() const { return TextForm(TokenWriter(*this).Write()); }

// --- Reading ----------------------------------------------------------------------------

TokenReader::TokenReader(ExecutionEngine* engine) : engine_(*engine) {
  Number(engine_.program_.statements);
}

void TokenReader::Number(const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    statements_.push_back(&statement);
    Number(statement.body);
    Number(statement.other);
  }
}

bool TokenReader::Statements(const Value* list, DirectiveStack* out) const {
  if (list == nullptr || !list->is(Value::Kind::kList)) return false;
  for (const Value& item : list->items) {
    const double number = item.is(Value::Kind::kNumber) ? item.number : -1;
    if (!(number >= 0 && number < static_cast<double>(statements_.size()))) return false;
    const Statement* statement = statements_[static_cast<size_t>(number)];
    if (statement->kind != StatementKind::kDirective) return false;
    out->push_back(statement);
  }
  return true;
}

bool TokenReader::Frames(const Value* list) {
  if (list == nullptr || !list->is(Value::Kind::kList)) return false;
  engine_.frames_.clear();
  for (const Value& json : list->items) {
    ExecutionEngine::Frame frame;
    size_t owner = 0;
    bool other = false;
    if (!ReadBoolean(json, "other", &other) || !ReadIndex(json, "index", &frame.index) ||
        !ReadIndex(json, "directives", &frame.directives) ||
        !ReadIndex(json, "budgets", &frame.budgets) ||
        !ReadUsage(json.Find("at_entry"), &frame.at_entry) ||
        !ReadNumber(json, "started", &frame.started)) {
      return false;
    }
    if (ReadIndex(json, "owner", &owner)) {
      if (owner >= statements_.size()) return false;
      frame.owner = statements_[owner];
    }
    frame.branch = other ? ExecutionEngine::Branch::kOther : ExecutionEngine::Branch::kBody;
    if (!ReadIndex(json, "log", &frame.log_entry)) frame.log_entry = SIZE_MAX;
    engine_.frames_.push_back(frame);
  }
  return true;
}

bool TokenReader::Parallels(const Value* list) {
  if (list == nullptr || !list->is(Value::Kind::kList)) return false;
  for (const Value& json : list->items) {
    ParallelRun run;
    Vfs::Entries entries;
    std::map<std::string, Value, std::less<>> set;
    std::set<std::string> unset;
    const Value* finished = json.Find("finished");
    if (!ReadVariables(json.Find("variables"), &set) || !ReadNames(json.Find("unset"), &unset) ||
        !ReadLastRun(json.Find("last_run"), &run.last_run) ||
        !ReadFiles(json.Find("files"), &entries) ||
        !ReadNames(json.Find("touched"), &run.outer_touched) ||
        !ReadNames(json.Find("paths"), &run.outer_paths) ||
        !ReadBoolean(json, "last_run_touched", &run.outer_last_run_touched) ||
        finished == nullptr || !finished->is(Value::Kind::kList)) {
      return false;
    }
    for (auto& [name, value] : set) run.originals.emplace(name, std::move(value));
    for (const std::string& name : unset) run.originals.emplace(name, std::nullopt);
    run.files = engine_.state_.files;
    run.files.Reset(engine_.state_.files.imported());
    for (auto& [path, entry] : entries) {
      if (!run.files.Apply(path, std::move(entry))) return false;
    }
    // Of these, the ones that the branch has taken away or changed matter when it ends.
    std::set<std::string>& touched = engine_.state_.files.touched();
    for (const auto& [path, entry] : run.files.entries()) touched.insert(path);
    for (const Value& branch : finished->items) {
      if (!ReadBranch(branch, &run.finished.emplace_back())) return false;
    }
    engine_.parallels_.push_back(std::move(run));
  }
  return true;
}

/// The frames lead from the script to a statement that can wait, each in the block before it.
bool TokenReader::CheckFrames() const {
  const auto& frames = engine_.frames_;
  if (frames.empty() || frames[0].owner != nullptr) return false;
  size_t parallels = 0, directives = 0, budgets = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto& frame = frames[i];
    const std::vector<Statement>& block = engine_.BlockOf(frame);
    if (frame.index >= block.size()) return false;
    if (frame.directives < directives || frame.budgets < budgets) return false;
    directives = frame.directives;
    budgets = frame.budgets;
    parallels += frame.owner != nullptr && frame.owner->kind == StatementKind::kParallel;
    const Statement& current = block[frame.index];
    if (i + 1 < frames.size()) {
      if (frames[i + 1].owner != &current) return false;
    } else if (current.kind != StatementKind::kRequestReview &&
               current.kind != StatementKind::kPause) {
      return false;
    }
  }
  return parallels == engine_.parallels_.size() && directives <= engine_.directives_.size() &&
         budgets <= engine_.budgets_.size();
}

bool TokenReader::All(const Value& token) {
  State& state = engine_.state_;
  Vfs::Entries files, imported;
  const Value* budgets = token.Find("budgets");
  double seconds = 0;
  // What the script binds at its start is in the token, as it is by now.
  state.variables.clear();
  state.touched.clear();
  if (!ReadText(token, "task", &engine_.task_) || !ReadNumber(token, "seconds", &seconds) ||
      !Frames(token.Find("frames")) ||
      !Statements(token.Find("directives"), &engine_.directives_) ||
      !ReadVariables(token.Find("variables"), &state.variables) ||
      !ReadLastRun(token.Find("last_run"), &state.last_run) ||
      !ReadUsage(token.Find("usage"), &state.usage) || !ReadFiles(token.Find("files"), &files) ||
      !ReadFiles(token.Find("imported"), &imported) ||
      !ReadNames(token.Find("touched"), &state.touched) ||
      !ReadBoolean(token, "last_run_touched", &state.last_run_touched) ||
      !ReadRecords(token, &state) || budgets == nullptr || !budgets->is(Value::Kind::kList)) {
    return false;
  }
  for (const Value& json : budgets->items) {
    Budget& budget = engine_.budgets_.emplace_back();
    uint64_t unit = 0;
    if (!ReadCount(json, "unit", &unit) || unit > static_cast<uint64_t>(Budget::Unit::kTokens) ||
        !ReadNumber(json, "limit", &budget.limit) ||
        !ReadNumber(json, "used_before", &budget.used_before)) {
      return false;
    }
    budget.unit = static_cast<Budget::Unit>(unit);
  }
  state.variables_bytes = 0;
  for (const auto& [name, value] : state.variables) state.variables_bytes += ValueBytes(value);
  state.files.Reset(std::move(imported));
  for (auto& [path, entry] : files) {
    if (!state.files.Apply(path, std::move(entry))) return false;
  }
  engine_.virtual_now_ = seconds;
  engine_.clock_start_ -= seconds;
  return Parallels(token.Find("parallels")) && CheckFrames();
}

std::string TokenReader::Read(const Value& token) {
  std::string format, script;
  double version = 0;
  if (!ReadText(token, "format", &format) || format != kFormat) {
    return "this is not a suspended run";
  }
  if (!ReadNumber(token, "version", &version) || version != 1) {
    return "the suspended run is of another version";
  }
  if (!ReadText(token, "script", &script) || script != ScriptHash(engine_.source_)) {
    return "the run was suspended in another script";
  }
  if (!engine_.Start()) return engine_.error_->message;
  if (!All(token)) return "the suspended run is damaged";
  for (size_t i = 0; i < engine_.directives_.size(); ++i) {
    const Statement& directive = *engine_.directives_[i];
    const bool outer = engine_.frames_.size() < 2 || i < engine_.frames_[1].directives;
    if (directive.text != "requires" || outer) continue;
    Capabilities wanted;
    static_cast<void>(ReadRequires(directive.value, &wanted));
    engine_.narrowed_.emplace_back(i + 1, engine_.capabilities().Intersect(wanted));
  }
  engine_.started_ = true;
  engine_.status_ = RunStatus::kSuspended;
  return {};
}

std::string ExecutionEngine::Restore(std::string_view token) {
  Value json;
  if (!ParseJson(token, &json)) return "this is not a suspended run";
  return TokenReader(this).Read(json);
}

}  // namespace quanta::lite
