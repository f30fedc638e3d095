// SPDX-License-Identifier: MIT
#include "tiss_lite/program/agents.h"

#include <chrono>
#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/json.h"
#include "tiss_lite/program/files.h"

namespace quanta::lite::program {
namespace {

constexpr size_t kMaxAnswers = size_t{16} << 20;
constexpr uint64_t kBytesPerToken = 4;

/// Agents without a tokenizer take four bytes for a token.
class PlainAgent : public Agent {
 public:
  uint64_t CountTokens(std::string_view text) override {
    return (text.size() + kBytesPerToken - 1) / kBytesPerToken;
  }

 protected:
  AgentReply Say(const AgentRequest& request, std::string text) {
    AgentReply reply;
    reply.prompt_tokens = CountTokens(request.prompt);
    reply.new_tokens = CountTokens(text);
    reply.text = std::move(text);
    reply.stopped_by = "end";
    return reply;
  }
};

class EchoAgent : public PlainAgent {
 public:
  AgentReply Answer(const AgentRequest& request) override { return Say(request, request.prompt); }
};

class ListAgent : public PlainAgent {
 public:
  explicit ListAgent(std::vector<std::string> answers) : answers_(std::move(answers)) {}

  AgentReply Answer(const AgentRequest& request) override {
    if (next_ < answers_.size()) return Say(request, answers_[next_++]);
    AgentReply reply;
    reply.ok = false;
    reply.text = "its list of answers has come to an end";
    return reply;
  }

 private:
  std::vector<std::string> answers_;
  size_t next_ = 0;
};

std::vector<std::string> ReadAnswers(const std::string& path) {
  Value json;
  const bool list =
      ParseJson(ReadWholeFile(path, kMaxAnswers), &json) && json.is(Value::Kind::kList);
  std::vector<std::string> answers;
  for (const Value& item : json.items) {
    if (item.is_text()) answers.push_back(item.text);
  }
  if (!list || answers.size() != json.items.size()) {
    throw cli::Error(Code::kInvalidArgument, path, "is not a JSON list of texts",
                     "[\"first answer\", \"second answer\"]");
  }
  return answers;
}

class FixedReviewer : public Reviewer {
 public:
  explicit FixedReviewer(ReviewReply::Answer answer) : answer_(answer) {}
  ReviewReply Review(const ReviewRequest&) override { return {answer_, ""}; }

 private:
  ReviewReply::Answer answer_;
};

/// The end of the input suspends the run.
class TerminalReviewer : public Reviewer {
 public:
  explicit TerminalReviewer(Terminal* terminal) : terminal_(*terminal) {}

  ReviewReply Review(const ReviewRequest& request) override {
    std::string shown = Concat(request.pause ? "PAUSE" : "REVIEW", " (line ",
                               std::to_string(request.line), "): ", request.message);
    for (char& c : shown) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F) c = '?';
    }
    cli::Complain(shown);
    cli::Complain("  so far: " + request.summary);
    ReviewReply reply;
    const Terminal::Answer answer =
        terminal_.Ask("  y: go on, n: stop; a comment may follow", &reply.comment);
    if (answer == Terminal::Answer::kYes) reply.answer = ReviewReply::Answer::kApprove;
    if (answer == Terminal::Answer::kNo) reply.answer = ReviewReply::Answer::kReject;
    return reply;
  }

 private:
  Terminal& terminal_;
};

}  // namespace

std::unique_ptr<Agent> MakeAgent(const std::string& name, AgentDate date) {
  constexpr std::string_view kList = "script:", kModel = "model:";
  if (name == "none") return nullptr;
  if (name == "echo") return std::make_unique<EchoAgent>();
  if (name.starts_with(kList)) {
    return std::make_unique<ListAgent>(ReadAnswers(name.substr(kList.size())));
  }
  if (name.starts_with(kModel) && name.size() > kModel.size()) {
    return std::make_unique<ModelAgent>(name.substr(kModel.size()), date);
  }
  throw cli::Error(Code::kInvalidArgument, "--agent", "there is no agent '" + name + "'",
                   "none, echo, script:FILE or model:FILE");
}

std::unique_ptr<Reviewer> MakeReviewer(const std::string& name, Terminal* terminal) {
  if (name == "suspend") return nullptr;
  if (name == "ask") return std::make_unique<TerminalReviewer>(terminal);
  if (name == "approve") return std::make_unique<FixedReviewer>(ReviewReply::Answer::kApprove);
  if (name == "reject") return std::make_unique<FixedReviewer>(ReviewReply::Answer::kReject);
  throw cli::Error(Code::kInvalidArgument, "--review", "there is no answer '" + name + "'",
                   "approve, reject, ask or suspend");
}

double SteadyClock::Seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace quanta::lite::program
