// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/status.h"
#include "tiss_lite/shell/file_access.h"

namespace quanta::lite {

/// Where a tool's output goes; keeps at most `limit` bytes.
class Sink {
 public:
  explicit Sink(size_t limit) : limit_(limit) {}
  /// False once something had to be dropped: more would be dropped too.
  bool Write(std::string_view text);
  const std::string& text() const { return text_; }
  std::string Take() { return std::move(text_); }
  bool full() const { return full_; }

 private:
  size_t limit_;
  std::string text_;
  bool full_ = false;
};

/// One call of a tool.
class ToolCall {
 public:
  /// `args` without the tool's name. `out` and `err` may be the same. All is borrowed.
  ToolCall(std::string tool, std::vector<std::string> arguments, std::string_view standard_input,
           Sink* out, Sink* err, FileAccess* access)
      : name(std::move(tool)),
        args(std::move(arguments)),
        input(standard_input),
        files(*access),
        out_(out),
        err_(err) {}

  const std::string name;
  const std::vector<std::string> args;
  const std::string_view input;  ///< its standard input
  FileAccess& files;
  double seconds = 0;  ///< what the call took, for a tool that knows; the clock adds it

  /// False if the tool may stop: nobody takes more, or the run is over.
  bool Out(std::string_view text);
  bool Line(std::string_view text) { return Out(text) && Out("\n"); }
  void Err(std::string_view text);
  /// "NAME: TEXT" on the standard error. Returns `code`.
  int Fail(std::string_view text, int code = 1);
  /// "NAME: PATH: No such file or directory", unless the run is over. Returns `code`.
  int Fail(std::string_view path, FsError error, int code = 1);

 private:
  Sink* out_;
  Sink* err_;
};

struct Tool {
  std::string name;
  std::string version;                    ///< semantic: "1.0.0"
  std::string summary;                    ///< one line for `help`
  std::vector<std::string> capabilities;  ///< what it may use beside "run": "fs.read", "fs.write"
  std::function<int(ToolCall&)> run;      ///< returns the exit code
};

/// The tools that RUN knows, by name.
class ToolRegistry {
 public:
  ToolRegistry() = default;
  ToolRegistry(const ToolRegistry&) = delete;  // tools may know their registry
  ToolRegistry& operator=(const ToolRegistry&) = delete;

  /// Errors: kInvalidArgument (a name that no word can be, or one that is taken).
  Status Add(Tool tool);
  const Tool* Find(std::string_view name) const;
  const std::map<std::string, Tool, std::less<>>& tools() const { return tools_; }

 private:
  std::map<std::string, Tool, std::less<>> tools_;
};

/// Adds the tools of the specification.
void AddBuiltInTools(ToolRegistry* registry);

}  // namespace quanta::lite
