// SPDX-License-Identifier: MIT
#include "tiss_lite/program/model_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/prompt.h"
#include "tests/runtime/cli/models.h"
#include "tiss_lite/syntax/parser.h"

namespace quanta::lite::program {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

AgentRequest Prompt(const std::string& text, uint32_t max_tokens = 40) {
  AgentRequest request;
  request.prompt = text;
  request.max_tokens = max_tokens;
  return request;
}

AgentReply Ask(ModelAgent* agent, const AgentRequest& request) {
  const AgentReply reply = agent->Answer(request);
  EXPECT_TRUE(reply.ok) << reply.text;
  EXPECT_EQ(reply.prompt_tokens, agent->CountPrompt(request)) << "what budgets are told before";
  EXPECT_LE(reply.new_tokens, request.max_tokens);
  return reply;
}

/// Tokens of a conversation under a model's template.
size_t Tokens(const std::string& path, const cli::Conversation& conversation) {
  ErrorDetail detail;
  const Model model = cli::Value(Model::Open(path.c_str(), {}, &detail), detail);
  return cli::EncodeConversation(model, conversation, {}, path).size();
}

std::string OpenError(const std::string& path) {
  try {
    const ModelAgent agent(path, AgentDate::kFixed);
  } catch (const cli::Error& error) {
    return error.what();
  }
  return "";
}

TEST(ModelAgent, TheDemoModelAnswersWithAPlan) {
  ModelAgent agent(QUANTA_DEMO_MODEL, AgentDate::kFixed);
  const AgentReply reply = Ask(&agent, Prompt("please copy notes.txt to old/todo.txt", 400));
  EXPECT_THAT(reply.text, StartsWith("TASK \""));
  EXPECT_EQ(reply.stopped_by, "end");
  EXPECT_TRUE(Parse(Source("plan", reply.text)).ok()) << reply.text;
}

TEST(ModelAgent, TheSameRequestGivesTheSameAnswerWhateverWasAskedBefore) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  AgentRequest sampled = Prompt("one two");
  sampled.temperature = 0.8;
  sampled.top_p = 0.98;
  sampled.seed = 7;
  const std::string first = Ask(&agent, sampled).text;
  const std::string greedy = Ask(&agent, Prompt("one two")).text;
  EXPECT_EQ(Ask(&agent, sampled).text, first);
  EXPECT_EQ(Ask(&agent, Prompt("one two")).text, greedy);
  EXPECT_NE(first, greedy);
  sampled.seed = 8;
  EXPECT_NE(Ask(&agent, sampled).text, first);
}

TEST(ModelAgent, TopPNarrowsWhatIsSampled) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  AgentRequest request = Prompt("one two");
  request.temperature = 0.8;
  request.top_p = 1e-6;  // leaves the likeliest
  request.seed = 7;
  EXPECT_EQ(Ask(&agent, request).text, Ask(&agent, Prompt("one two")).text);
}

TEST(ModelAgent, StopsAtTheLimitsOfTheRequestAndSaysWhich) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  const AgentReply whole = Ask(&agent, Prompt("one two", 30));
  EXPECT_EQ(whole.stopped_by, "tokens");
  EXPECT_EQ(whole.new_tokens, 30u);
  EXPECT_THAT(whole.text, StartsWith(Ask(&agent, Prompt("one two", 10)).text));

  AgentRequest request = Prompt("one two", 30);
  request.stop = {whole.text.substr(whole.text.size() / 2, 6)};
  const AgentReply stopped = Ask(&agent, request);
  EXPECT_EQ(stopped.stopped_by, "stop");
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(request.stop[0])));

  request = Prompt("one two", 30);
  request.context = static_cast<uint32_t>(whole.prompt_tokens) + 5;
  const AgentReply cut = Ask(&agent, request);
  EXPECT_EQ(cut.stopped_by, "context");
  EXPECT_THAT(whole.text, StartsWith(cut.text));
}

TEST(ModelAgent, APromptThatDoesNotFitIsNoAnswer) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  AgentReply reply = agent.Answer(Prompt(std::string(4000, 'z')));
  EXPECT_FALSE(reply.ok);
  EXPECT_THAT(reply.text, HasSubstr("the context holds 512"));
  AgentRequest request = Prompt("one two three");
  request.context = 2;
  reply = agent.Answer(request);
  EXPECT_FALSE(reply.ok);
  EXPECT_THAT(reply.text, HasSubstr("the context holds 2"));
}

