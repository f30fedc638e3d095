// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/generator.h"
#include "quanta/model.h"
#include "quanta/session.h"

/// Options that several commands share: each struct adds its flags to a command and
/// turns them into what the library takes.
namespace quanta::cli {

/// What to do once the command line has been read.
using Action = std::function<int()>;

/// Adds a command. `Command` has a method Define(CLI::App*) that adds its options, and
/// int Run(), its exit code; it lives until the program ends.
template <class Command>
CLI::App* AddCommand(CLI::App& app, Action* action, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  const auto state = std::make_shared<Command>();
  state->Define(command);
  command->callback([state, action] { *action = [state] { return state->Run(); }; });
  return command;
}

struct ModelOptions {
  std::string path;
  std::string require_signature;

  void Define(CLI::App* command);
  /// Opens the file. Throws Error.
  Model Open() const;
};

struct ContextOptions {
  uint32_t context = 0;
  uint32_t chunk = 0;
  std::string kv = "f16";
  int threads = 0;

  void Define(CLI::App* command);
  SessionOptions Options() const;
};

/// The usual KV types, for CLI::IsMember.
extern const std::vector<std::string> kKvNames;
KvType KvOf(const std::string& name);

struct SampleOptions {
  float temperature = 0.8f;
  uint32_t top_k = 40;
  float top_p = 0.95f;
  float min_p = 0;
  float repeat_penalty = 1;
  bool greedy = false;
  std::optional<uint64_t> seed;
  std::vector<std::string> logit_bias;
  uint32_t max_tokens = 256;
  std::vector<std::string> stops;
  bool ignore_eos = false;

  void Define(CLI::App* command);

  /// What GenerateOptions borrows from.
  struct Storage {
    std::vector<SamplingOptions::Bias> bias;
    std::vector<std::string_view> stops;
  };
  /// Picks a seed where none was given. Throws Error(kInvalidArgument).
  GenerateOptions Options(Storage* storage) const;
};

/// 64 hexadecimal digits, or the path of a file that holds them. Throws Error.
std::vector<uint8_t> ReadPublicKey(const std::string& text);

}  // namespace quanta::cli
