// SPDX-License-Identifier: MIT
#include <cstdio>
#include <string>
#include <vector>

#include "quanta/self_test.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/error.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/json.h"
#include "runtime/cli/output.h"

namespace quanta::cli {
namespace {

std::string Readable(uint64_t bytes) {
  const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

class InfoCommand {
 public:
  void Define(CLI::App* command) {
    model_options_.Define(command);
    command->add_flag("--json", json_, "Print a JSON object");
    auto* memory = command->add_flag("--memory", memory_, "Say how much memory a session takes");
    command->add_option("--context", context_, "With --memory: for this many tokens only")
        ->check(CLI::PositiveNumber)
        ->needs(memory);
    command->add_option("--kv", kv_, "With --memory: for this kind of keys and values only")
        ->check(CLI::IsMember(kKvNames))
        ->needs(memory);
    command->add_flag("--verify", verify_,
                      "Check every byte of the file, and compute its self-test here");
  }

  int Run() {
    const Model model = model_options_.Open();
    const std::vector<Need> needs = memory_ ? Needs(model) : std::vector<Need>();
    // What is wrong with a file is said before anything else is.
    const Verified verified = verify_ ? Verify(model) : Verified();
    if (json_) {
      PrintJson(model, needs, verified);
    } else {
      PrintText(model, needs, verified);
    }
    return 0;
  }

 private:
  struct Need {
    uint32_t context;
    std::string kv;
    size_t bytes;
  };
  struct Verified {
    bool has_self_test = false;
    SelfTestReport self_test;
  };

  std::vector<Need> Needs(const Model& model) const {
    std::vector<uint32_t> contexts;
    const uint32_t limit = model.info().context;
    if (context_ != 0) {
      contexts.push_back(context_);
    } else {
      for (uint32_t context = 512; context < limit && context <= 32768; context *= 4) {
        contexts.push_back(context);
      }
      contexts.push_back(limit);
    }
    std::vector<Need> needs;
    for (const uint32_t context : contexts) {
      for (const std::string& kv : kKvNames) {
        if (!kv_.empty() && kv_ != kv) continue;
        SessionOptions options;
        options.context = context;
        options.kv = KvOf(kv);
        ErrorDetail detail;
        needs.push_back(
            {context, kv,
             Value(Session::Bytes(model, options, &detail), detail, model_options_.path)});
      }
    }
    return needs;
  }

  Verified Verify(const Model& model) const {
    ErrorDetail detail;
    Check(model.VerifyData(
              &detail, [](void*, uint64_t, uint64_t) { return !Interrupted(); }, nullptr),
          detail, model_options_.path, "get the file again");
    Verified verified;
    if (!model.info().has_self_test) return verified;
    verified.has_self_test = true;
    verified.self_test = Value(RunSelfTest(model, 0, &detail), detail, model_options_.path);
    return verified;
  }

  void PrintJson(const Model& model, const std::vector<Need>& needs,
                 const Verified& verified) const {
    Json out = ModelFacts(model);
    if (memory_) {
      out["memory"] = {{"weights_bytes", model.info().data_bytes},
                       {"weights_mapped", !model.info().compressed}};
      for (const Need& need : needs) {
        out["memory"]["sessions"].push_back(
            {{"context", need.context}, {"kv", need.kv}, {"bytes", need.bytes}});
      }
    }
    if (verify_) {
      out["verified"] = {{"data", true}, {"self_test", nullptr}};
      if (verified.has_self_test) {
        out["verified"]["self_test"] = {{"ids", verified.self_test.ids},
                                        {"steps", verified.self_test.steps},
                                        {"judged", verified.self_test.judged}};
      }
    }
    WriteJson(out);
  }

  static std::string Line(const char* name, const std::string& value) {
    char head[32];
    std::snprintf(head, sizeof(head), "%-14s ", name);
    return value.empty() ? "" : head + Printable(value) + "\n";
  }

  /// Texts from the file go to a terminal.
  static std::string Printable(std::string text) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return text;
  }

  void PrintText(const Model& model, const std::vector<Need>& needs,
                 const Verified& verified) const {
    const ModelInfo& info = model.info();
    const auto text = [](std::string_view view) { return std::string(view); };
    const auto number = [](uint64_t value) { return std::to_string(value); };
    std::string out;
    out += Line("family", text(info.family));
    out += Line("source", text(info.source));
    out += Line("license", text(info.license));
    out += Line("made by", text(info.tool));
    out += Line("quantization", text(info.quantization));
    out += Line("parameters", number(info.parameters));
    out += Line("file", Readable(info.file_bytes) + (info.compressed ? ", compressed" : ""));
    out += Line("read per token", Readable(info.decode_bytes));
    out += Line("layers", number(info.layers) + ", hidden " + number(info.hidden) + ", heads " +
                              number(info.heads) + "/" + number(info.kv_heads) + " of " +
                              number(info.head_dim) + ", ffn " + number(info.ffn));
    out += Line("vocabulary", number(info.vocab));
    out += Line("context", number(info.context));
    out += Line("chat template", info.has_chat_template ? "yes" : "no");
    out += Line("self-test", info.has_self_test ? "yes" : "no");
    out += Line("signed by", info.is_signed ? Hex(info.public_key, 32) : "nobody");
    if (memory_) {
      out += "\nmemory\n";
      out += "  weights " + Readable(info.data_bytes) +
             (info.compressed ? ", in memory once decompressed\n" : ", mapped from the file\n");
      for (const Need& need : needs) {
        out += "  session of " + number(need.context) + " tokens, kv " + need.kv + ": " +
               Readable(need.bytes) + " (" + number(need.bytes) + " bytes)\n";
      }
    }
    if (verify_) out += "\n" + VerifiedText(verified);
    Write(out);
  }

  static std::string VerifiedText(const Verified& verified) {
    if (!verified.has_self_test) return "verified: the data is intact; there is no self-test\n";
    return "verified: the data is intact; the self-test gives the same ids (" +
           std::to_string(verified.self_test.judged) + " of " +
           std::to_string(verified.self_test.steps) + " steps were certain enough to compare)\n";
  }

  ModelOptions model_options_;
  bool json_ = false, memory_ = false, verify_ = false;
  uint32_t context_ = 0;
  std::string kv_;
};

}  // namespace

void AddInfo(CLI::App& app, Action* action) {
  AddCommand<InfoCommand>(app, action, "info", "Show what is in a model file");
}

}  // namespace quanta::cli