TEST(ModelAgent, StopTextsThatTheModelCannotTakeAreNoAnswer) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  AgentRequest request = Prompt("x");
  for (const std::vector<std::string>& stop :
       {std::vector<std::string>{""}, std::vector<std::string>{std::string(200, 'x')},
        std::vector<std::string>(17, "x")}) {
    request.stop = stop;
    const AgentReply reply = agent.Answer(request);
    EXPECT_FALSE(reply.ok);
    EXPECT_THAT(reply.text, HasSubstr("stop"));
  }
}

TEST(ModelAgent, DirectivesBecomeASystemMessage) {
  ModelAgent agent(cli::ChatModel(), AgentDate::kFixed);
  AgentRequest request = Prompt("hello");
  cli::Conversation conversation;
  conversation.Add(ChatRole::kUser, "hello");
  EXPECT_EQ(agent.CountPrompt(request), Tokens(cli::ChatModel(), conversation));

  request.persona = "a pirate";
  request.language = "French";
  request.json = true;
  conversation.messages.clear();
  conversation.Add(ChatRole::kSystem,
                   "a pirate\nAnswer in this language: French\n"
                   "Answer with one JSON value and nothing else.");
  conversation.Add(ChatRole::kUser, "hello");
  EXPECT_EQ(agent.CountPrompt(request), Tokens(cli::ChatModel(), conversation));
  Ask(&agent, request);
}

TEST(ModelAgent, OrStandAheadOfThePromptWhereTheTemplateOrTheModelKnowsNone) {
  cli::Conversation conversation;
  conversation.Add(ChatRole::kUser, "a pirate\n\nhello");
  AgentRequest request = Prompt("hello");
  request.persona = "a pirate";
  ModelAgent strict(cli::StrictModel(), AgentDate::kFixed);
  EXPECT_EQ(strict.CountPrompt(request), Tokens(cli::StrictModel(), conversation));
  Ask(&strict, request);

  ModelAgent plain(cli::PlainModel(), AgentDate::kFixed);
  EXPECT_EQ(Ask(&plain, request).text, Ask(&plain, Prompt("a pirate\n\nhello")).text);
  EXPECT_EQ(Ask(&plain, Prompt("hello")).text, Ask(&plain, Prompt("hello\n")).text)
      << "an answer begins on a line of its own";
}

TEST(ModelAgent, SpecialTokensOfAPromptAreText) {
  ModelAgent agent(cli::ChatModel(), AgentDate::kFixed);
  EXPECT_GT(agent.CountTokens("<|im_end|>"), 3u);
  EXPECT_EQ(agent.CountPrompt(Prompt("<|im_end|>")) - agent.CountTokens("<|im_end|>"),
            agent.CountPrompt(Prompt("hello")) - agent.CountTokens("hello"));
}

TEST(ModelAgent, TheDayOfATemplateIsFixedUnlessTheRunHasAClock) {
  ModelAgent fixed(cli::DatedModel(), AgentDate::kFixed),
      today(cli::DatedModel(), AgentDate::kToday);
  EXPECT_NE(Ask(&fixed, Prompt("hello")).text, Ask(&today, Prompt("hello")).text);
}

TEST(ModelAgent, CtrlCEndsAnAnswer) {
  ModelAgent agent(cli::PlainModel(), AgentDate::kFixed);
  cli::WatchInterrupts();
  raise(SIGINT);
  const AgentReply reply = agent.Answer(Prompt("one"));
  cli::ClearInterrupt();
  EXPECT_FALSE(reply.ok);
  EXPECT_EQ(reply.text, "interrupted");
  EXPECT_TRUE(agent.Answer(Prompt("one")).ok);
}

TEST(ModelAgent, AFileThatIsNoModelIsAnError) {
  const std::string model = cli::ReadFile(cli::PlainModel());
  EXPECT_THAT(OpenError(cli::Scratch("none.qfb")), HasSubstr("none.qfb: no such file"));
  cli::WriteFile(cli::Scratch("short.qfb"), model.substr(0, 3000));
  EXPECT_THAT(OpenError(cli::Scratch("short.qfb")), HasSubstr("truncated"));
  cli::WriteFile(cli::Scratch("half.qfb"), model.substr(0, model.size() / 2));
  EXPECT_THAT(OpenError(cli::Scratch("half.qfb")), HasSubstr("half.qfb"));
  cli::WriteFile(cli::Scratch("text.qfb"), std::string(1000, 'x'));
  EXPECT_THAT(OpenError(cli::Scratch("text.qfb")), HasSubstr("not a .qfb model"));
}

}  // namespace
}  // namespace quanta::lite::program
