#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What training costs as the model and the sequence grow: a Markdown table.

usage: bench/training_cost.py [--bench PROGRAM] [--models NAME...] [--lengths N...]
                              [--tokens N] [--steps N] [--threads N]

Runs bench_train for each model (1M, 6M, 25M, 60M: parameters) and each length, with as many rows
as make a pass of --tokens tokens, and prints tokens per second of the median and of the best step,
peak memory, and GFLOP/s with their share of what plain products of the BLAS reach at that moment.
"""
import argparse
import json
import pathlib
import subprocess
import sys

# Layers, width, heads of 32 or 64, feed-forward width, vocabulary.
MODELS = {
    "1M": (4, 128, 4, 344, 1536),
    "6M": (6, 256, 8, 688, 4096),
    "25M": (8, 448, 7, 1216, 8192),
    "60M": (12, 576, 9, 1536, 16384),
}
NAMES = ("--layers", "--hidden", "--heads", "--ffn", "--vocab")


def measure(o, model, length):
    command = [str(o.bench), "--length", str(length), "--batch", str(max(1, o.tokens // length)),
               "--steps", str(o.steps), "--threads", str(o.threads)]
    for name, value in zip(NAMES, MODELS[model]):
        command += [name, str(value)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{command[0]} failed")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, default="build/host/bin/bench_train")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 512, 2048])
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    o = parser.parse_args()
    print("| parameters | shape | length x rows | tokens/s (best) | peak, MiB | GFLOP/s | "
          "of products |\n|---|---|---|---|---|---|---|")
    for model in o.models:
        layers, hidden, heads, ffn, vocab = MODELS[model]
        for length in o.lengths:
            made = measure(o, model, length)
            print(f"| {made['parameters'] / 1e6:.1f}M | {layers} x {hidden}, {heads} heads, "
                  f"{ffn}, {vocab} | {length} x {max(1, o.tokens // length)} | "
                  f"{made['tokens_per_second']:.0f} ({made['best']:.0f}) | "
                  f"{made['peak_mib']:.0f} | {made['gflops']:.0f} | "
                  f"{100 * made['gflops'] / made['product_gflops']:.0f} % |", flush=True)


if __name__ == "__main__":
    main()
