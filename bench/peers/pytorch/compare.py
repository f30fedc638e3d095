#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs bench_train and PyTorch in turn on the same shape, and prints a table.

usage: bench/peers/pytorch/compare.py --bench PROGRAM [--python "COMMAND"] [--root DIR]
                                      [--rounds N] [--no-compile] [SHAPE OPTIONS as bench_train]

COMMAND starts a Python that has torch ("chroot ROOT python3" for one in a private root, with
--root ROOT, under whose /tmp step.py is then copied). PyTorch runs eagerly, with
OMP_WAIT_POLICY=PASSIVE, and compiled. Each round runs all three one after the other; reported are
the medians over the rounds of each round's median step, the best step of all, and the median over
the rounds of the ratio to the better of PyTorch's two in the same round.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys


def run(command, options, environment=None):
    made = subprocess.run(command + options, stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, **(environment or {})))
    if made.returncode != 0:
        sys.exit(f"compare.py: {' '.join(command)} failed")
    return json.loads(made.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--python", default="python3")
    parser.add_argument("--root")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-compile", action="store_true")
    o, shape = parser.parse_known_args()
    script = pathlib.Path(__file__).with_name("step.py")
    if o.root:
        shutil.copy(script, pathlib.Path(o.root) / "tmp" / script.name)
        script = pathlib.Path("/tmp") / script.name
    torch = o.python.split() + [str(script)]
    passive = {"OMP_WAIT_POLICY": "PASSIVE"}
    runs = {"quanta": lambda: run([o.bench], shape),
            "torch eager": lambda: run(torch, shape, passive)}
    if not o.no_compile:
        runs["torch compiled"] = lambda: run(torch + ["--compile"], shape, passive)
    results = {name: [] for name in runs}
    ratios = []
    for _ in range(o.rounds):
        for name, measure in runs.items():
            results[name].append(measure())
        peers = [results[name][-1]["tokens_per_second"] for name in runs if name != "quanta"]
        ratios.append(results["quanta"][-1]["tokens_per_second"] / max(peers))
    for name, made in results.items():
        print(f"{name:15} {statistics.median(r['tokens_per_second'] for r in made):8.0f} tokens/s"
              f" (best {max(r['best'] for r in made):.0f}), peak"
              f" {max(r['peak_mib'] for r in made):.0f} MiB")
    print(f"ratio to the better peer: median {statistics.median(ratios):.2f}, "
          + ", ".join(f"{ratio:.2f}" for ratio in ratios))


main()
