// SPDX-License-Identifier: MIT
#include "tiss_lite/program/draft.h"

#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/utf8.h"

namespace quanta::lite::program {
namespace {

// Of the tries after the first: those of @compute.mode "balanced".
constexpr double kTemperature = 0.5, kTopP = 0.95;

/// What stands in the first block between lines of ```, as chat models write code. False if
/// there is no such block.
bool InFences(const std::string& answer, std::string* block) {
  constexpr std::string_view kFence = "```";
  const size_t open = answer.starts_with(kFence) ? 0 : answer.find("\n```");
  const size_t begin = open == answer.npos ? open : answer.find('\n', open + 1);
  if (begin == answer.npos) return false;
  *block = answer.substr(begin + 1, answer.find("\n```", begin) - begin);
  return true;
}

Script ParsePlan(const std::string& name, const std::string& text) {
  Source source(name, text);
  ParseResult parsed = Parse(source, Recovery::kContinue);
  return {std::move(source), std::move(parsed)};
}

Draft MakeDraft(const std::string& answer, const DraftOptions& options, Agent& agent) {
  Draft draft{.script = ParsePlan(options.name, answer), .found = {}, .plan = {}};
  std::string block;
  if (!draft.script.parsed.ok() && InFences(answer, &block)) {
    Script inner = ParsePlan(options.name, block);
    if (inner.parsed.ok()) draft.script = std::move(inner);
  }
  draft.found = LintAll(draft.script, options.strict, *options.sandbox);
  if (!draft.script.parsed.ok()) return draft;
  DryRun dry = MakeDryRun(draft.script, options.strict, *options.sandbox, &agent);
  // What the linter says of a path, the dry run says too.
  std::erase_if(draft.found, [](const Diagnostic& each) { return each.code == "L201"; });
  for (Diagnostic& problem : dry.plan.problems) draft.found.push_back(std::move(problem));
  SortDiagnostics(&draft.found);
  draft.plan = std::move(dry.plan);
  return draft;
}

}  // namespace

bool Draft::good() const { return script.parsed.ok() && !empty() && !HasErrors(found); }

Draft DraftPlan(Agent& agent, const DraftOptions& options) {
  AgentRequest request;
  request.prompt = ToUtf8(options.request);
  request.persona = options.primer;
  request.max_tokens = options.max_tokens;
  request.seed = options.seed;
  std::optional<Draft> first;
  for (uint32_t tries = 1; tries <= options.tries; ++tries) {
    const AgentReply reply = agent.Answer(request);
    if (cli::Interrupted()) throw cli::Error(Code::kCancelled, "", "interrupted");
    if (!reply.ok && first) break;
    if (!reply.ok) throw cli::Error(Code::kLimit, "", "the agent did not answer: " + reply.text);
    Draft draft = MakeDraft(ToUtf8(reply.text), options, agent);
    draft.cut = reply.stopped_by == "tokens" || reply.stopped_by == "context";
    draft.tries = tries;
    if (draft.good()) return draft;
    if (!first) first = std::move(draft);
    first->tries = tries;
    request.temperature = kTemperature;
    request.top_p = kTopP;
    ++request.seed;
  }
  return *std::move(first);
}

std::string PrimerFor(const Profile& profile, const ToolRegistry& tools) {
  std::string granted;
  for (const auto& [name, tool] : tools.tools()) {
    if (profile.capabilities.MayRun(name)) granted += " " + name;
  }
  return Concat(
      "Answer with a TissLang script that does what is asked, and nothing else. An example:\n"
      "TASK \"Copy the notes\"\n"
      "STEP \"copy\" {\n"
      "    MKDIR \"old\"\n"
      "    RUN \"cp notes.txt old/todo.txt\"\n"
      "    ASSERT LAST_RUN.EXIT_CODE == 0\n"
      "    WRITE \"old/about.txt\" \"copied\"\n"
      "    LOG \"Copied.\"\n"
      "}\n"
      "Paths are relative. RUN is no shell; it knows:",
      granted);
}

}  // namespace quanta::lite::program
