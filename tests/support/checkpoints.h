// SPDX-License-Identifier: MIT
#pragma once

/// The checkpoints under tests/data/hf, with reference logits. A name that ends with
/// _legacy is the model before that suffix as published checkpoints look: config keys of
/// transformers 4, 16-bit weights, some in shards.
namespace quanta::testing {

inline constexpr const char* kCheckpoints[] = {
    "gemma3_text",
    "gemma3_text_bf16_legacy",
    "llama3_rope",
    "llama3_rope_bf16_legacy",
    "llama_tied",
    "llama_untied",
    "mistral_sw",
    "mistral_sw_f16_legacy",
    "phi3",
    "phi3_bf16_legacy",
    "qwen2",
    "qwen3",
    "qwen3_bf16_legacy",
    "smollm3",
};

}  // namespace quanta::testing
