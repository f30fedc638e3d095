// SPDX-License-Identifier: MIT
#include "tiss_lite/conformance/run_case.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "tiss_lite/base/json.h"
#include "tiss_lite/engine/engine.h"

namespace quanta::lite::conformance {
namespace {

constexpr uint64_t kBytesPerToken = 4;

/// Gives the listed answers in order, and notes what it was asked.
class ListedAgent : public Agent {
 public:
  explicit ListedAgent(std::vector<std::string> answers) : answers_(std::move(answers)) {}

  AgentReply Answer(const AgentRequest& request) override {
    Json prompt = {{"prompt", request.prompt},
                   {"persona", request.persona},
                   {"output", request.json ? "json" : "text"},
                   {"language", request.language},
                   {"lens", request.lens},
                   {"max_tokens", request.max_tokens},
                   {"temperature", request.temperature},
                   {"top_p", request.top_p},
                   {"seed", request.seed},
                   {"stop", request.stop}};
    prompts.push_back(std::move(prompt));
    AgentReply reply;
    if (prompts.size() > answers_.size()) {
      reply.ok = false;
      reply.text = "there are no more answers";
      return reply;
    }
    reply.text = answers_[prompts.size() - 1];
    reply.prompt_tokens = CountTokens(request.prompt);
    reply.new_tokens = CountTokens(reply.text);
    return reply;
  }

  uint64_t CountTokens(std::string_view text) override {
    return (text.size() + kBytesPerToken - 1) / kBytesPerToken;
  }

  Json prompts = Json::array();

 private:
  std::vector<std::string> answers_;
};

class ListedReviewer : public Reviewer {
 public:
  explicit ListedReviewer(Json answers) : answers_(std::move(answers)) {}

  ReviewReply Review(const ReviewRequest& request) override {
    ReviewReply reply;
    if (reviews.size() < answers_.size()) {
      const Json& answer = answers_[reviews.size()];
      const bool object = answer.is_object();
      const std::string word = object               ? answer.value("answer", "")
                               : answer.is_string() ? answer.get<std::string>()
                                                    : "";
      if (object) reply.comment = answer.value("comment", "");
      if (word == "approve" || word == "continue") reply.answer = ReviewReply::Answer::kApprove;
      if (word == "reject" || word == "abort") reply.answer = ReviewReply::Answer::kReject;
    }
    if (reply.answer != ReviewReply::Answer::kNone) reviews.push_back(request.message);
    return reply;
  }

  Json reviews = Json::array();

 private:
  Json answers_;
};

class FixedChooser : public Chooser {
 public:
  explicit FixedChooser(size_t choice) : choice_(choice) {}
  size_t Choose(const std::vector<Alternative>&) override { return choice_; }

 private:
  size_t choice_;
};

void AddTools(const Json& tools, ToolRegistry* registry) {
  for (const auto& [name, table] : tools.items()) {
    const std::string out = table.value("stdout", ""), err = table.value("stderr", "");
    const int code = table.value("exit_code", 0);
    const double seconds = table.value("seconds", 0.0);
    const Status added = registry->Add({name, "1.0.0", "listed", {}, [=](ToolCall& call) {
                                          call.Out(out);
                                          call.Err(err);
                                          call.seconds = seconds;
                                          return code;
                                        }});
    if (!added.ok()) throw std::runtime_error("tool " + name + ": " + added.what());
  }
}

Profile ProfileOf(const Json& setup) {
  Json json = setup.value("profile", Json::object());
  const bool listed = json.contains("caps");
  if (!listed) json["caps"] = {"fs.read", "fs.write", "run", "prompt", "log", "review", "choose"};
  // Whoever answers reviews or chooses grants it too.
  if (listed && setup.contains("review")) json["caps"].push_back("review");
  if (listed && setup.contains("choose")) json["caps"].push_back("choose");
  Value value;
  Profile profile;
  if (!ParseJson(json.dump(), &value)) throw std::runtime_error("the profile is not JSON");
  const std::string wrong = ReadProfile(value, &profile);
  if (!wrong.empty()) throw std::runtime_error("profile: " + wrong);
  return profile;
}

Vfs FilesOf(const Json& setup, const FsLimits& limits) {
  Vfs files(limits);
  const Json wanted = setup.value("files", Json::object());
  for (const auto& [path, content] : wanted.items()) {
    if (files.Import(path, MakeBytes(content.get<std::string>())) != FsError::kNone) {
      throw std::runtime_error("the file " + path + " cannot be set up");
    }
  }
  return files;
}

std::string CheckFiles(const Json& expected, const Vfs& files) {
  const Json wanted = expected.value("files", Json::object());
  for (const auto& [path, content] : wanted.items()) {
    Bytes bytes;
    if (files.Read(path, &bytes) != FsError::kNone) return "there is no file " + path;
    std::string wrong = Mismatch(content, Json(*bytes), "files." + path);
    if (!wrong.empty()) return wrong;
  }
  for (const Json& path : expected.value("absent", Json::array())) {
    const std::string name = path.get<std::string>();
    if (files.Look(name) != NodeKind::kNone) return "there is " + name;
  }
  return {};
}

}  // namespace

std::string CheckRun(const Json& test, const Source& source, const Program& program, bool strict) {
  const Json setup = test.value("setup", Json::object());
  ToolRegistry tools;
  AddBuiltInTools(&tools);
  AddTools(setup.value("tools", Json::object()), &tools);
  ListedAgent agent(setup.value("agent", std::vector<std::string>()));
  ListedReviewer reviewer(setup.value("review", Json::array()));
  FixedChooser chooser(setup.value("choose", size_t{0}));
  Host host;
  host.tools = &tools;
  if (setup.contains("agent")) host.agent = &agent;
  if (setup.contains("review")) host.reviewer = &reviewer;
  if (setup.contains("choose")) host.chooser = &chooser;
  RunOptions options;
  options.profile = ProfileOf(setup);
  options.strict = strict;
  Vfs files = FilesOf(setup, options.profile.limits.files);
  ExecutionEngine engine(source, program, std::move(options), host, std::move(files));
  engine.Run();

  const Json& expected = test.at("expected");
  Json actual = Json::parse(engine.ResultJson());
  actual["log"] = actual["messages"];
  actual["prompts"] = agent.prompts;
  actual["reviews"] = reviewer.reviews;
  for (const char* key :
       {"status", "error", "vars", "last_run", "log", "prompts", "choices", "reviews"}) {
    if (!expected.contains(key)) continue;
    std::string wrong = Mismatch(expected[key], actual[key], key);
    if (wrong.empty()) continue;
    if (actual["error"].is_object()) wrong += " (" + actual["error"].dump() + ")";
    return wrong;
  }
  return CheckFiles(expected, engine.state().files);
}

}  // namespace quanta::lite::conformance
