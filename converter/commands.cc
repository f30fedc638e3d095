// SPDX-License-Identifier: MIT
#include "converter/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "converter/convert.h"
#include "converter/error.h"
#include "converter/inspect.h"
#include "converter/interrupt.h"
#include "converter/progress.h"
#include "converter/schemes.h"
#include "converter/version.h"
#include "converter/writer/compress.h"
#include "converter/writer/seal.h"

namespace quanta::converter {
namespace {

constexpr const char* kDescription =
    "Converts a language model checkpoint into a Quanta model file (.qfb).\n"
    "CKPT is a Hugging Face folder (config.json, model.safetensors or shards and their index,\n"
    "tokenizer.json), a GGUF file of llama.cpp, a QuantaTissu checkpoint (.npz, .bin, .pt) or a\n"
    "Quanta model. --to hf and --to gguf lead out again. The output appears complete or not at "
    "all.\n";
constexpr const char* kFooter =
    "Examples:\n"
    "  quanta-convert ./SmolLM2-135M -o smollm.qfb --quant q4\n"
    "  quanta-convert smollm.gguf -o smollm.qfb\n"
    "  quanta-convert smollm.qfb --to gguf\n"
    "  quanta-convert inspect smollm.qfb --tensors\n"
    "  quanta-convert keygen release && quanta-convert sign smollm.qfb --key release\n"
    "  quanta-convert verify smollm.qfb --key release.pub\n"
    "Exit codes: 0 ok, 1 failed, 2 usage, 3 bad file, 4 out of memory, 130 interrupted.";

/// Everything that the command line can say.
struct Arguments {
  ConvertOptions convert;
  std::string quant, embed, head, to;
  bool no_self_test = false, no_tokenizer = false, no_chat_template = false;
  bool json = false, quiet = false, tensors = false;
  std::string file, key, output;
  std::vector<std::string> rules;
};

/// Without --to the output's name tells.
Target ParseTarget(const std::string& name, const std::string& output) {
  if (name.empty()) return output.ends_with(".gguf") ? Target::kGguf : Target::kQfb;
  if (name == "qfb") return Target::kQfb;
  if (name == "hf") return Target::kHuggingFace;
  if (name == "gguf") return Target::kGguf;
  throw Error(Code::kInvalidArgument, "", "unknown --to " + name, "use qfb, hf or gguf");
}

/// How another program's files shall store matrices; empty: as the source does.
std::string ParseDtype(const std::string& name, Target target) {
  if (name.empty()) return {};
  const bool gguf = target == Target::kGguf;
  for (const char* known : {"f32", "f16", "bf16"}) {
    if (name == known) return Upper(name);
  }
  if (gguf && (name == "q8" || name == "q8_0")) return "Q8_0";
  if (gguf && (name == "q4" || name == "q4_0")) return "Q4_0";
  throw Error(Code::kInvalidArgument, "", "unknown --quant " + name + " for this target",
              gguf ? "use f32, f16, bf16, q8_0 or q4_0" : "use f32, f16 or bf16");
}

void Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(Code::kIo, "", "cannot write to the standard output");
  }
}

Progress::Style StyleOf(const Arguments& arguments) {
  return arguments.quiet ? Progress::Style::kNone : Progress::StyleFor(stderr);
}

/// What only a .qfb has.
void RefuseModelOptions(const Arguments& arguments) {
  if (!arguments.embed.empty() || !arguments.head.empty() || !arguments.rules.empty()) {
    throw Error(Code::kInvalidArgument, "", "only a .qfb stores some matrices another way",
                "leave out --embed and --head and --quant-for");
  }
  if (!arguments.convert.calibrate.empty()) {
    throw Error(Code::kInvalidArgument, "", "only a .qfb is calibrated", "leave out --calibrate");
  }
  if (!arguments.convert.compress && arguments.convert.sign_key.empty()) return;
  throw Error(Code::kInvalidArgument, "", "only a .qfb can be compressed or signed",
              "leave out --compress and --sign");
}

