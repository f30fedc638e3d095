// SPDX-License-Identifier: MIT
//
// What a QuantaTissu checkpoint does not hold: its heads and its context.
#include <filesystem>
#include <optional>
#include <string_view>

#include "converter/config.h"
#include "converter/error.h"
#include "converter/readers/quantatissu.h"
#include "runtime/format/limits.h"

namespace quanta::converter::tissu {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBeside = "model_config.json";
/// Rows of the Python model's position table.
constexpr uint32_t kPythonContext = 5000;
/// max_seq_len in the C++ core's training program.
constexpr uint32_t kCoreContext = 128;
/// Longer tables are no use and a lot of file.
constexpr uint32_t kMaxTable = 1u << 20;

/// A model_config, whose keys had other names in other programs and times.
class ModelConfig {
 public:
  ModelConfig(Json json, const std::string& place) : config_(std::move(json), place) {}

  /// An integer under the one of these names that is there.
  std::optional<uint32_t> Count(std::initializer_list<std::string_view> names) {
    std::optional<uint32_t> value;
    for (const std::string_view name : names) {
      if (!config_.Has(name)) continue;
      const uint32_t one = config_.Count(name, format::kMaxWidth);
      if (value && *value != one) {
        config_.Refuse(Code::kCorrupt, name, "says something else than its other name");
      }
      value = one;
    }
    return value;
  }

  /// The file has `actual`: a configuration of another model is an error.
  void MustBe(std::initializer_list<std::string_view> names, uint32_t actual) {
    const auto said = Count(names);
    if (!said || *said == actual) return;
    config_.Refuse(Code::kCorrupt, *names.begin(),
                   Format("is %u, but the checkpoint has %u", *said, actual),
                   "it belongs to another model");
  }

  void CheckSwitches(bool tied) {
    for (const char* part : {"moe", "use_conv_attention"}) {
      const Json* value = config_.Find(part);
      if (value == nullptr || *value == false) continue;
      config_.Refuse(Code::kUnsupported, part, "makes a model that is not supported");
    }
    if (config_.Has("tie_weights") && config_.Bool("tie_weights", false) != tied) {
      config_.Refuse(Code::kCorrupt, "tie_weights",
                     tied ? "is false, but the checkpoint has no output_proj"
                          : "is true, but the checkpoint has an output_proj of its own");
    }
  }

  /// What training used, and what the programs read but do not compute with.
  void IgnoreTheRest(std::span<const std::string> allowed) {
    constexpr std::string_view kIgnored[] = {
        "block_size",  "layer_norm_eps", "dropout_rate",
        "dropout_p",   "dropout",        "positional_encoding_max_len",
        "kernel_size", "bias",           "lora_rank"};
    config_.Ignore(kIgnored);
    config_.RefuseUnread(allowed);
  }

 private:
  Config config_;
};

/// The configuration's own part of a file that may hold training settings too.
Json ModelPart(Json json, const std::string& place) {
  if (!json.is_object()) throw Error(Code::kCorrupt, place, "is not a JSON object");
  const auto model = json.find("model");
  return model != json.end() && model->is_object() ? Json(*model) : json;
}

std::optional<ModelConfig> FindConfig(const std::string& place, const ReadOptions& options,
                                      std::vector<std::string>* notes) {
  std::string path = options.config;
  if (path.empty()) {
    path = (fs::path(place).parent_path() / kBeside).string();
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return std::nullopt;
    notes->push_back(std::string(kBeside) + " beside the checkpoint was read");
  }
  return ModelConfig(ModelPart(ReadJson(path), path), path);
}

/// One of the two, or both if they agree; 0: neither.
uint32_t Agree(const char* what, uint32_t said, std::optional<uint32_t> configured,
               const std::string& place) {
  if (said != 0 && configured && *configured != said) {
    throw Error(Code::kInvalidArgument, place,
                Format("--%s is %u, the configuration says %u", what, said, *configured));
  }
  return said != 0 ? said : configured.value_or(0);
}

/// Fills heads and kv_heads from those that the model is said to have.
void ResolveHeads(Program program, const Sizes& sizes, const std::string& place,
                  Settings* settings) {
  const bool one_kv_head = program == Program::kCore && sizes.kv_width != sizes.hidden;
  if (settings->heads == 0 && one_kv_head) settings->heads = sizes.hidden / sizes.kv_width;
  if (settings->heads == 0) {
    throw Error(Code::kInvalidArgument, place, "does not say how many heads the model has",
                "add --heads N: n_head or num_heads of its configuration");
  }
  const uint32_t head_dim = sizes.hidden / settings->heads;
  if (head_dim == 0 || sizes.hidden % settings->heads != 0) {
    throw Error(Code::kInvalidArgument, place,
                Format("%u heads do not divide the width of %u", settings->heads, sizes.hidden));
  }
  const uint32_t kv_heads = sizes.kv_width / head_dim;
  const bool fits = kv_heads != 0 && sizes.kv_width % head_dim == 0 &&
                    settings->heads % kv_heads == 0 && (!one_kv_head || kv_heads == 1);
  if (!fits) {
    throw Error(Code::kInvalidArgument, place,
                Format("with %u heads of %u, keys of %u numbers are no whole number of heads that "
                       "divides them",
                       settings->heads, head_dim, sizes.kv_width),
                "look up the model's number of heads again");
  }
  if (settings->kv_heads != 0 && settings->kv_heads != kv_heads) {
    throw Error(Code::kCorrupt, place,
                Format("the configuration says %u key-value heads, the file has %u",
                       settings->kv_heads, kv_heads));
  }
  settings->kv_heads = kv_heads;
}

void ResolveContext(Program program, const std::string& place, Settings* settings,
                    std::vector<std::string>* notes) {
  if (settings->context > kMaxTable) {
    throw Error(Code::kInvalidArgument, place,
                Format("a context of %u is beyond the limit of %u", settings->context, kMaxTable));
  }
  if (settings->context != 0) return;
  settings->context = program == Program::kCore ? kCoreContext : kPythonContext;
  notes->push_back(Format(
      "a context of %u is assumed, as the %s has it; --context N sets another", settings->context,
      program == Program::kCore ? "C++ core's training program" : "Python program"));
}

}  // namespace

Settings ReadSettings(Program program, const Sizes& sizes, bool tied, const std::string& place,
                      const ReadOptions& options, std::vector<std::string>* notes) {
  Settings settings{.heads = options.heads, .context = options.context};
  if (auto config = FindConfig(place, options, notes)) {
    config->MustBe({"vocab_size"}, sizes.vocab);
    config->MustBe({"n_embd", "d_model", "embed_dim"}, sizes.hidden);
    config->MustBe({"n_layer", "n_layers", "num_layers"}, sizes.layers);
    config->MustBe({"d_ff"}, sizes.ffn);
    settings.heads =
        Agree("heads", options.heads, config->Count({"n_head", "n_heads", "num_heads"}), place);
    settings.kv_heads = config->Count({"num_kv_heads"}).value_or(0);
    const auto length = config->Count({"max_seq_len"});
    if (options.context == 0) settings.context = length.value_or(0);
    config->CheckSwitches(tied);
    config->IgnoreTheRest(options.allowed_keys);
  }
  ResolveHeads(program, sizes, place, &settings);
  ResolveContext(program, place, &settings, notes);
  return settings;
}

}  // namespace quanta::converter::tissu
