// SPDX-License-Identifier: MIT
#pragma once

namespace quanta {

/// A moment, as people in its time zone write it.
struct LocalTime {
  int year = 1970;         ///< from 1 to 9999
  int month = 1, day = 1;  ///< from 1
  int hour = 0, minute = 0, second = 0;
};

}  // namespace quanta
