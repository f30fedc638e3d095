// SPDX-License-Identifier: MIT
#include "tiss_lite/engine/state.h"

namespace quanta::lite {

std::optional<Value> LastRun::Field(std::string_view name) const {
  if (name == "FILE_CONTENT") {
    if (!file_content) return std::nullopt;
    return Value::Text(*file_content);
  }
  if (!ran) return std::nullopt;
  if (name == "STDOUT") return Value::Text(out);
  if (name == "STDERR") return Value::Text(err);
  if (name == "EXIT_CODE") return Value::Number(exit_code);
  if (name == "EXECUTION_TIME") return Value::Number(seconds);
  if (name == "COMMAND") return Value::Text(command);
  if (name == "TRUNCATED") return Value::Boolean(truncated);
  return std::nullopt;
}

}  // namespace quanta::lite
