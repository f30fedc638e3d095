// SPDX-License-Identifier: MIT
//
// test and [.
#include "tiss_lite/base/chars.h"
#include "tiss_lite/shell/tools/tools.h"

namespace quanta::lite::tools {
namespace {

constexpr int kWrong = 2;

int Unary(ToolCall& call, const std::string& op, const std::string& operand) {
  if (op == "-z") return operand.empty() ? 0 : 1;
  if (op == "-n") return operand.empty() ? 1 : 0;
  if (op != "-e" && op != "-f" && op != "-d") {
    return call.Fail(Concat("unknown operator '", op, "'"), kWrong);
  }
  if (operand.empty()) return 1;  // no file has this name
  NodeKind kind = NodeKind::kNone;
  if (call.files.Look(operand, &kind) != FsError::kNone) return 1;
  if (op == "-f") return kind == NodeKind::kFile ? 0 : 1;
  if (op == "-d") return kind == NodeKind::kFolder ? 0 : 1;
  return kind != NodeKind::kNone ? 0 : 1;
}

int Binary(ToolCall& call, const std::string& a, const std::string& op, const std::string& b) {
  if (op == "=") return a == b ? 0 : 1;
  if (op == "!=") return a != b ? 0 : 1;
  const auto x = ParseInteger(Trim(a)), y = ParseInteger(Trim(b));
  const bool numeric =
      op == "-eq" || op == "-ne" || op == "-lt" || op == "-gt" || op == "-le" || op == "-ge";
  if (!numeric) return call.Fail(Concat("unknown operator '", op, "'"), kWrong);
  if (!x || !y) {
    return call.Fail(Concat("'", x ? b : a, "': integer expression expected"), kWrong);
  }
  const bool holds = op == "-eq"   ? *x == *y
                     : op == "-ne" ? *x != *y
                     : op == "-lt" ? *x < *y
                     : op == "-gt" ? *x > *y
                     : op == "-le" ? *x <= *y
                                   : *x >= *y;
  return holds ? 0 : 1;
}

int Evaluate(ToolCall& call, const std::vector<std::string>& args) {
  switch (args.size()) {
    case 0:
      return 1;
    case 1:
      return args[0].empty() ? 1 : 0;
    case 2:
      return Unary(call, args[0], args[1]);
    case 3:
      return Binary(call, args[0], args[1], args[2]);
    default:
      return call.Fail("too many arguments", kWrong);
  }
}

int Test(ToolCall& call) { return Evaluate(call, call.args); }

int Bracket(ToolCall& call) {
  std::vector<std::string> args = call.args;
  if (args.empty() || args.back() != "]") return call.Fail("missing ']'", kWrong);
  args.pop_back();
  return Evaluate(call, args);
}

}  // namespace

void AddTestTools(ToolRegistry* registry) {
  const char* what = "-e -f -d FILE, -z -n TEXT, = != -eq -ne -lt -gt -le -ge";
  Add(registry, "test", what, {"fs.read"}, Test);
  Add(registry, "[", what, {"fs.read"}, Bracket);
}

}  // namespace quanta::lite::tools
