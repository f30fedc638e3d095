// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "tiss_lite/engine/parallel.h"
#include "tiss_lite/engine/state.h"

/// The parts of a run's state as JSON values, and back. Readers return false if a value has not
/// the form that the writer gives it.
namespace quanta::lite {

Value WriteFiles(const Vfs::Entries& entries);
bool ReadFiles(const Value* json, Vfs::Entries* entries);

Value WriteUsage(const Usage& usage);
bool ReadUsage(const Value* json, Usage* usage);

Value WriteLastRun(const LastRun& last);
bool ReadLastRun(const Value* json, LastRun* last);

Value WriteVariables(const std::map<std::string, Value, std::less<>>& variables);
bool ReadVariables(const Value* json, std::map<std::string, Value, std::less<>>* variables);

Value WriteNames(const std::set<std::string>& names);
bool ReadNames(const Value* json, std::set<std::string>* names);

Value WriteBranch(const BranchChanges& branch);
bool ReadBranch(const Value& json, BranchChanges* branch);

/// All but `files`, `last_run`, `variables` and `usage`.
void WriteRecords(const State& state, Value* json);
bool ReadRecords(const Value& json, State* state);

/// A member that is a whole number from 0 to 2^53.
bool ReadCount(const Value& json, std::string_view key, uint64_t* count);
Value WriteCount(uint64_t count);
/// The same for a place in something: at most a million.
bool ReadIndex(const Value& json, std::string_view key, size_t* index);
bool ReadNumber(const Value& json, std::string_view key, double* number);
bool ReadText(const Value& json, std::string_view key, std::string* text);
bool ReadBoolean(const Value& json, std::string_view key, bool* boolean);

}  // namespace quanta::lite
