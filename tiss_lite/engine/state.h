// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tiss_lite/engine/host.h"
#include "tiss_lite/vfs/vfs.h"

namespace quanta::lite {

/// What LAST_RUN holds. All of it is unset until a RUN or READ sets it.
struct LastRun {
  bool ran = false;
  std::string out, err, command;
  int exit_code = 0;
  double seconds = 0;
  bool truncated = false;
  std::optional<std::string> file_content;

  /// The value of a field by its name in upper case; none: unset.
  std::optional<Value> Field(std::string_view name) const;
};

/// What a run has used. The difference of two of these is what happened between.
struct Usage {
  uint64_t api_calls = 0, tokens = 0, runs = 0, statements = 0, reviews = 0;
  double seconds = 0;
};

struct LogEntry {
  std::string_view type;
  uint32_t line = 0;
  enum class Status : uint8_t { kRunning, kSuccess, kFailure, kSkipped } status = Status::kRunning;
  double duration_ms = 0;
  std::string text;   ///< the description of a block
  std::string error;  ///< its code
};

/// An exchange with the agent.
struct Exchange {
  uint32_t line = 0;
  std::string prompt, answer;
  uint64_t prompt_tokens = 0, new_tokens = 0;
  std::string stopped_by;  ///< as in AgentReply
};

struct Warning {
  uint32_t line = 0;
  std::string message;
};

/// Everything that a run knows and has done: what a suspended run must keep.
struct State {
  std::map<std::string, Value, std::less<>> variables;
  LastRun last_run;
  Vfs files;
  Usage usage;
  std::optional<Estimate> estimate;
  std::vector<LogEntry> log;
  uint64_t log_dropped = 0;
  std::vector<std::string> messages;
  size_t message_bytes = 0;
  uint64_t messages_dropped = 0;
  std::vector<std::string> choices;
  std::vector<Exchange> exchanges;
  std::vector<Warning> warnings;
  std::map<std::string, Value> settings;  ///< SET_BUDGET of other names
  uint64_t work_left = 0;
  size_t variables_bytes = 0;  ///< of all variables

  /// Variables set, and whether LAST_RUN was, since the current branch of a PARALLEL began.
  std::set<std::string> touched;
  bool last_run_touched = false;
};

}  // namespace quanta::lite
