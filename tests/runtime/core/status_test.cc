// SPDX-License-Identifier: MIT
#include "quanta/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace quanta {
namespace {

TEST(Status, IsOkByDefault) {
  EXPECT_TRUE(Status().ok());
  EXPECT_STREQ(Status().what(), "ok");
  EXPECT_FALSE(Status(Code::kIo, "disk").ok());
}

TEST(ErrorDetail, CutsTextsThatAreTooLong) {
  ErrorDetail detail;
  const std::string text(2 * ErrorDetail::kCapacity, 'x');
  detail.Format("%s", text.c_str());
  EXPECT_EQ(std::string(detail.text()), text.substr(0, ErrorDetail::kCapacity - 1));
}

TEST(ErrorDetail, ReplacesControlCharactersAndKeepsTheRest) {
  ErrorDetail detail;
  detail.Format("name \"%s\"", "a\x1b[31m\n\r\t\x7f\x01 \xc3\xa4~");
  EXPECT_STREQ(detail.text(), "name \"a?[31m????? \xc3\xa4~\"");
  detail.Clear();
  EXPECT_TRUE(detail.empty());
}

TEST(Fail, FillsTheDetailIfThereIsOne) {
  ErrorDetail detail;
  const Status status = Fail(&detail, Code::kCorrupt, "bad tensor", "tensor %d of %s", 3, "f.qfb");
  EXPECT_EQ(status.code(), Code::kCorrupt);
  EXPECT_STREQ(status.what(), "bad tensor");
  EXPECT_STREQ(detail.text(), "tensor 3 of f.qfb");
  EXPECT_EQ(Fail(nullptr, Code::kLimit, "too long", "%d", 1).code(), Code::kLimit);
}

Result<std::unique_ptr<int>> Half(int value) {
  if (value % 2 != 0) return Status(Code::kInvalidArgument, "odd");
  return std::make_unique<int>(value / 2);
}

Status Quarter(int value, int* out) {
  QUANTA_ASSIGN(const auto half, Half(value));
  QUANTA_ASSIGN(const auto quarter, Half(*half));
  *out = *quarter;
  return {};
}

TEST(Result, CarriesTheValueOrTheReason) {
  int out = -1;
  EXPECT_TRUE(Quarter(12, &out).ok());
  EXPECT_EQ(out, 3);
  EXPECT_EQ(Quarter(6, &out).code(), Code::kInvalidArgument);
  EXPECT_EQ(out, 3);
  EXPECT_TRUE(Half(2).status().ok());
}

#if GTEST_HAS_DEATH_TEST && !defined(__EMSCRIPTEN__)
TEST(ResultDeathTest, AskingAnErrorForItsValuePanics) {
  EXPECT_DEATH(Half(1).value(), "check failed: ok\\(\\)");
}
#endif

}  // namespace
}  // namespace quanta
