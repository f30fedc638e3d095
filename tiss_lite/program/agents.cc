// SPDX-License-Identifier: MIT
#include "tiss_lite/program/agents.h"

#include <chrono>
#include <utility>

#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
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

/// Asks whoever sits at the terminal. The end of the input suspends the run.
class TerminalReviewer : public Reviewer {
 public:
  ReviewReply Review(const ReviewRequest& request) override {
    std::string shown = Concat(request.pause ? "PAUSE" : "REVIEW", " (line ",
                               std::to_string(request.line), "): ", request.message);
    for (char& c : shown) {
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F) c = '?';
    }
    cli::Complain(shown);
    cli::Complain("  so far: " + request.summary);
    for (;;) {
      cli::Complain("  y: go on, n: stop; a comment may follow");
      std::string line;
      if (lines_.Next(&line) != cli::LineReader::Event::kLine) return {};
      const std::string_view text = Trim(line);
      if (text.empty() || (text.size() > 1 && !IsBlank(text[1]))) continue;
      const char answer = ToLower(text[0]);
      const std::string comment(Trim(text.substr(1)));
      if (answer == 'y') return {ReviewReply::Answer::kApprove, comment};
      if (answer == 'n') return {ReviewReply::Answer::kReject, comment};
    }
  }

 private:
  cli::LineReader lines_;
};

}  // namespace

std::unique_ptr<Agent> MakeAgent(const std::string& name) {
  constexpr std::string_view kList = "script:";
  if (name == "none") return nullptr;
  if (name == "echo") return std::make_unique<EchoAgent>();
  if (name.starts_with(kList)) {
    return std::make_unique<ListAgent>(ReadAnswers(name.substr(kList.size())));
  }
  throw cli::Error(Code::kInvalidArgument, "--agent", "there is no agent '" + name + "'",
                   "none, echo or script:FILE");
}

std::unique_ptr<Reviewer> MakeReviewer(const std::string& name) {
  if (name == "suspend") return nullptr;
  if (name == "ask") return std::make_unique<TerminalReviewer>();
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