void ParseSchemes(const Arguments& arguments, ConvertOptions* options) {
  if (!arguments.quant.empty()) options->scheme = ParseScheme(arguments.quant, "--quant");
  if (!arguments.embed.empty()) options->embed = ParseScheme(arguments.embed, "--embed");
  if (!arguments.head.empty()) options->head = ParseScheme(arguments.head, "--head");
  for (const std::string& rule : arguments.rules) options->rules.push_back(ParseSchemeRule(rule));
}

void RunConvert(Arguments& arguments) {
  ConvertOptions& options = arguments.convert;
  if (options.checkpoint.empty()) {
    throw Error(Code::kInvalidArgument, "", "no checkpoint given", "see quanta-convert --help");
  }
  options.target = ParseTarget(arguments.to, options.output);
  if (options.target == Target::kQfb) {
    ParseSchemes(arguments, &options);
  } else {
    options.dtype = ParseDtype(arguments.quant, options.target);
    RefuseModelOptions(arguments);
  }
  options.self_test = !arguments.no_self_test;
  options.tokenizer = !arguments.no_tokenizer;
  options.chat_template = !arguments.no_chat_template;
  Progress progress(StyleOf(arguments), stderr, WatchInterrupts());
  const Report report = Convert(options, &progress);
  progress.Clear();
  if (arguments.json) {
    Print(report.ToJson());
  } else if (!arguments.quiet) {
    Print(report.Text());
  }
}

void RunInspect(const Arguments& arguments) {
  Print(arguments.json ? DescribeJson(arguments.file, arguments.tensors)
                       : Describe(arguments.file, arguments.tensors));
}

void RunVerify(const Arguments& arguments) {
  ErrorDetail detail;
  std::optional<writer::PublicKey> key;
  if (!arguments.key.empty()) {
    key = Value(writer::ParsePublicKey(arguments.key, &detail), detail, arguments.key);
  }
  CheckIsModel(arguments.file);
  Progress progress(StyleOf(arguments), stderr, WatchInterrupts());
  progress.Start("verifying");
  const Status status = writer::VerifyFile(
      arguments.file, key ? std::span<const uint8_t>(*key) : std::span<const uint8_t>(),
      progress.Callback(), &detail);
  Check(status, detail, arguments.file);
  progress.Clear();
  if (arguments.quiet) return;
  Print(arguments.file + (key ? ": ok, signed with the given key\n" : ": ok\n"));
}

void RunSign(const Arguments& arguments) {
  ErrorDetail detail;
  const auto key = Value(writer::ReadKey(arguments.key, &detail), detail, arguments.key);
  const std::string& out = arguments.output.empty() ? arguments.file : arguments.output;
  CheckOutput(out, arguments.convert.force);
  CheckIsModel(arguments.file);
  Progress progress(StyleOf(arguments), stderr, WatchInterrupts());
  progress.Start("signing");
  const Status status = writer::SignFile(arguments.file, key, out, &detail, progress.Callback());
  Check(status, detail, arguments.file);
  progress.Clear();
  if (!arguments.quiet) Print(out + ": signed\n");
}

void RunKeygen(const Arguments& arguments) {
  ErrorDetail detail;
  Check(writer::GenerateKey(arguments.file, &detail), detail, arguments.file);
  if (!arguments.quiet) {
    Print(arguments.file + ": the secret key; keep it to yourself\n" + arguments.file +
          ".pub: the public key; give it to those who verify\n");
  }
}

using Recode = Status (*)(const std::string& in, const std::string& out,
                          const writer::Progress& progress, ErrorDetail* detail);

void RunRecode(const Arguments& arguments, Recode recode) {
  CheckOutput(arguments.output, arguments.convert.force);
  CheckIsModel(arguments.file);
  Progress progress(StyleOf(arguments), stderr, WatchInterrupts());
  progress.Start("working");
  ErrorDetail detail;
  const Status status = recode(arguments.file, arguments.output, progress.Callback(), &detail);
  Check(status, detail, arguments.file);
}

