#!/usr/bin/env python3
"""Time per token and memory against the length of the context.

usage: bench/scaling.py MODEL.qfb [--bin DIR] [--threads N] [--runs N] [--kv TYPE...]
                        [--contexts N...]

For each type of cache and each context: decodes 16 tokens after a prompt of that many less 16,
and prints a line of a Markdown table: milliseconds per token (median of the runs), tokens of the
prompt per second, and the exact bytes of a session of that context.
"""
import argparse
import json
import pathlib
import subprocess
import sys

TOKENS = 16


def ask(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or f"{command[0]} failed")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host/bin"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kv", nargs="+", default=["f32", "f16", "int8"])
    parser.add_argument("--contexts", type=int, nargs="+",
                        default=[32, 512, 1024, 2048, 4096, 8192])
    options = parser.parse_args()
    quanta = (options.bin / "quanta").resolve()
    limit = ask(quanta, "info", options.model, "--json")["context"]
    print("| kv | context | ms/token | prefill tok/s | session MiB |\n|---|---|---|---|---|")
    for kv in options.kv:
        for context in options.contexts:
            if not TOKENS < context <= limit:
                continue
            speed = ask(quanta, "bench", options.model, "--prompt-tokens", context - TOKENS,
                        "--tokens", TOKENS, "--runs", options.runs, "--threads", options.threads,
                        "--kv", kv)
            memory = ask(quanta, "info", options.model, "--json", "--memory", "--context", context,
                         "--kv", kv)["memory"]["sessions"][0]["bytes"]
            print(f"| {kv} | {context} | {1000 / speed['decode_tokens_per_second']:.2f} | "
                  f"{speed['prefill_tokens_per_second']:.0f} | {memory / 2**20:.1f} |", flush=True)


if __name__ == "__main__":
    main()
