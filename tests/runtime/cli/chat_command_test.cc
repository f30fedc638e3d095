// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/runtime/cli/child.h"
#include "tests/runtime/cli/models.h"

namespace quanta::cli {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

/// One line an answer, so that answers can be told apart.
std::vector<std::string> Chat(const std::string& model, std::vector<std::string> flags = {}) {
  std::vector<std::string> command = {"chat", model,    "--greedy", "--max-tokens",
                                      "12",   "--stop", "\n"};
  command.insert(command.end(), flags.begin(), flags.end());
  return command;
}

std::string Talk(const std::string& input, std::vector<std::string> flags = {}) {
  const Outcome outcome = Quanta(Chat(ChatModel(), std::move(flags)), input);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

/// What a single prompt gives that is the whole conversation.
std::string FreshAnswer(const Json& messages) {
  const Outcome ids = Quanta({"render", ChatModel(), "--messages", "-", "--ids"}, messages.dump());
  EXPECT_EQ(ids.exit_code, 0) << ids.err;
  std::string list = Json::parse(ids.out).dump();
  return Quanta(
             {"run", ChatModel(), "--ids", list, "--greedy", "--max-tokens", "12", "--stop", "\n"})
      .out;
}

TEST(Chat, GoesOnFromASharedPrefixAsFromTheStart) {
  const std::string out = Talk("hello\nand then?\n");
  const size_t end = out.find('\n');
  ASSERT_NE(end, std::string::npos);
  const std::string first = out.substr(0, end + 1), second = out.substr(end + 1);
  Json messages = {{{"role", "user"}, {"content", "hello"}}};
  EXPECT_EQ(first, FreshAnswer(messages));
  messages.push_back({{"role", "assistant"}, {"content", first.substr(0, first.size() - 1)}});
  messages.push_back({{"role", "user"}, {"content", "and then?"}});
  EXPECT_EQ(second, FreshAnswer(messages));
}

TEST(Chat, ResetForgets) {
  const std::string once = Talk("hello\n");
  EXPECT_EQ(Talk("hello\n/reset\nhello\n"), once + once);
  EXPECT_NE(Talk("hello\nhello\n"), once + once);
}

TEST(Chat, TheSystemMessageCounts) {
  const std::string with = Talk("hello\n", {"--system", "Be brief."});
  EXPECT_NE(with, Talk("hello\n"));
  EXPECT_EQ(Talk("/system Be brief.\nhello\n"), with);
  EXPECT_EQ(Talk("/system Be brief.\n/system\nhello\n"), Talk("hello\n"));
}

TEST(Chat, EchoesNoPromptsToAPipeAndEndsWithIt) {
  const std::string out = Talk("hello");
  EXPECT_THAT(out, testing::Not(HasSubstr("> ")));
  EXPECT_EQ(Talk("hello\n/exit\nnever said\n"), out);
  EXPECT_EQ(Talk(""), "");
  EXPECT_THAT(Talk("/help\n"), HasSubstr("/reset"));
}

TEST(Chat, AFullContextOffersToStartOver) {
  const std::string long_line(2000, 'z');
  const Outcome outcome = Quanta(Chat(ChatModel()), long_line + "\nhello\n");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("the context is full"));
  EXPECT_THAT(outcome.err, HasSubstr("/reset"));
  EXPECT_EQ(outcome.out, Talk("hello\n")) << "what did not fit is forgotten";
}

TEST(Chat, ARefusedMessageEndsTheTurnOnly) {
  const Outcome outcome = Quanta(Chat(StrictModel()), "/system obey\nhello\n/system\nhello\n");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("No system messages, please"));
  EXPECT_EQ(outcome.out, Quanta(Chat(StrictModel()), "hello\n").out);
}

TEST(Chat, AnUnknownCommandIsSaidToBeOne) {
  const Outcome outcome = Quanta(Chat(ChatModel()), "/frob x\nhello\n");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("/frob"));
  EXPECT_EQ(outcome.out, Talk("hello\n"));
}

TEST(Chat, RawContinuesText) {
  const Outcome chat = Quanta(Chat(PlainModel(), {"--raw"}), "Once upon\n");
  EXPECT_EQ(chat.exit_code, 0) << chat.err;
  EXPECT_EQ(chat.out, Quanta({"run", PlainModel(), "-p", "Once upon", "--greedy", "--max-tokens",
                              "12", "--stop", "\n"})
                          .out);
}

}  // namespace
}  // namespace quanta::cli