Status Compress(const std::string& in, const std::string& out, const writer::Progress& progress,
                ErrorDetail* detail) {
  return writer::CompressFile(in, out, writer::kDefaultLevel, detail, progress);
}

Status Decompress(const std::string& in, const std::string& out, const writer::Progress& progress,
                  ErrorDetail* detail) {
  return writer::DecompressFile(in, out, detail, progress);
}

/// The command line's grammar: fills `arguments`, and `command` with what to run.
class Grammar {
 public:
  Grammar(Arguments* arguments, std::function<void()>* command)
      : app_(kDescription, "quanta-convert"), arguments_(*arguments), command_(*command) {
    app_.footer(kFooter);
    app_.set_version_flag("--version", kTool);
    app_.require_subcommand(0, 1);
    app_.get_formatter()->column_width(36);
    AddConvert();
    AddInspect();
    AddVerify();
    AddSign();
    AddKeygen();
    AddRecode("compress", "Write a model's compressed form, for download", Compress);
    AddRecode("decompress", "Write the model that a compressed form restores to", Decompress);
  }

  CLI::App& app() { return app_; }

 private:
  void AddConvert() {
    ConvertOptions& options = arguments_.convert;
    app_.add_option("CKPT", options.checkpoint, "The checkpoint: a folder or a file")
        ->type_name("");
    app_.add_option("-o,--output", options.output, "Default: the checkpoint's name + .qfb")
        ->type_name("FILE");
    app_.add_option("--to", arguments_.to,
                    "What to make: qfb (default), hf, a Hugging Face folder, or gguf, a file of "
                    "llama.cpp (default for -o NAME.gguf)")
        ->type_name("FORMAT");
    app_.add_option(
            "--quant", arguments_.quant,
            "Weights: f32, f16 (default), q8 or q4; of hf f32, f16 or bf16, of gguf also q8_0 or "
            "q4_0 (default: as they are)")
        ->type_name("SCHEME");
    app_.add_option("--embed", arguments_.embed, "The embedding, if not as --quant says")
        ->type_name("SCHEME");
    app_.add_option("--head", arguments_.head, "A head of its own, if not as --quant says")
        ->type_name("SCHEME");
    app_.add_option("--quant-for", arguments_.rules,
                    "PATTERN=SCHEME: matrices whose name or role matches (* and ?); may be "
                    "repeated, of several the last counts")
        ->allow_extra_args(false)
        ->type_name("RULE");
    app_.add_option("--calibrate", options.calibrate,
                    "Round q4 so that the outputs of matrices over this text change least, instead "
                    "of each weight by itself (GPTQ); q8 loses too little to need it")
        ->type_name("TEXT");
    app_.add_flag("--compress", options.compress, "Write the compressed form, for download");
    app_.add_option("--sign", options.sign_key, "Sign with this secret key (see keygen)")
        ->type_name("KEYFILE");
    app_.add_flag("--no-self-test", arguments_.no_self_test, "Do not run and record a self-test");
    app_.add_flag("--no-tokenizer", arguments_.no_tokenizer, "Convert without tokenizer: ids only");
    app_.add_flag("--no-chat-template", arguments_.no_chat_template,
                  "Convert without chat template");
    app_.add_option("--allow-unknown-config", options.read.allowed_keys,
                    "Let this setting of config.json pass; may be repeated")
        ->allow_extra_args(false)
        ->type_name("KEY");
    AddWhatFilesLack();
    app_.add_flag("--force", options.force, "Replace an output that is no Quanta model");
    app_.add_flag("--json", arguments_.json, "Report as JSON");
    app_.add_flag("--quiet,-q", arguments_.quiet, "No report, no progress");
    command_ = [this] { RunConvert(arguments_); };
  }

