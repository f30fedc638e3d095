// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/runtime/cli/child.h"
#include "tests/runtime/cli/models.h"

namespace quanta::cli {
namespace {

using testing::HasSubstr;

constexpr char kCtrlC[] = "\x03";
constexpr char kCtrlD[] = "\x04";
constexpr char kCtrlS[] = "\x13";  // holds the terminal's output back

std::vector<std::string> Chat() {
  return {"chat", ChatModel(), "--greedy", "--ignore-eos", "--max-tokens", "400"};
}

TEST(Signals, CtrlCEndsRunWith130) {
  // Nobody reads: the program waits in the middle of its answer.
  Child child({"run", PlainModel(), "-p", "x", "--ignore-eos", "--max-tokens", "400"},
              Child::Terminal::kNone, /*blocked_output=*/true);
  child.WaitUntilAsleep();
  child.Signal(SIGINT);
  const Outcome outcome = child.Wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(outcome.err, "quanta: interrupted\n");
}

TEST(Signals, CtrlCAtThePromptAsksOnceThenLeaves) {
  Child child(Chat(), Child::Terminal::kPty);
  ASSERT_TRUE(child.WaitFor("> ")) << child.seen();
  child.Type(kCtrlC);
  ASSERT_TRUE(child.WaitFor("again")) << child.seen();
  child.Type(kCtrlC);
  EXPECT_EQ(child.Wait().exit_code, 130);
}

TEST(Signals, CtrlDLeavesTheChat) {
  Child child(Chat(), Child::Terminal::kPty);
  ASSERT_TRUE(child.WaitFor("> ")) << child.seen();
  child.Type(kCtrlD);
  EXPECT_EQ(child.Wait().exit_code, 0);
}

TEST(Signals, CtrlCStopsTheAnswerNotTheChat) {
  const Outcome whole = Quanta(Chat(), "hello\n");
  ASSERT_GT(whole.out.size(), 300u);

  Child child(Chat(), Child::Terminal::kPty);
  ASSERT_TRUE(child.WaitFor("> ")) << child.seen();
  child.Type(std::string("hello\n") + kCtrlS);
  child.WaitUntilAsleep();  // held back by the terminal, or done if it was quicker
  child.Type(kCtrlC);
  child.Type("/help\n/exit\n");
  const Outcome outcome = child.Wait();
  EXPECT_EQ(outcome.exit_code, 0) << "the program went on";
  EXPECT_THAT(outcome.out, HasSubstr("/system TEXT"));
}

TEST(Signals, TheTerminalShowsNoControlCharactersOfAModel) {
  // The byte ESC is a token of its own; a bias makes the model say nothing else.
  const Outcome ids = Quanta({"tokenize", PlainModel(), "--text", "\x1b"});
  const std::string id = ids.out.substr(1, ids.out.find(']') - 1);
  const std::vector<std::string> command = {"run", PlainModel(),   "-p",
                                            "x",   "--greedy",     "--max-tokens",
                                            "3",   "--logit-bias", id + "=1000"};
  EXPECT_EQ(Quanta(command).out, "\x1b\x1b\x1b\n") << "a pipe gets what was said";
  Child child(command, Child::Terminal::kPty);
  EXPECT_EQ(child.Wait().out, "???\r\n");
}

}  // namespace
}  // namespace quanta::cli
