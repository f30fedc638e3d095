// SPDX-License-Identifier: MIT
//
// Tools that only look at their arguments: echo printf pwd true false seq basename dirname.
#include <cmath>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/base/number.h"
#include "tiss_lite/shell/tools/tools.h"

namespace quanta::lite::tools {
namespace {

int Echo(ToolCall& call) {
  const bool no_end = !call.args.empty() && call.args[0] == "-n";
  bool first = true;
  for (size_t i = no_end ? 1 : 0; i < call.args.size(); ++i) {
    if (!first) call.Out(" ");
    call.Out(call.args[i]);
    first = false;
  }
  if (!no_end) call.Out("\n");
  return 0;
}

class Printf {
 public:
  explicit Printf(ToolCall& call) : call_(call) {}

  int Run() {
    if (call_.args.empty()) return call_.Fail("missing operand");
    do {
      const size_t before = next_;
      if (!Once(call_.args[0])) return code_;
      if (next_ == before) break;  // it takes no arguments: once is enough
    } while (next_ < call_.args.size());
    return code_;
  }

 private:
  bool Once(std::string_view format) {
    for (size_t i = 0; i < format.size(); ++i) {
      const char next = i + 1 < format.size() ? format[i + 1] : '\0';
      if (format[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
        call_.Out(next == 'n' ? "\n" : next == 't' ? "\t" : "\\");
        ++i;
      } else if (format[i] == '%') {
        if (!Conversion(next)) return false;
        ++i;
      } else if (!call_.Out(format.substr(i, 1))) {
        return false;
      }
    }
    return true;
  }

  bool Conversion(char kind) {
    if (kind == '%') return call_.Out("%");
    const std::string argument = next_ < call_.args.size() ? call_.args[next_] : std::string();
    if (kind == 's') {
      ++next_;
      return call_.Out(argument);
    }
    if (kind == 'd') {
      ++next_;
      const auto number = ParseInteger(argument);
      if (!number && !argument.empty()) {
        code_ = call_.Fail(Concat("'", argument, "': expected a numeric value"));
      }
      return call_.Out(std::to_string(number.value_or(0)));
    }
    code_ = call_.Fail(Concat("%", std::string(kind == '\0' ? 0 : 1, kind), ": invalid directive"));
    return false;
  }

  ToolCall& call_;
  size_t next_ = 1;
  int code_ = 0;
};

int PrintfTool(ToolCall& call) { return Printf(call).Run(); }

int Pwd(ToolCall& call) {
  call.Line("/");
  return 0;
}

int True(ToolCall&) { return 0; }
int False(ToolCall&) { return 1; }

int Seq(ToolCall& call) {
  std::vector<double> numbers;
  for (const std::string& arg : call.args) {
    const auto number = ParseNumber(arg);
    if (!number) return call.Fail(Concat("invalid floating point argument: '", arg, "'"));
    numbers.push_back(*number);
  }
  if (numbers.empty() || numbers.size() > 3) return call.Fail("expected one to three numbers");
  const double first = numbers.size() > 1 ? numbers[0] : 1;
  const double step = numbers.size() > 2 ? numbers[1] : 1;
  const double last = numbers.back();
  if (step == 0) return call.Fail("the increment may not be 0");
  for (uint64_t i = 0;; ++i) {
    const double at = first + static_cast<double>(i) * step;
    if (step > 0 ? at > last : at < last) break;
    if (!call.Line(NumberText(at))) break;
  }
  return 0;
}

std::string_view WithoutSlashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

int Basename(ToolCall& call) {
  if (call.args.empty() || call.args.size() > 2) return call.Fail("expected a path and a suffix");
  std::string_view name = WithoutSlashes(call.args[0]);
  if (name.size() > 1) name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  if (call.args.size() == 2 && name != call.args[1] && name.ends_with(call.args[1])) {
    name.remove_suffix(call.args[1].size());
  }
  call.Line(name);
  return 0;
}

int Dirname(ToolCall& call) {
  if (call.args.empty()) return call.Fail("missing operand");
  for (const std::string& arg : call.args) {
    const std::string_view path = WithoutSlashes(arg);
    const size_t slash = path.rfind('/');
    const bool alone = slash == path.npos;
    call.Line(alone ? "." : slash == 0 ? "/" : WithoutSlashes(path.substr(0, slash)));
  }
  return 0;
}

}  // namespace

void AddPlainTools(ToolRegistry* registry) {
  Add(registry, "echo", "print its arguments [-n]", {}, Echo);
  Add(registry, "printf", "print by a format: %s %d \\n \\t", {}, PrintfTool);
  Add(registry, "pwd", "print the current folder: the root", {}, Pwd);
  Add(registry, "true", "succeed", {}, True);
  Add(registry, "false", "fail", {}, False);
  Add(registry, "seq", "print numbers: [FIRST [STEP]] LAST", {}, Seq);
  Add(registry, "basename", "the last part of a path [SUFFIX]", {}, Basename);
  Add(registry, "dirname", "a path without its last part", {}, Dirname);
}

}  // namespace quanta::lite::tools
