# SPDX-License-Identifier: MIT
"""A small Llama with random weights as a Hugging Face folder, for the peer tests."""
import array
import json
import os
import random
import shutil
import struct


def shapes(config):
    hidden, ffn = config["hidden_size"], config["intermediate_size"]
    kv = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    tensors = {"model.embed_tokens.weight": (config["vocab_size"], hidden),
               "model.norm.weight": (hidden,)}
    for i in range(config["num_hidden_layers"]):
        layer = "model.layers.%d." % i
        for name, shape in {
                "input_layernorm": (hidden,), "self_attn.q_proj": (hidden, hidden),
                "self_attn.k_proj": (kv, hidden), "self_attn.v_proj": (kv, hidden),
                "self_attn.o_proj": (hidden, hidden), "post_attention_layernorm": (hidden,),
                "mlp.gate_proj": (ffn, hidden), "mlp.up_proj": (ffn, hidden),
                "mlp.down_proj": (hidden, ffn)}.items():
            tensors[layer + name + ".weight"] = shape
    if not config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = (config["vocab_size"], hidden)
    return tensors


def write(folder, tokenizer, **settings):
    """Writes config.json, model.safetensors and a copy of `tokenizer` (a tokenizer.json).
    Scales of the rows differ, so that those of blocks do."""
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 768,
              "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
              "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_act": "silu",
              "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "tie_word_embeddings": False, **settings}
    rng = random.Random(1)
    header, data = {}, b""
    for name, shape in shapes(config).items():
        numbers = array.array("f")
        for _ in range(shape[0] if len(shape) == 2 else 1):
            scale = 10 ** rng.uniform(-4, 0.5)
            numbers.extend(rng.gauss(0, scale) for _ in range(shape[-1]))
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + 4 * len(numbers)]}
        data += numbers.tobytes()
    text = json.dumps(header).encode()
    with open(os.path.join(folder, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    shutil.copy(tokenizer, os.path.join(folder, "tokenizer.json"))