  void AddWhatFilesLack() {
    ReadOptions& read = arguments_.convert.read;
    app_.add_option("--heads", read.heads, "Heads, where the checkpoint does not say")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    app_.add_option("--context", read.context, "Positions, where it does not say")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    app_.add_option("--config", read.config, "QuantaTissu: a model_config file")->type_name("FILE");
    app_.add_option("--tokenizer", read.tokenizer, "QuantaTissu: PREFIX of its tokenizer's files")
        ->type_name("PREFIX");
    app_.add_option("--pre-tokenizer", read.pre_tokenizer,
                    "QuantaTissu: cut texts as which program, python or core")
        ->type_name("NAME");
  }

  CLI::App* AddCommand(const char* name, const char* what, std::function<void()> run) {
    CLI::App* command = app_.add_subcommand(name, what);
    command->callback([this, run = std::move(run)] { command_ = run; });
    return command;
  }

  void AddFile(CLI::App* command) {
    command->add_option("FILE", arguments_.file, "A model file")->required()->type_name("");
  }

  void AddInspect() {
    CLI::App* command =
        AddCommand("inspect", "Show what a model file holds", [this] { RunInspect(arguments_); });
    AddFile(command);
    command->add_flag("--tensors", arguments_.tensors, "Also every tensor");
    command->add_flag("--json", arguments_.json, "As JSON");
  }

  void AddVerify() {
    CLI::App* command =
        AddCommand("verify", "Hash everything in a model file", [this] { RunVerify(arguments_); });
    AddFile(command);
    command->add_option("--key", arguments_.key, "It must be signed with this public key")
        ->type_name("PUBKEY");
    command->add_flag("--quiet,-q", arguments_.quiet, "Say nothing if it is right");
  }

  void AddSign() {
    CLI::App* command = AddCommand("sign", "Sign a model file", [this] { RunSign(arguments_); });
    AddFile(command);
    command->add_option("--key", arguments_.key, "The secret key's file")
        ->required()
        ->type_name("KEYFILE");
    command->add_option("-o,--output", arguments_.output, "Default: in place")->type_name("FILE");
    command->add_flag("--force", arguments_.convert.force, "Replace an output that is no model");
    command->add_flag("--quiet,-q", arguments_.quiet, "Say nothing");
  }

  void AddKeygen() {
    CLI::App* command = AddCommand("keygen", "Make a pair of keys: NAME and NAME.pub",
                                   [this] { RunKeygen(arguments_); });
    command->add_option("NAME", arguments_.file, "The secret key's file")
        ->required()
        ->type_name("");
    command->add_flag("--quiet,-q", arguments_.quiet, "Say nothing");
  }

  void AddRecode(const char* name, const char* what, Recode recode) {
    CLI::App* command = AddCommand(name, what, [this, recode] { RunRecode(arguments_, recode); });
    AddFile(command);
    command->add_option("-o,--output", arguments_.output, "The file to write")
        ->required()
        ->type_name("FILE");
    command->add_flag("--force", arguments_.convert.force, "Replace an output that is no model");
    command->add_flag("--quiet,-q", arguments_.quiet, "No progress");
  }

  CLI::App app_;
  Arguments& arguments_;
  std::function<void()>& command_;
};

int Complain(int code, const char* text) {
  std::fprintf(stderr, "quanta-convert: %s\n", text);
  return code;
}

/// -1: go on.
int Parse(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return -1;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      return app.exit(error);  // --help, --version
    }
    const Error line(Code::kInvalidArgument, "", error.what(), "see quanta-convert --help");
    return Complain(ExitCode(line.code()), line.what());
  }
}

}  // namespace

int RunProgram(int argc, const char* const* argv) {
  try {
    Arguments arguments;
    std::function<void()> command;
    Grammar grammar(&arguments, &command);
    const int done = Parse(grammar.app(), argc, argv);
    if (done >= 0) return done;
    command();
    return 0;
  } catch (const Error& error) {
    return Complain(ExitCode(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return Complain(ExitCode(Code::kOutOfMemory), "out of memory");
  } catch (const std::exception& error) {
    return Complain(ExitCode(Code::kInternal), error.what());
  }
}

}  // namespace quanta::converter
