// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quanta::cli {

/// A whole file; "-" is the standard input. Throws Error(kNotFound, kIo, kLimit).
std::string ReadText(const std::string& path);

/// "1,2,3" as ids. Spaces and brackets around them are fine, so that JSON is. `flag`
/// names the option for the error. Throws Error(kInvalidArgument).
std::vector<int32_t> ParseIds(std::string_view text, std::string_view flag);

/// The reverse: "1,2,3".
std::string JoinIds(const std::vector<int32_t>& ids);

/// Lines from the standard input, as they come.
class LineReader {
 public:
  enum class Event { kLine, kEnd, kInterrupted };
  /// A line comes without its end; at the end of the input, without one of its own.
  Event Next(std::string* line);

 private:
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace quanta::cli
