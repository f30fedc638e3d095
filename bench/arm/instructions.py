#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guest instructions per weight of the quantized products on 64-bit ARM, counted under qemu.

usage: bench/arm/instructions.py --bench bench_kernels --qemu qemu-aarch64 [--sysroot DIR]
                                 [--cpu NAME] [--rows N...] [--shape NxK]

Runs bench_kernels (of the arm64 build, with QUANTA_BUILD_BENCH) with a number of calls and with
ten more; the difference, by weights times ten, is what one pass over the weights costs. The counts
do not depend on the machine: the same build gives the same numbers everywhere.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

FEW, MANY = 2, 12


def count(options, plugin, panel, rows, calls):
    command = [options.qemu, "-cpu", options.cpu, "-plugin", plugin]
    if options.sysroot:
        command += ["-L", options.sysroot]
    command += [options.bench, "--calls", calls, "--rows", rows, "--only",
                f"matmul/{panel}/{rows}x{options.shape}"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False)
    found = re.search(r"guest instructions: (\d+)", done.stderr)
    if done.returncode != 0 or not found or '"matmul/' not in done.stdout:
        sys.exit(f"instructions.py: {' '.join(map(str, command))} failed:\n{done.stderr}")
    return int(found.group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", required=True, type=pathlib.Path)
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--sysroot")
    parser.add_argument("--cpu", default="cortex-a76")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 4, 64])
    parser.add_argument("--shape", default="1536x576")
    options = parser.parse_args()
    columns, depth = map(int, options.shape.split("x"))
    print("| weights | rows | instructions a weight | a multiply-add |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        plugin = pathlib.Path(scratch) / "count_instructions.so"
        source = pathlib.Path(__file__).with_name("count_instructions.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", plugin, source], check=True)
        for panel in ("q4", "q8"):
            for rows in options.rows:
                spent = (count(options, plugin, panel, rows, MANY)
                         - count(options, plugin, panel, rows, FEW))
                weight = spent / (MANY - FEW) / (columns * depth)
                print(f"| {panel} | {rows} | {weight:.3f} | {weight / rows:.4f} |", flush=True)


if __name__ == "__main__":
    main()
