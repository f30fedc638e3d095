// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/input.h"
#include "runtime/cli/json.h"
#include "runtime/cli/output.h"
#include "runtime/cli/prompt.h"

namespace quanta::cli {
namespace {

class TokenizeCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    text_given_ = command->add_option("--text", text_, "The text");
    file_given_ =
        command->add_option("--text-file", file_, "A file with the text; -: the standard input");
    ids_given_ = command->add_option("--decode", ids_, "Token ids to turn into text, like 1,2,3");
    command->add_flag("--no-special", no_special_,
                      "Leave out the tokens that the model wants around a text, such as BOS");
    command->add_flag("--parse-special,!--no-parse-special", parse_special_,
                      "Let special tokens spelled out in the text count as such, as Hugging "
                      "Face's tokenizers do; this is the default here");
    command->add_flag("--skip-special", skip_special_, "With --decode: leave special tokens out");
    command->footer("Prints a JSON list of ids; with --decode, the text.");
  }

  int Run() {
    if (text_given_->count() + file_given_->count() + ids_given_->count() != 1) {
      throw Error(Code::kInvalidArgument, "", "give one of --text, --text-file and --decode");
    }
    const Model model = model_options_.Open();
    if (ids_given_->count() != 0) {
      Decode(model);
      return 0;
    }
    const std::string text = file_given_->count() != 0 ? ReadText(file_) : text_;
    WriteJson(
        EncodeText(model, text, {.add_special = !no_special_, .parse_special = parse_special_},
                   model_options_.path),
        -1);
    return 0;
  }

 private:
  void Decode(const Model& model) const {
    const Tokenizer& tokenizer = model.tokenizer();
    std::string storage(TextDecoder::StorageBytes(tokenizer), '\0');
    TextDecoder decoder(tokenizer, storage, skip_special_);
    std::string text;
    for (const int32_t id : ParseIds(ids_, "--decode")) {
      if (static_cast<uint32_t>(id) >= tokenizer.vocab()) {
        throw Error(Code::kInvalidArgument, "--decode", "there is no token " + std::to_string(id),
                    "the vocabulary has " + std::to_string(tokenizer.vocab()));
      }
      text += decoder.Push(id);
    }
    text += decoder.Finish();
    Write(text + "\n");
  }

  ModelOptions model_options_;
  std::string text_, file_, ids_;
  bool no_special_ = false, parse_special_ = true, skip_special_ = false;
  CLI::Option* text_given_ = nullptr;
  CLI::Option* file_given_ = nullptr;
  CLI::Option* ids_given_ = nullptr;
};

}  // namespace

void AddTokenize(CLI::App& app, Action* action) {
  AddCommand<TokenizeCommand>(app, action, "tokenize",
                              "Turn text into token ids, or ids into text");
}

}  // namespace quanta::cli
