// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/tool.h"

#include <algorithm>
#include <utility>

#include "tiss_lite/base/chars.h"

namespace quanta::lite {

bool Sink::Write(std::string_view text) {
  const size_t room = limit_ - text_.size();
  text_.append(text.substr(0, room));
  full_ = full_ || text.size() > room;
  return !full_;
}

bool ToolCall::Out(std::string_view text) {
  return files.Spend(text.size() + 1) && out_->Write(text);
}

void ToolCall::Err(std::string_view text) {
  if (files.Spend(text.size() + 1)) err_->Write(text);
}

int ToolCall::Fail(std::string_view text, int code) {
  Err(Concat(name, ": ", text, "\n"));
  return code;
}

int ToolCall::Fail(std::string_view path, FsError error, int code) {
  return Fail(Concat(path, ": ", FsErrorText(error)), code);
}

Status ToolRegistry::Add(Tool tool) {
  const bool odd = tool.name.empty() || tool.name.find('/') != tool.name.npos ||
                   std::any_of(tool.name.begin(), tool.name.end(), IsSpace);
  if (odd) return {Code::kInvalidArgument, "not a tool's name"};
  const bool added = tools_.emplace(tool.name, std::move(tool)).second;
  return added ? Status() : Status(Code::kInvalidArgument, "there is a tool of this name");
}

const Tool* ToolRegistry::Find(std::string_view name) const {
  const auto tool = tools_.find(name);
  return tool == tools_.end() ? nullptr : &tool->second;
}

}  // namespace quanta::lite
