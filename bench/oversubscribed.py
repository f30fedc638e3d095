#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Decoding while other processes spin on every core, beside decoding alone.

usage: bench/oversubscribed.py MODEL.qfb [--bin DIR] [--threads N] [--rounds N] [--tokens N]

Each round measures alone, then with one spinning process for each usable core, as many as there
are. A fair scheduler then leaves the program half of the cores' time: printed is what it made of
that half, for decoding and for a prompt of 128 tokens.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import time


def measure(options):
    command = [options.bin / "quanta", "bench", options.model, "--threads", options.threads, "--runs",
               1, "--tokens", options.tokens]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or "quanta failed")
    report = json.loads(done.stdout)
    return report["decode_tokens_per_second"], report["prefill_tokens_per_second"]


def spin():
    while True:
        pass


def among_spinners(cores, options):
    spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(cores)]
    for spinner in spinners:
        spinner.start()
    time.sleep(0.5)
    try:
        return measure(options)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host-release/bin"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=256)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    fair = 0.5
    rounds = [(measure(options), among_spinners(cores, options)) for _ in range(options.rounds)]
    for index, work in enumerate(("decode", "prefill 128")):
        alone = statistics.median(a[index] for a, _ in rounds)
        beside = statistics.median(b[index] for _, b in rounds)
        share = statistics.median(b[index] / a[index] for a, b in rounds) / fair
        print(f"{work}: alone {alone:.1f} tok/s, beside {cores} spinning processes {beside:.1f}: "
              f"{100 * share:.0f} % of the fair share")


if __name__ == "__main__":
    main()
