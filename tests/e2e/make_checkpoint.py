#!/usr/bin/env python3
"""Writes a tiny random Llama checkpoint around an existing tokenizer.json.

usage: make_checkpoint.py TOKENIZER_FOLDER OUTPUT_FOLDER

The weights mean nothing; the folder lets a tokenizer be converted and tried
through the programs. Deterministic: the same input gives the same bytes.
"""
import json
import pathlib
import random
import shutil
import struct
import sys

HIDDEN, HEADS, KV_HEADS, FFN, LAYERS = 16, 2, 1, 24, 1


def tensor_shapes(vocab):
    head_dim = HIDDEN // HEADS
    yield "model.embed_tokens.weight", (vocab, HIDDEN)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (HIDDEN,)
        yield prefix + "self_attn.q_proj.weight", (HIDDEN, HIDDEN)
        yield prefix + "self_attn.k_proj.weight", (KV_HEADS * head_dim, HIDDEN)
        yield prefix + "self_attn.v_proj.weight", (KV_HEADS * head_dim, HIDDEN)
        yield prefix + "self_attn.o_proj.weight", (HIDDEN, HIDDEN)
        yield prefix + "post_attention_layernorm.weight", (HIDDEN,)
        yield prefix + "mlp.gate_proj.weight", (FFN, HIDDEN)
        yield prefix + "mlp.up_proj.weight", (FFN, HIDDEN)
        yield prefix + "mlp.down_proj.weight", (HIDDEN, FFN)
    yield "model.norm.weight", (HIDDEN,)


def write_safetensors(path, shapes):
    rng = random.Random(1)
    header, data = {}, bytearray()
    for name, shape in shapes:
        count = 1
        for extent in shape:
            count *= extent
        start = len(data)
        data += struct.pack(f"<{count}f", *(rng.gauss(0, 0.2) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(source, target):
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    words = tokenizer["model"]["vocab"]  # a list of words and scores in unigram models
    ids = list(words.values()) if isinstance(words, dict) else list(range(len(words)))
    ids += [token["id"] for token in tokenizer["added_tokens"]]
    vocab = max(ids) + 1
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "tokenizer.json", target / "tokenizer.json")
    (target / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": HIDDEN, "intermediate_size": FFN, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "num_hidden_layers": LAYERS, "vocab_size": vocab,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "tie_word_embeddings": True, "torch_dtype": "float32"}, indent=1))
    write_safetensors(target / "model.safetensors", tensor_shapes(vocab))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
