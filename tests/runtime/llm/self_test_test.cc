// SPDX-License-Identifier: MIT
#include "quanta/self_test.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/runtime/llm/test_session.h"

namespace quanta {
namespace {

using testing::kBos;
using testing::kHell;
using testing::TinyModel;
using testing::TinySpec;

/// A spec whose self-test is right: what the model says itself.
TinySpec SpecWithTest() {
  TinySpec spec;
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  testing::TestSession session(model, testing::TinyOptions(8, 1));
  spec.prompt = "hello";
  spec.prompt_ids = {kBos, kHell, 'o'};
  std::vector<int32_t> ids = spec.prompt_ids;
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(session->Feed(ids).ok());
    ids = {session->Sample({}).value()};
    spec.expected.push_back(ids[0]);
    spec.margins.push_back(1);
  }
  spec.tolerance = 0.5f;
  return spec;
}

struct Outcome {
  Status status;
  std::string detail;
  SelfTestReport report;
};

Outcome RunTest(const TinySpec& spec, int threads = 1) {
  TinyModel tiny(spec);
  const Model model = tiny.Open();
  ErrorDetail detail;
  const auto report = RunSelfTest(model, threads, &detail);
  return {report.status(), detail.text(), report.ok() ? report.value() : SelfTestReport()};
}

TEST(SelfTest, PassesWhereResultsAgree) {
  for (const int threads : {0, 1, 2}) {
    const Outcome outcome = RunTest(SpecWithTest(), threads);
    ASSERT_TRUE(outcome.status.ok()) << outcome.detail;
    EXPECT_EQ(outcome.report.ids, 3u);
    EXPECT_EQ(outcome.report.steps, 8u);
    EXPECT_EQ(outcome.report.judged, 8u);
  }
}

TEST(SelfTest, SeesWrongPromptIds) {
  TinySpec spec = SpecWithTest();
  spec.prompt_ids[2] = 'a';
  EXPECT_EQ(RunTest(spec).status.code(), Code::kUnverified);
  EXPECT_NE(RunTest(spec).detail.find("differ from id 2"), std::string::npos);
  spec.prompt_ids.pop_back();
  EXPECT_EQ(RunTest(spec).status.code(), Code::kUnverified);
}

TEST(SelfTest, SeesAWrongStep) {
  TinySpec spec = SpecWithTest();
  spec.expected[5] ^= 1;
  const Outcome outcome = RunTest(spec);
  EXPECT_EQ(outcome.status.code(), Code::kUnverified);
  EXPECT_NE(outcome.detail.find("greedy step 5"), std::string::npos);
}

TEST(SelfTest, JudgesNothingFromTheFirstNarrowMarginOn) {
  TinySpec spec = SpecWithTest();
  spec.expected[5] ^= 1;
  spec.margins[4] = 0.4f;
  const Outcome outcome = RunTest(spec);
  ASSERT_TRUE(outcome.status.ok()) << outcome.detail;
  EXPECT_EQ(outcome.report.judged, 4u);
}

TEST(SelfTest, AFileWithoutOneSaysSo) {
  EXPECT_EQ(RunTest(TinySpec()).status.code(), Code::kNotFound);
}

}  // namespace
}  // namespace quanta
