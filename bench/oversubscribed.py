#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Decoding while other processes spin on every core, beside decoding alone.

usage: bench/oversubscribed.py MODEL.qfb [--bin DIR] [--threads N] [--rounds N] [--tokens N]

Each round measures alone, then with one spinning process for each usable core, as many as there
are. A fair scheduler then leaves the program half of the cores' time: printed is what it made of
that half, for decoding and for a prompt of 128 tokens. The same for one thread and one spinning
process on one core tells what sharing a core costs without threads that wait for each other.
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

FAIR = 0.5  # of the cores' time, as many spinning processes as cores


def measure(options, cores, threads):
    command = [options.bin / "quanta", "bench", options.model, "--threads", threads, "--runs", 1,
               "--tokens", options.tokens]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    if done.returncode != 0:
        sys.exit(done.stderr.strip() or "quanta failed")
    report = json.loads(done.stdout)
    return report["decode_tokens_per_second"], report["prefill_tokens_per_second"]


def spin(cores):
    os.sched_setaffinity(0, cores)
    while True:
        pass


def among_spinners(options, cores, threads):
    spinners = [multiprocessing.Process(target=spin, args=(cores,), daemon=True) for _ in cores]
    for spinner in spinners:
        spinner.start()
    time.sleep(0.5)
    try:
        return measure(options, cores, threads)
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host/bin"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=256)
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    for used, threads in ((cores, options.threads), ({min(cores)}, 1)):
        rounds = [(measure(options, used, threads), among_spinners(options, used, threads))
                  for _ in range(options.rounds)]
        for index, work in enumerate(("decode", "prefill 128")):
            alone = statistics.median(a[index] for a, _ in rounds)
            beside = statistics.median(b[index] for _, b in rounds)
            share = statistics.median(b[index] / a[index] for a, b in rounds) / FAIR
            print(f"{threads} threads on {len(used)} cores, {work}: alone {alone:.1f} tok/s, beside "
                  f"{len(used)} spinning processes {beside:.1f}: {100 * share:.0f} % of the fair "
                  "share", flush=True)


if __name__ == "__main__":
    main()
