// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <string>

#include "quanta/exit_code.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/likelihood.h"

namespace quanta::cli {
namespace {

TEST(ExitCode, IsTheSameForEveryProgram) {
  EXPECT_EQ(ExitCode(Code::kOk), 0);
  EXPECT_EQ(ExitCode(Code::kInvalidArgument), 2);
  for (const Code code : {Code::kCorrupt, Code::kUnsupported, Code::kUnverified}) {
    EXPECT_EQ(ExitCode(code), 3);
  }
  EXPECT_EQ(ExitCode(Code::kOutOfMemory), 4);
  EXPECT_EQ(ExitCode(Code::kCancelled), 130);
  for (const Code code :
       {Code::kDenied, Code::kLimit, Code::kInternal, Code::kNotFound, Code::kIo, Code::kNoSpace}) {
    EXPECT_EQ(ExitCode(code), 1);
  }
}

TEST(ParseIds, TakesWhatTokenizePrints) {
  EXPECT_EQ(ParseIds("1,2,3", "--ids"), (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(ParseIds(" [1, 22,\n333] \n", "--ids"), (std::vector<int32_t>{1, 22, 333}));
  EXPECT_EQ(ParseIds("2147483647", "--ids"), (std::vector<int32_t>{2147483647}));
  EXPECT_EQ(JoinIds({1, 22, 333}), "1,22,333");
}

TEST(ParseIds, RefusesEverythingElse) {
  for (const char* text : {"", " ", "[]", ",", "1,", ",1", "1,,2", "1 2", "-1", "1.5", "0x1",
                           "2147483648", "99999999999999999999", "[1", "1]", "a"}) {
    EXPECT_THROW(ParseIds(text, "--ids"), Error) << text;
  }
}

TEST(Likelihood, IsWhatSoftmaxSays) {
  const float p[] = {std::log(0.5f), std::log(0.25f), std::log(0.25f)};
  const float q[] = {std::log(2.0f), std::log(1.0f), std::log(1.0f)};  // the same, shifted
  const float r[] = {std::log(0.25f), std::log(0.5f), std::log(0.25f)};
  EXPECT_NEAR(NegativeLogLikelihood(p, 0), std::log(2), 1e-6);
  EXPECT_NEAR(NegativeLogLikelihood(q, 2), std::log(4), 1e-6);
  EXPECT_NEAR(Divergence(p, q), 0, 1e-7);
  EXPECT_NEAR(Divergence(p, r), 0.25 * std::log(2), 1e-6);  // (1/2) log 2 + (1/4) log (1/2)
  EXPECT_EQ(Likeliest(r), 1u);
}

TEST(Likelihood, LogitsBeyondTheRangeOfExpAreFine) {
  const float p[] = {2000, 0, 1999}, q[] = {0, -1000, 1};
  EXPECT_NEAR(NegativeLogLikelihood(p, 0), std::log1p(std::exp(-1)), 1e-9);
  EXPECT_EQ(Divergence(p, p), 0);
  EXPECT_TRUE(std::isfinite(Divergence(q, p)));
}

TEST(Likelihood, OfEqualsTheFirstIsLikeliest) {
  const float p[] = {1, 3, 3, 2};
  EXPECT_EQ(Likeliest(p), 1u);
}

TEST(Check, SaysEachThingOnce) {
  const auto text = [](const char* what, const char* detail) {
    ErrorDetail particulars;
    if (*detail != '\0') particulars.Format("%s", detail);
    try {
      Check(Status(Code::kIo, what), particulars, "a/b.qfb", "try again");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(text("broken", ""), "a/b.qfb: broken; try again");
  EXPECT_EQ(text("broken", "byte 7"), "a/b.qfb: broken: byte 7; try again");
  EXPECT_EQ(text("broken", "the file is broken at 7"),
            "a/b.qfb: the file is broken at 7; try again");
  EXPECT_EQ(text("broken", "a/b.qfb: byte 7"), "a/b.qfb: broken: byte 7; try again");
}

TEST(Error, IsOnePrintableLine) {
  EXPECT_STREQ(Error(Code::kIo, "x\n\x1b[2J", "y").what(), "x??[2J: y");
}

TEST(Interrupt, BeforeAWaitEndsItAsOneMeanwhileDoes) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  WatchInterrupts();
  raise(SIGINT);
  EXPECT_TRUE(Interrupted());
  EXPECT_FALSE(WaitToRead(ends[0])) << "a plain read would now wait for ever";
  ClearInterrupt();
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_TRUE(WaitToRead(ends[0]));
  close(ends[1]);
  close(ends[0]);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

TEST(Interrupt, EndsReadingAPipeThatIsGivenAsAFile) {
  int ends[2];  // open to the end: nothing else ends the reading
  ASSERT_EQ(pipe(ends), 0);
  WatchInterrupts();
  raise(SIGINT);
  try {
    ReadText("/dev/fd/" + std::to_string(ends[0]));
    ADD_FAILURE() << "not interrupted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCancelled);
  }
  ClearInterrupt();
  close(ends[1]);
  close(ends[0]);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

TEST(Interrupt, AnEndedInputIsNotWaitedFor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  WatchInterrupts();
  close(ends[1]);
  EXPECT_TRUE(WaitToRead(ends[0]));
  close(ends[0]);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

}  // namespace
}  // namespace quanta::cli
