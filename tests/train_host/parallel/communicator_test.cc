// SPDX-License-Identifier: MIT
//
// What needs no launcher: a process alone, and what the environment says.
#include "train_host/parallel/communicator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <vector>

namespace quanta::train {
namespace {

using converter::Error;
using ::testing::HasSubstr;

/// The launchers' variables, unset again after the test.
class LaunchVariables : public ::testing::Test {
 protected:
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char* name :
         {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE"}) {
      unsetenv(name);
    }
  }
};

TEST_F(LaunchVariables, AProgramStartedByItselfIsAlone) {
  const Launch launch = FindLaunch();
  EXPECT_EQ(launch.rank, 0);
  EXPECT_EQ(launch.size, 1);
  EXPECT_EQ(JoinProcesses(launch)->size(), 1);
}

TEST_F(LaunchVariables, OpenMpisAndMpichsLaunchersAreKnown) {
  setenv("PMI_RANK", "2", 1);
  setenv("PMI_SIZE", "3", 1);
  EXPECT_EQ(FindLaunch().rank, 2);
  EXPECT_EQ(FindLaunch().size, 3);
  setenv("OMPI_COMM_WORLD_RANK", "1", 1);
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  EXPECT_EQ(FindLaunch().rank, 1);
  EXPECT_EQ(FindLaunch().size, 4);
}

TEST_F(LaunchVariables, NonsenseIsNoLaunch) {
  setenv("OMPI_COMM_WORLD_RANK", "7", 1);
  for (const char* size : {"", "x", "0", "-3", "1"}) {
    setenv("OMPI_COMM_WORLD_SIZE", size, 1);
    EXPECT_EQ(FindLaunch().size, 1) << size;
    EXPECT_EQ(FindLaunch().rank, 0) << size;
  }
}

TEST(CheckLaunch, SeveralProcessesNeedMpi) {
  EXPECT_NO_THROW(CheckLaunch({0, 1}, ""));
  EXPECT_NO_THROW(CheckLaunch({1, 2}, "Open MPI v4"));
  try {
    CheckLaunch({1, 2}, "");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("2 processes were started, and this quanta-train was "
                                        "built without MPI; start it without mpirun"));
  }
}

TEST(Alone, KeepsItsNumbersAndAgreesWithItself) {
  const auto alone = Alone();
  std::vector<float> values = {1, 2};
  alone->Sum(std::span(values));
  EXPECT_EQ(values, (std::vector<float>{1, 2}));
  EXPECT_TRUE(alone->first());
  EXPECT_GE(alone->Cores(), 1);
  EXPECT_TRUE(Any(*alone, true));
  EXPECT_FALSE(Any(*alone, false));
  EXPECT_TRUE(AllEqual(*alone, 7));
}

TEST(Alone, ItsOwnExceptionsPass) {
  const auto alone = Alone();
  EXPECT_THROW(Together(*alone, [] { throw std::out_of_range("x"); }), std::out_of_range);
  EXPECT_THROW(OnFirst(*alone, [] { throw Error(Code::kIo, "p", "w"); }), Error);
}

TEST(Try, TellsWhatWasThrown) {
  EXPECT_EQ(Try([] {}).code, Code::kOk);
  const Failure own = Try([] { throw Error(Code::kIo, "p", "w", "h"); });
  EXPECT_EQ(own.code, Code::kIo);
  EXPECT_EQ(own.text, "p: w; h");
  EXPECT_FALSE(own.common);
  EXPECT_TRUE(Try([] { throw CommonError(Code::kLimit, "", "w"); }).common);
  EXPECT_EQ(Try([] { throw std::bad_alloc(); }).code, Code::kOutOfMemory);
  EXPECT_EQ(Try([] { throw std::runtime_error("r"); }).text, "r");
}

}  // namespace
}  // namespace quanta::train
