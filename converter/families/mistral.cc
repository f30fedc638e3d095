// SPDX-License-Identifier: MIT
//
// MistralForCausalLM: a Llama whose layers see a window. Jiang et al. 2023.
#include "converter/families/common.h"
#include "runtime/format/limits.h"

namespace quanta::converter {
namespace {

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  Config& config = input.config;
  ReadSizes(input, {.kv_heads = 8, .context = 4096 * 32}, checkpoint);
  ReadOneRope(input, 10000, false, checkpoint);
  const size_t layers = checkpoint->architecture.layers.size();
  if (!config.IsNull("sliding_window")) {
    const uint32_t window = config.Count("sliding_window", format::kMaxContext, 4096);
    SetWindows(std::vector<bool>(layers, true), window, checkpoint);
  }
  return {.model = ReadHead(config, false)};
}

void Describe(const format::Architecture& architecture, const OptionalRoles&, Json* config) {
  const uint32_t window = OneWindow(architecture);
  (*config)["sliding_window"] = window == 0 ? Json() : Json(window);
}

}  // namespace

const Family kMistral = {
    .name = "mistral",
    .version = {1, 0, 0},
    .architecture = "MistralForCausalLM",
    .model_type = "mistral",
    .tensors = LlamaNames(),
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
