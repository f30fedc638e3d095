// SPDX-License-Identifier: MIT
#include "runtime/text/date.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace quanta::text {
namespace {

std::string Written(std::string_view format, const LocalTime& now) {
  std::string out;
  const Status status = WriteDate(
      format, now,
      [](void* context, std::string_view piece, bool trusted) -> Status {
        EXPECT_TRUE(trusted);
        static_cast<std::string*>(context)->append(piece);
        return {};
      },
      &out);
  EXPECT_TRUE(status.ok());
  return out;
}

/// A day in each week of many years, through the system's own strftime.
TEST(WriteDate, IsStrftime) {
  constexpr char kFormat[] =
      "%Y %y %m %d %e %B %b %h %A %a %j %H %I %M %S %p %F %T %% %-d %-m %-H %-I %-M %-S %-j %-y";
  ASSERT_TRUE(IsDateFormat(kFormat));
  int compared = 0;
  for (std::time_t at = 0; at < std::time_t{1} << 32; at += 6 * 86'400 + 12'345) {
    std::tm fields = {};
    ASSERT_NE(gmtime_r(&at, &fields), nullptr);
    char expected[256];
    ASSERT_GT(std::strftime(expected, sizeof(expected), kFormat, &fields), 0u);
    const LocalTime now = {fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
                           fields.tm_hour,        fields.tm_min,     fields.tm_sec};
    ASSERT_EQ(Written(kFormat, now), expected);
    ++compared;
  }
  EXPECT_GT(compared, 8000);
}

TEST(WriteDate, KeepsOtherText) {
  const LocalTime now = {2024, 2, 29, 7, 5, 9};
  EXPECT_EQ(Written("", now), "");
  EXPECT_EQ(Written("plain", now), "plain");
  EXPECT_EQ(Written("Thursday? %A, the %-dth \xE2\x82\xAC", now),
            "Thursday? Thursday, the 29th \xE2\x82\xAC");
}

TEST(IsDateFormat, KnowsWhatWriteDateKnows) {
  for (const char* format : {"", "x", "%d", "%-d", "100%%"}) {
    EXPECT_TRUE(IsDateFormat(format)) << format;
  }
  for (const char* format : {"%", "%-", "%c", "%Q", "%-B", "%-%", "%E", "a%", "%-", "%03d"}) {
    EXPECT_FALSE(IsDateFormat(format)) << format;
  }
}

}  // namespace
}  // namespace quanta::text
