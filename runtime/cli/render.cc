// SPDX-License-Identifier: MIT
#include <string>

#include "runtime/cli/commands.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

class RenderCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command
        ->add_option("--messages", messages_,
                     "A file with [{\"role\": ..., \"content\": ...}, ...]; -: the standard input")
        ->required();
    command->add_flag("--no-generation-prompt", no_generation_prompt_,
                      "End after the last message: do not ask for an answer");
    command->add_flag("--ids", ids_, "Print token ids (a JSON list) instead of text");
    command->add_flag("--parse-special", parse_special_,
                      "With --ids: let special tokens spelled out in messages count as such");
  }

  int Run() {
    const Conversation conversation =
        ParseConversation(ReadText(messages_), messages_ == "-" ? "standard input" : messages_);
    const Model model = model_options_.Open();
    const RenderOptions options = {.generation_prompt = !no_generation_prompt_,
                                   .parse_special = parse_special_};
    if (ids_) {
      WriteJson(EncodeConversation(model, conversation, options, model_options_.path), -1);
    } else {
      // Nothing is added: where the prompt ends is what one wants to see.
      Write(RenderConversation(model, conversation, options, model_options_.path));
    }
    return 0;
  }

 private:
  ModelOptions model_options_;
  std::string messages_;
  bool no_generation_prompt_ = false, ids_ = false, parse_special_ = false;
};

}  // namespace

void AddRender(CLI::App& app, Action* action) {
  AddCommand<RenderCommand>(app, action, "render", "Show the prompt that a conversation becomes");
}

}  // namespace quanta::cli
