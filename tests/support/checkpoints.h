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

/// The models under tests/data/quantatissu, likewise. Converted they are called
/// quantatissu_NAME.qfb.
inline constexpr const char* kTissuModels[] = {
    "by_name",       "by_name_lora", "by_name_tied_grouped", "core",
    "core_mqa_lora", "training",     "unqualified",
};

}  // namespace quanta::testing
