#!/usr/bin/env python3
"""Converts and runs checkpoints of the sizes people use, with random weights.

usage: bench/real_sizes.py [--bin DIR] [--work DIR] [--quant SCHEME] [NAME...]

For each model: writes config.json and bf16 weights (random, so the text means nothing; the
numbers of config.json are the published ones), converts it, runs it, and prints a line of a
table. Needs up to 24 GB of disk under --work for the largest; each model is removed again.
"""
import argparse
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile


def llama(**numbers):
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "rms_norm_eps": 1e-5, "torch_dtype": "bfloat16", **numbers}


def smollm2(hidden, layers, heads, kv_heads, ffn, theta):
    return llama(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                 num_key_value_heads=kv_heads, intermediate_size=ffn, vocab_size=49152,
                 max_position_embeddings=8192, rope_theta=theta, tie_word_embeddings=True)


def qwen(architecture, **numbers):
    return {"architectures": [architecture + "ForCausalLM"], "model_type": architecture.lower(),
            "hidden_act": "silu", "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
            "vocab_size": 151936, "tie_word_embeddings": True, "use_sliding_window": False,
            "torch_dtype": "bfloat16", **numbers}


def gemma3(hidden, layers, ffn):
    kinds = ["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(layers)]
    return {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text",
            "hidden_activation": "gelu_pytorch_tanh", "hidden_size": hidden,
            "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 1,
            "head_dim": 256, "intermediate_size": ffn, "vocab_size": 262144,
            "max_position_embeddings": 32768, "sliding_window": 512, "layer_types": kinds,
            "query_pre_attn_scalar": 256, "rope_theta": 1000000.0,
            "rope_local_base_freq": 10000.0, "rms_norm_eps": 1e-6, "torch_dtype": "bfloat16"}


MODELS = {
    "SmolLM2-135M": smollm2(576, 30, 9, 3, 1536, 100000.0),
    "SmolLM2-360M": smollm2(960, 32, 15, 5, 2560, 100000.0),
    "SmolLM2-1.7B": smollm2(2048, 24, 32, 32, 8192, 130000.0),
    "Qwen2.5-0.5B": qwen("Qwen2", hidden_size=896, num_hidden_layers=24, num_attention_heads=14,
                         num_key_value_heads=2, intermediate_size=4864, sliding_window=32768,
                         max_window_layers=24, max_position_embeddings=32768),
    "Qwen2.5-1.5B": qwen("Qwen2", hidden_size=1536, num_hidden_layers=28, num_attention_heads=12,
                         num_key_value_heads=2, intermediate_size=8960, sliding_window=131072,
                         max_window_layers=28, max_position_embeddings=131072),
    "Qwen3-0.6B": qwen("Qwen3", hidden_size=1024, num_hidden_layers=28, num_attention_heads=16,
                       num_key_value_heads=8, head_dim=128, intermediate_size=3072,
                       sliding_window=None, max_window_layers=28, attention_bias=False,
                       max_position_embeddings=40960),
    "Llama-3.2-1B": llama(hidden_size=2048, num_hidden_layers=16, num_attention_heads=32,
                          num_key_value_heads=8, head_dim=64, intermediate_size=8192,
                          vocab_size=128256, max_position_embeddings=131072, rope_theta=500000.0,
                          rope_scaling={"rope_type": "llama3", "factor": 32.0,
                                        "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                        "original_max_position_embeddings": 8192},
                          tie_word_embeddings=True),
    "Gemma-3-270M": gemma3(640, 18, 2048),
    "Gemma-3-1B": gemma3(1152, 26, 6912),
    "Phi-3-mini-4k": {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3",
                      "hidden_act": "silu", "hidden_size": 3072, "num_hidden_layers": 32,
                      "num_attention_heads": 32, "num_key_value_heads": 32,
                      "intermediate_size": 8192, "vocab_size": 32064, "rms_norm_eps": 1e-5,
                      "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
                      "sliding_window": 2047, "rope_theta": 10000.0, "rope_scaling": None,
                      "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
}


def tensors(config):
    """(name, shape, kind) of every tensor; kind: matrix, gain or bias."""
    hidden, ffn, vocab = (config[key] for key in ("hidden_size", "intermediate_size", "vocab_size"))
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim = config.get("head_dim", hidden // heads)
    q, kv, kind = heads * head_dim, kv_heads * head_dim, config["model_type"]
    yield "model.embed_tokens.weight", (vocab, hidden), "matrix"
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        yield at + "input_layernorm.weight", (hidden,), "gain"
        yield at + "post_attention_layernorm.weight", (hidden,), "gain"
        if kind == "gemma3_text":
            yield at + "pre_feedforward_layernorm.weight", (hidden,), "gain"
            yield at + "post_feedforward_layernorm.weight", (hidden,), "gain"
        if kind == "phi3":
            yield at + "self_attn.qkv_proj.weight", (q + 2 * kv, hidden), "matrix"
            yield at + "mlp.gate_up_proj.weight", (2 * ffn, hidden), "matrix"
        else:
            for name, rows in (("q", q), ("k", kv), ("v", kv)):
                yield f"{at}self_attn.{name}_proj.weight", (rows, hidden), "matrix"
                if kind == "qwen2":
                    yield f"{at}self_attn.{name}_proj.bias", (rows,), "bias"
            yield at + "mlp.gate_proj.weight", (ffn, hidden), "matrix"
            yield at + "mlp.up_proj.weight", (ffn, hidden), "matrix"
        if kind in ("qwen3", "gemma3_text"):
            yield at + "self_attn.q_norm.weight", (head_dim,), "gain"
            yield at + "self_attn.k_norm.weight", (head_dim,), "gain"
        yield at + "self_attn.o_proj.weight", (hidden, q), "matrix"
        yield at + "mlp.down_proj.weight", (hidden, ffn), "matrix"
    yield "model.norm.weight", (hidden,), "gain"
    if config.get("tie_word_embeddings", kind == "gemma3_text") is False:
        yield "lm_head.weight", (vocab, hidden), "matrix"


def random_block(size):
    """`size` bytes of bf16 numbers of either sign from 0.008 to 0.031."""
    words = size // 2
    noise = int.from_bytes(os.urandom(2 * words), "little")
    keep = int.from_bytes(b"\xff\x80" * words, "little")
    exponent = int.from_bytes(b"\x00\x3c" * words, "little")
    return ((noise & keep) | exponent).to_bytes(2 * words, "little")


def write_checkpoint(config, folder):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    header, end, largest = {}, 0, 0
    for name, shape, _ in tensors(config):
        size = 2 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end, largest = end + size, max(largest, size)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    block = random_block((8 << 20) + 6)  # no divisor of any row
    gain = b"\x00\x00" if config["model_type"] == "gemma3_text" else b"\x80\x3f"
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, _, kind in tensors(config):
            begin, stop = header[name]["data_offsets"]
            left = stop - begin
            if kind == "gain":
                file.write(gain * (left // 2))
                continue
            while left > 0:
                file.write(block[:left])
                left -= len(block[:left])
    return end, largest


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise SystemExit(f"{command[0]}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host/bin"))
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--quant", default="f16")
    parser.add_argument("names", nargs="*", help=", ".join(MODELS))
    options = parser.parse_args()
    mib = 1 << 20
    print("| model | checkpoint, MiB | largest tensor, MiB | convert, s | MiB/s | peak, MiB "
          "| .qfb, MiB | load, ms | prefill, tok/s | decode, tok/s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in options.names or MODELS:
        with tempfile.TemporaryDirectory(dir=options.work) as scratch:
            folder, model = pathlib.Path(scratch) / name, pathlib.Path(scratch) / "model.qfb"
            source, largest = write_checkpoint(MODELS[name], folder)
            report = run(options.bin / "quanta-convert", folder, "-o", model, "--quant",
                         options.quant, "--no-tokenizer", "--no-self-test", "--json")
            shutil.rmtree(folder)
            bench = run(options.bin / "quanta", "bench", model, "--runs", "3")
            print(f"| {name} | {source / mib:.0f} | {largest / mib:.0f} | "
                  f"{report['seconds']:.1f} | {source / mib / report['seconds']:.0f} | "
                  f"{report['peak_bytes'] / mib:.0f} | {report['file_bytes'] / mib:.0f} | "
                  f"{1000 * bench['load_seconds']:.1f} | {bench['prefill_tokens_per_second']:.1f} | "
                  f"{bench['decode_tokens_per_second']:.1f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
