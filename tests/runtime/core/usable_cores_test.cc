// SPDX-License-Identifier: MIT
#include "runtime/core/usable_cores.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "runtime/core/thread_pool.h"

namespace quanta {
namespace {

/// Made-up files of the system in the test's folder.
class SystemFiles : public testing::Test {
 protected:
  SystemFiles() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "quanta_system_" + test->name();
    std::filesystem::remove_all(root_, error_);
    std::filesystem::create_directory(root_, error_);
  }
  ~SystemFiles() override { std::filesystem::remove_all(root_, error_); }

  void Folder(const std::string& name) {
    std::filesystem::create_directories(root_ + "/" + name, error_);
    ASSERT_TRUE(std::filesystem::is_directory(root_ + "/" + name, error_));
  }
  void File(const std::string& name, const std::string& text) {
    std::FILE* file = std::fopen((root_ + "/" + name).c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }

  std::string root_;
  std::error_code error_;
};

class CgroupCoresTest : public SystemFiles {
 protected:
  int Cores() { return CgroupCores((root_ + "/self").c_str(), root_.c_str()); }
};

class FastCoresTest : public SystemFiles {
 protected:
  void Capacity(size_t core, const std::string& text) {
    const std::string folder = "system/cpu/cpu" + std::to_string(core);
    if (!std::filesystem::exists(root_ + "/" + folder, error_)) Folder(folder);
    File(folder + "/cpu_capacity", text);
  }
  int Cores(const CoreSet& cores) { return FastCores(root_.c_str(), cores); }
};

TEST_F(FastCoresTest, AreAllWhereTheSystemDoesNotTell) {
  EXPECT_EQ(Cores(CoreSet(0b1)), 1);
  EXPECT_EQ(Cores(CoreSet(0b10110110)), 5);
}

TEST_F(FastCoresTest, LeaveOutThoseOfLessThanHalfTheCapacity) {
  const char* capacities[] = {"290", "290\n", "511", "512\n", "870\n", "1024\n"};
  for (size_t core = 0; core < 6; ++core) Capacity(core, capacities[core]);
  EXPECT_EQ(Cores(CoreSet(0b111111)), 3);
  EXPECT_EQ(Cores(CoreSet(0b000111)), 3) << "of the cores that may be used the fastest counts";
  EXPECT_EQ(Cores(CoreSet(0b000011)), 2);
  EXPECT_EQ(Cores(CoreSet(0b100001)), 1);
}

TEST_F(FastCoresTest, TakeNoCapacityForGrantedThatOneCoreDoesNotTell) {
  Capacity(0, "1024\n");
  Capacity(1, "256\n");
  EXPECT_EQ(Cores(CoreSet(0b111)), 3);
  for (const char* text : {"", "fast\n", "0\n", "-5\n"}) {
    Capacity(2, text);
    EXPECT_EQ(Cores(CoreSet(0b111)), 3) << text;
  }
}

TEST_F(FastCoresTest, LeaveOutTheEfficientCoresOfAHybrid) {
  Folder("cpu_atom");
  File("cpu_atom/cpus", "2-3,5\n");
  EXPECT_EQ(Cores(CoreSet(0b111111)), 3);
  EXPECT_EQ(Cores(CoreSet(0b101000)), 2) << "those are all that may be used";
  for (const char* text : {"", "\n", "none\n", "99999-100000\n"}) {
    File("cpu_atom/cpus", text);
    EXPECT_EQ(Cores(CoreSet(0b111111)), 6) << text;
  }
  File("cpu_atom/cpus", "4-");
  EXPECT_EQ(Cores(CoreSet(0b111111)), 6);
}

TEST_F(CgroupCoresTest, RoundsTheVersion2QuotaDownToAtLeastOne) {
  File("self", "0::/\n");
  const std::pair<const char*, int> cases[] = {{"max 100000\n", 0},
                                               {"400000 100000\n", 4},
                                               {"350000 100000\n", 3},
                                               {"50000 100000\n", 1},
                                               {"-1 100000\n", 0},
                                               {"100000 0\n", 0},
                                               {"", 0},
                                               {"99999999999999 1\n", 2147483647}};
  for (const auto& [text, cores] : cases) {
    File("cpu.max", text);
    EXPECT_EQ(Cores(), cores) << text;
  }
}

TEST_F(CgroupCoresTest, TakesTheSmallestQuotaUpToTheRoot) {
  File("self", "0::/outer/inner\n");
  Folder("outer");
  Folder("outer/inner");
  File("outer/inner/cpu.max", "800000 100000\n");
  EXPECT_EQ(Cores(), 8);
  File("outer/cpu.max", "200000 100000\n");
  EXPECT_EQ(Cores(), 2);
  File("cpu.max", "300000 100000\n");
  EXPECT_EQ(Cores(), 2);
}

TEST_F(CgroupCoresTest, FindsTheRootsQuotaWhereTheGroupIsNotVisible) {
  File("self", "0::/docker/0123\n");
  File("cpu.max", "300000 100000\n");
  EXPECT_EQ(Cores(), 3);
}

TEST_F(CgroupCoresTest, ReadsVersion1AmongOtherControllers) {
  File("self", "5:cpuset:/box\n4:cpuacct,cpu:/box\n2:memory:/\n0::/\n");
  Folder("cpu");
  Folder("cpu/box");
  File("cpu/box/cpu.cfs_period_us", "100000\n");
  File("cpu/box/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Cores(), 0);
  File("cpu/box/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(Cores(), 2);
  File("self", "5:cpuset:/box\n3:cpuacct:/box\n");
  EXPECT_EQ(Cores(), 0);
}

TEST_F(CgroupCoresTest, SetsNoLimitWithoutFilesOrWithNonsense) {
  EXPECT_EQ(Cores(), 0);
  for (const char* text : {"", "\n", "nonsense", "0:", "0::", "4:cpu", ":::::"}) {
    File("self", text);
    EXPECT_EQ(Cores(), 0) << text;
  }
  File("self", "0::/" + std::string(3000, 'a') + "\n");
  EXPECT_EQ(Cores(), 0);
}

TEST(UsableCores, AreAtLeastOneAndWithinTheAffinity) {
  EXPECT_GE(ThreadPool::UsableCores(), 1);
  EXPECT_LE(ThreadPool::UsableCores(), AffinityCores());
}

}  // namespace
}  // namespace quanta
