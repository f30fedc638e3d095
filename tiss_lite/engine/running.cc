// SPDX-License-Identifier: MIT
//
// RUN, PROMPT_AGENT and reviews: what leaves the interpreter.
#include <algorithm>
#include <utility>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/base/utf8.h"
#include "tiss_lite/engine/engine.h"
#include "tiss_lite/shell/shell.h"
#include "tiss_lite/syntax/interpolation.h"

namespace quanta::lite {

using Kind = StatementKind;

bool ExecutionEngine::BuildCommand(const Statement& statement, CommandText* command,
                                   std::string* text) {
  for (const TextPiece& piece : SplitTemplate(statement.text)) {
    std::string form(piece.text);
    if (piece.kind == TextPiece::Kind::kName) {
      if (const std::optional<Value> value = ValueOf(piece.name)) {
        form = TextForm(*value);
      } else {
        Warn(Concat(piece.text, " has no value and was left as it is"));
      }
    }
    if (text->size() + form.size() > options_.profile.limits.text_bytes) {
      return Fail("R308", "a text with its values put in is too long");
    }
    if (piece.kind == TextPiece::Kind::kText) {
      command->AddPlain(form);
    } else {
      command->AddInert(form);
    }
    *text += form;
  }
  constexpr uint64_t kWorkPerByte = 4;  // to tell its words apart
  return Spend(kWorkPerByte * text->size());
}

bool ExecutionEngine::CheckTime() {
  state_.usage.seconds = Now();
  for (const Budget& budget : budgets_) {
    if (budget.unit == Budget::Unit::kSeconds && budget.Left(state_.usage) < 0) {
      return Fail("R307", "the budget EXECUTION_TIME is used up");
    }
  }
  return true;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteRun(const Statement& statement) {
  CommandText command;
  std::string text;
  if (!Require(Capabilities::Kind::kRun, "run", statement.text) ||
      !BuildCommand(statement, &command, &text)) {
    return Flow::kFailed;
  }
  FileAccess files = Access();
  const ShellContext context{host_.tools, &capabilities(), &options_.profile.limits,
                             &files,      host_.audit,     host_.programs,
                             line_};
  const double started = Now();
  ShellResult result = RunCommandLine(command, context);
  virtual_now_ += result.seconds;
  ++state_.usage.runs;
  LastRun& last = state_.last_run;
  last.ran = true;
  last.out = ToUtf8(result.out);
  last.err = ToUtf8(result.err);
  last.exit_code = result.exit_code;
  last.seconds = Now() - started;
  last.truncated = result.truncated;
  last.command = std::move(text);
  state_.last_run_touched = true;
  if (files.fault()) return FailFlow(files.fault()->code, files.fault()->message);
  if (!CheckTime()) return Flow::kFailed;
  if (last.exit_code == 0 || !InTry()) return Flow::kDone;
  return FailFlow("R312", Concat("RUN ended with exit code ", std::to_string(last.exit_code), ": ",
                                 Trim(last.err)));
}

bool ExecutionEngine::CheckPromptBudgets(uint64_t prompt_tokens, uint32_t* max_tokens) {
  if (!CheckTime()) return false;
  for (const Budget& budget : budgets_) {
    const double left = budget.Left(state_.usage);
    if (budget.unit == Budget::Unit::kApiCalls && left < 1) {
      return Fail("R307", "the budget API_CALLS is used up");
    }
    if (budget.unit != Budget::Unit::kTokens) continue;
    const double fresh = left - static_cast<double>(prompt_tokens);
    if (fresh < 1) return Fail("R307", "the budget TOKEN_COUNT is used up");
    if (fresh < *max_tokens) *max_tokens = static_cast<uint32_t>(fresh);
  }
  if (state_.usage.api_calls < options_.profile.limits.prompts) return true;
  return Fail("R308", "the run has used up its prompts");
}

ExecutionEngine::Flow ExecutionEngine::ExecutePrompt(const Statement& statement) {
  AgentRequest request;
  if (!Require(Capabilities::Kind::kPrompt, "prompt", statement.text)) return Flow::kFailed;
  if (statement.heredoc && statement.heredoc->raw) {
    request.prompt = statement.text;
  } else if (!Interpolate(statement.text, &request.prompt)) {
    return Flow::kFailed;
  }
  const Limits& limits = options_.profile.limits;
  ApplyDirectives(directives_, limits, options_.seed, state_.usage.api_calls + 1, &request);
  const bool bound = host_.agent != nullptr;
  const uint64_t tokens = bound ? host_.agent->CountPrompt(request) : 0;
  if (!CheckPromptBudgets(tokens, &request.max_tokens)) return Flow::kFailed;
  if (!bound) return FailFlow("R306", "there is no agent to ask");
  if (request.context > 0 && tokens > request.context) {
    return FailFlow("R306", Concat("the prompt has ", std::to_string(tokens),
                                   " tokens, the context only ", std::to_string(request.context)));
  }
  ++state_.usage.api_calls;
  AgentReply reply = host_.agent->Answer(request);
  virtual_now_ += std::max(reply.seconds, 0.0);
  state_.usage.tokens += reply.prompt_tokens + reply.new_tokens;
  reply.text = ToUtf8(reply.text);
  if (!reply.ok) return FailFlow("R306", Concat("the agent did not answer: ", reply.text));
  state_.exchanges.push_back({line_, std::move(request.prompt), reply.text, reply.prompt_tokens,
                              reply.new_tokens, std::move(reply.stopped_by)});
  if (!Assign("LAST_RESPONSE", Value::Text(reply.text))) return Flow::kFailed;
  Value json;
  if (request.json && !ParseJson(reply.text, &json)) {
    return FailFlow("R306", "the answer is not JSON, which @output asks for");
  }
  if (statement.variable.empty()) return Flow::kDone;
  return Assign(statement.variable, Value::Text(std::move(reply.text))) ? Flow::kDone
                                                                        : Flow::kFailed;
}

ExecutionEngine::Flow ExecutionEngine::ExecuteReview(const Statement& statement) {
  using Answer = ReviewReply::Answer;
  if (!Require(Capabilities::Kind::kReview, "review", statement.text)) return Flow::kFailed;
  ReviewRequest request;
  request.pause = statement.kind == Kind::kPause;
  request.line = line_;
  if (!Interpolate(statement.text, &request.message)) return Flow::kFailed;
  if (state_.usage.reviews >= options_.profile.limits.reviews) {
    return FailFlow("R308", "the run has used up its reviews");
  }
  request.summary = Concat(std::to_string(state_.usage.statements), " statements, ",
                           std::to_string(state_.usage.api_calls), " prompts, ",
                           std::to_string(state_.files.Changes().size()), " paths changed");
  ReviewReply reply = std::exchange(answer_, {});
  if (reply.answer == Answer::kNone && host_.reviewer != nullptr) {
    reply = host_.reviewer->Review(request);
  }
  if (reply.answer == Answer::kNone) {
    Fail("R310", Concat("waiting for a review: ", request.message));
    pending_ = std::move(request);
    return Flow::kSuspended;
  }
  ++state_.usage.reviews;
  reply.comment = ToUtf8(reply.comment);
  if (!statement.variable.empty() && !Assign(statement.variable, Value::Text(reply.comment))) {
    return Flow::kFailed;
  }
  if (reply.answer == Answer::kApprove) return Flow::kDone;
  return FailFlow(
      "R309", Concat("the review was rejected", reply.comment.empty() ? "" : ": ", reply.comment));
}

}  // namespace quanta::lite
