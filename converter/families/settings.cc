// SPDX-License-Identifier: MIT
#include "converter/families/settings.h"

#include <string>

#include "converter/error.h"

namespace quanta::converter {
namespace {

constexpr std::string_view kHarmless[] = {
    // Who wrote the file, with what.
    "_commit_hash",
    "_name_or_path",
    "architectures",
    "dtype",
    "model_type",
    "name_or_path",
    "tokenizer_class",
    "torch_dtype",
    "transformers.js_config",
    "transformers_version",
    "unsloth_fixed",
    "unsloth_version",
    // How transformers computes.
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "attn_implementation",
    "chunk_size_feed_forward",
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "return_dict_in_generate",
    "torchscript",
    "use_bfloat16",
    "use_cache",
    "use_return_dict",
    // Training.
    "attention_dropout",
    "attn_pdrop",
    "embd_pdrop",
    "finetuning_task",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "label2id",
    "problem_type",
    "resid_pdrop",
    "task_specific_params",
    // Tokens and generation; the tokenizer's reader looks at what matters of these.
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "length_penalty",
    "max_length",
    "max_sequence_length",
    "min_length",
    "model_max_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_scores",
    "pad_token_id",
    "prefix",
    "remove_invalid_values",
    "repetition_penalty",
    "sep_token_id",
    "suppress_tokens",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "unk_token_id",
};

struct Off {
  std::string_view key;
  bool flag;  // off is `false`, else 0
};
constexpr Off kOff[] = {
    {"add_cross_attention", true},
    {"is_decoder", true},
    {"is_encoder_decoder", true},
    {"tie_encoder_decoder", true},
    {"rope_interleaved", true},
    {"use_bidirectional_attention", true},
    {"use_qk_norm", true},
    {"use_sliding_window", true},
    {"qk_layernorm", true},
    {"parallel_attn", true},
    {"attn_logit_softcapping", false},
    {"final_logit_softcapping", false},
};

}  // namespace

void IgnoreHarmlessSettings(Config& config) {
  config.Ignore(kHarmless);
  const Json* pruned = config.Find("pruned_heads");
  if (pruned != nullptr && !pruned->empty()) {
    config.Refuse(Code::kUnsupported, "pruned_heads",
                  "is not empty: pruned heads are not supported");
  }
}

void RequireOffSettings(Config& config) {
  for (const Off& off : kOff) {
    if (config.WasRead(off.key)) continue;  // the family knows what it means
    config.Require(off.key, off.flag ? Json(false) : Json(0));
  }
  if (config.Has("quantization_config")) {
    config.Refuse(Code::kUnsupported, "quantization_config",
                  "is set: the checkpoint is already quantized",
                  "convert the original checkpoint instead");
  }
}

format::Activation ReadActivation(Config& config, std::string_view key, const char* fallback) {
  const std::string name =
      fallback == nullptr ? config.String(key) : config.String(key, std::string(fallback));
  if (name == "silu" || name == "swish") return format::Activation::kSilu;
  if (name == "gelu") return format::Activation::kGeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") {
    return format::Activation::kGeluTanh;
  }
  if (name == "relu") return format::Activation::kRelu;
  config.Refuse(Code::kUnsupported, key, "'" + name + "' is not supported",
                "supported: silu, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu");
}

const char* ActivationName(format::Activation activation) {
  switch (activation) {
    case format::Activation::kSilu:
      return "silu";
    case format::Activation::kGeluTanh:
      return "gelu_pytorch_tanh";
    case format::Activation::kGeluErf:
      return "gelu";
    case format::Activation::kRelu:
      return "relu";
  }
  return "";
}

}  // namespace quanta::converter
