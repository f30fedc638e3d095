// SPDX-License-Identifier: MIT
#include "runtime/text/date.h"

#include <cstdio>

namespace quanta::text {
namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr std::string_view kNumbers = "YymdejHIMS";
constexpr std::string_view kNames = "BbhAap";
constexpr std::string_view kWhole = "FT%";

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// Days of the year before this one.
int DayOfYear(const LocalTime& now) {
  constexpr int kBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  return kBefore[now.month - 1] + now.day - 1 + (now.month > 2 && IsLeap(now.year) ? 1 : 0);
}

/// 0: Sunday. Counts from 1 January of year 1, a Monday.
int DayOfWeek(const LocalTime& now) {
  const int years = now.year - 1;
  return (years * 365 + years / 4 - years / 100 + years / 400 + DayOfYear(now) + 1) % 7;
}

struct Number {
  int value;
  int digits;
};

Number NumberOf(char directive, const LocalTime& now) {
  switch (directive) {
    case 'Y':
      return {now.year, 1};
    case 'y':
      return {now.year % 100, 2};
    case 'm':
      return {now.month, 2};
    case 'j':
      return {DayOfYear(now) + 1, 3};
    case 'H':
      return {now.hour, 2};
    case 'I':
      return {(now.hour + 11) % 12 + 1, 2};
    case 'M':
      return {now.minute, 2};
    case 'S':
      return {now.second, 2};
    default:
      return {now.day, 2};
  }
}

std::string_view NameOf(char directive, const LocalTime& now) {
  const std::string_view month = kMonths[now.month - 1];
  const std::string_view day = kDays[DayOfWeek(now)];
  switch (directive) {
    case 'B':
      return month;
    case 'A':
      return day;
    case 'a':
      return day.substr(0, 3);
    case 'p':
      return now.hour < 12 ? "AM" : "PM";
    default:
      return month.substr(0, 3);
  }
}

class DateWriter {
 public:
  DateWriter(const LocalTime& now, RenderSink sink, void* context)
      : now_(now), sink_(sink), context_(context) {}

  Status Write(std::string_view format) const {
    while (!format.empty()) {
      const size_t plain = format.find('%');
      if (plain != 0) {
        QUANTA_TRY(Emit(format.substr(0, plain)));
        if (plain == std::string_view::npos) return {};
        format.remove_prefix(plain);
      }
      const bool padded = format[1] != '-';
      QUANTA_TRY(Directive(format[padded ? 1 : 2], padded));
      format.remove_prefix(padded ? 2 : 3);
    }
    return {};
  }

 private:
  Status Directive(char directive, bool padded) const {
    if (directive == '%') return Emit("%");
    if (directive == 'F') return Write("%Y-%m-%d");
    if (directive == 'T') return Write("%H:%M:%S");
    if (kNames.find(directive) != std::string_view::npos) return Emit(NameOf(directive, now_));
    const Number number = NumberOf(directive, now_);
    char text[16];
    const int length = std::snprintf(text, sizeof(text), directive == 'e' ? "%*d" : "%0*d",
                                     padded ? number.digits : 1, number.value);
    return Emit({text, static_cast<size_t>(length)});
  }

  Status Emit(std::string_view text) const { return sink_(context_, text, true); }

  const LocalTime& now_;
  RenderSink sink_;
  void* context_;
};

}  // namespace

bool IsDateFormat(std::string_view format) {
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 1)) {
    if (++at < format.size() && format[at] == '-') {
      if (++at == format.size() || kNumbers.find(format[at]) == std::string_view::npos)
        return false;
    } else if (at >= format.size() || (kNumbers.find(format[at]) == std::string_view::npos &&
                                       kNames.find(format[at]) == std::string_view::npos &&
                                       kWhole.find(format[at]) == std::string_view::npos)) {
      return false;
    }
  }
  return true;
}

Status WriteDate(std::string_view format, const LocalTime& now, RenderSink sink, void* context) {
  return DateWriter(now, sink, context).Write(format);
}

}  // namespace quanta::text
