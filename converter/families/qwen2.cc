// SPDX-License-Identifier: MIT
//
// Qwen2ForCausalLM (Qwen 2, Qwen 2.5): a Llama with biases on queries, keys and values;
// layers from max_window_layers on may see a window. Yang et al. 2024.
#include "converter/families/common.h"

namespace quanta::converter {
namespace {

OptionalRoles Configure(const FamilyInput& input, Checkpoint* checkpoint) {
  ReadSizes(input, {.kv_heads = 32, .context = 32768}, checkpoint);
  ReadOneRope(input, 10000, false, checkpoint);
  ReadQwenWindow(input.config, checkpoint);
  return {.model = ReadHead(input.config, false), .layer = kQkvBiases};
}

void Describe(const format::Architecture& architecture, const OptionalRoles&, Json* config) {
  config->erase("head_dim");  // hidden_size / num_attention_heads: checked by reading it again
  DescribeSwitchedWindow(architecture, config);
}

}  // namespace

const Family kQwen2 = {
    .name = "qwen2",
    .version = {1, 0, 0},
    .architecture = "Qwen2ForCausalLM",
    .model_type = "qwen2",
    .tensors = LlamaNames(),
    .configure = Configure,
    .describe = Describe,
};

}  // namespace quanta::converter
