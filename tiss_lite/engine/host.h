// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tiss_lite/base/value.h"
#include "tiss_lite/policy/audit.h"
#include "tiss_lite/shell/host_programs.h"
#include "tiss_lite/shell/tool.h"

/// What a run meets the world through. The host implements what it wants to offer; a null
/// pointer means that there is none.
namespace quanta::lite {

struct AgentRequest {
  std::string prompt;
  std::string persona, lens, language;
  bool json = false;  ///< @output "json": the answer must be one JSON value
  uint32_t max_tokens = 128;
  uint32_t context = 0;  ///< 0: the model's
  double temperature = 0;
  double top_p = 1;
  uint64_t seed = 0;
  std::vector<std::string> stop;
  /// Hints by directive: quality, retrieve, sources, cache.prefer, plan.
  Value hints = Value::Object();
};

struct AgentReply {
  bool ok = true;
  std::string text;  ///< what was said; else why nothing was
  uint64_t prompt_tokens = 0, new_tokens = 0;
  /// "end": it was done; "stop": at a stop text; "tokens", "context": cut there.
  std::string stopped_by;
  double seconds = 0;  ///< for the clock that only stands for time
};

class Agent {
 public:
  virtual ~Agent() = default;
  virtual AgentReply Answer(const AgentRequest& request) = 0;
  /// How many tokens the agent's tokenizer makes of a text.
  virtual uint64_t CountTokens(std::string_view text) = 0;
  /// The prompt_tokens that Answer(request) would tell: with what the agent adds to the prompt.
  virtual uint64_t CountPrompt(const AgentRequest& request) { return CountTokens(request.prompt); }
};

struct ReviewRequest {
  bool pause = false;  ///< PAUSE, else REQUEST_REVIEW
  uint32_t line = 0;
  std::string message;
  std::string summary;  ///< one line: what the run has done so far
};

struct ReviewReply {
  enum class Answer : uint8_t { kNone, kApprove, kReject };
  Answer answer = Answer::kNone;  ///< none: the run is suspended
  std::string comment;
};

class Reviewer {
 public:
  virtual ~Reviewer() = default;
  virtual ReviewReply Review(const ReviewRequest& request) = 0;
};

/// What a piece of script would use if it ran.
struct Estimate {
  uint64_t api_calls = 0, runs = 0, writes = 0, tokens = 0;
  double seconds = 0;
};

struct Alternative {
  std::string description;
  Estimate estimate;
};

class Chooser {
 public:
  virtual ~Chooser() = default;
  /// An index into `alternatives`, which are one at least.
  virtual size_t Choose(const std::vector<Alternative>& alternatives) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual double Seconds() = 0;  ///< since any moment; never goes back
};

/// What the time of a statement is estimated to be.
struct Rates {
  double seconds_per_prompt = 0, seconds_per_token = 0, seconds_per_run = 0;
};

struct Host {
  const ToolRegistry* tools = nullptr;  ///< required
  Agent* agent = nullptr;
  Reviewer* reviewer = nullptr;
  Chooser* chooser = nullptr;
  Clock* clock = nullptr;  ///< used if the run has the capability
  AuditSink* audit = nullptr;
  HostPrograms* programs = nullptr;  ///< what "run:host:NAME" runs
  Rates rates;
};

}  // namespace quanta::lite
