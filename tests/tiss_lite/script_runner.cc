// SPDX-License-Identifier: MIT
#include "tests/tiss_lite/script_runner.h"

#include <gtest/gtest.h>

namespace quanta::lite {

AgentReply ListAgent::Answer(const AgentRequest& request) {
  AgentReply reply;
  reply.ok = requests.size() < answers_.size();
  reply.text = reply.ok ? answers_[requests.size()] : "no more";
  reply.prompt_tokens = request.prompt.size();
  reply.new_tokens = reply.text.size();
  requests.push_back(request);
  return reply;
}

ScriptRunner::ScriptRunner() {
  PresetProfile("default", &profile);
  AddBuiltInTools(&tools);
  host.tools = &tools;
}

ExecutionEngine& ScriptRunner::Load(const std::string& script) {
  Loaded& loaded = loaded_.emplace_back();
  loaded.source = std::make_unique<Source>("test.tiss", script);
  loaded.parsed = std::make_unique<ParseResult>(Parse(*loaded.source));
  for (const Diagnostic& error : loaded.parsed->errors) {
    ADD_FAILURE() << OneLine(*loaded.source, error);
  }
  RunOptions options;
  options.profile = profile;
  options.strict = strict;
  Vfs vfs(profile.limits.files, lower);
  for (const auto& [path, text] : files) {
    EXPECT_EQ(vfs.Import(path, MakeBytes(text)), FsError::kNone) << path;
  }
  loaded.engine = std::make_unique<ExecutionEngine>(*loaded.source, loaded.parsed->program,
                                                    std::move(options), host, std::move(vfs));
  return *loaded.engine;
}

ExecutionEngine& ScriptRunner::Run(const std::string& script) {
  ExecutionEngine& engine = Load(script);
  engine.Run();
  return engine;
}

std::string ScriptRunner::Code() const {
  const auto& error = loaded_.back().engine->error();
  return error ? std::string(error->code) : std::string();
}

std::string ScriptRunner::ReadFile(const std::string& path) const {
  Bytes bytes;
  const FsError error = loaded_.back().engine->state().files.Read(path, &bytes);
  return error == FsError::kNone ? *bytes : std::string("(") + FsErrorText(error) + ")";
}

}  // namespace quanta::lite
