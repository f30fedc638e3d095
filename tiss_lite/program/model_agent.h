// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quanta/model.h"
#include "tiss_lite/engine/host.h"

namespace quanta::lite::program {

/// What a chat template that prints the date takes for today. A run without the capability
/// `clock` gets a fixed day, so that it stays the same tomorrow.
enum class AgentDate : uint8_t { kFixed, kToday };

/// A model of a .qfb file as the agent.
///
/// What it reads: the directives as a few lines (see BriefOf), and the prompt. A model with a
/// chat template gets the first as a system message, or ahead of the prompt if the template
/// knows none; any other gets both as plain text, a blank line between, a line end after. Special
/// tokens come from the template alone, never from a prompt.
///
/// The same request gives the same answer, whatever was asked before. Ctrl-C ends an answer.
class ModelAgent : public Agent {
 public:
  /// Opens the file. Throws cli::Error.
  ModelAgent(const std::string& path, AgentDate date);

  AgentReply Answer(const AgentRequest& request) override;
  uint64_t CountTokens(std::string_view text) override;
  uint64_t CountPrompt(const AgentRequest& request) override;

  bool has_chat_template() const { return model_.info().has_chat_template; }

 private:
  std::vector<int32_t> Encode(const AgentRequest& request) const;
  std::vector<int32_t> EncodeChat(const std::string& system, const std::string& user) const;
  AgentReply Generate(const AgentRequest& request) const;

  std::string path_;
  AgentDate date_;
  Model model_;
};

/// The directives of a request in words: persona, lens, language, and that JSON is wanted.
std::string BriefOf(const AgentRequest& request);

}  // namespace quanta::lite::program
