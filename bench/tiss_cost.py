#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `tiss-lite` costs as a process: start to end of small scripts, and memory at the limits.

usage: tiss_cost.py [--bin build/host/bin] [--runs 200]

Prints JSON lines: seconds are the median and the best of all runs, memory is the peak of the
process (resident set) in MiB.
"""
import argparse
import json
import os
import subprocess
import tempfile

HELLO = 'TASK "hello"\nSTEP "say it" {\n    RUN "echo hello"\n    LOG "{{LAST_RUN.STDOUT}}"\n}\n'


def step(*statements):
    return 'STEP "s" {\n' + "".join(statements) + "}\n"


def scripts(bench):
    """Scripts that stop at a limit, and large ones that do not."""
    big = 'VAR x = "' + "x" * 1000 + '"\n'
    double = 'VAR x = "{{x}}{{x}}"\n'
    yield "hello world", HELLO
    yield "variables, 4 MiB", step(big, double * 7, *(
        f'VAR v{i} = "{{{{x}}}}"\n' for i in range(40)))
    yield "files, 16 MiB", step(big, double * 7, 'RUN "echo {{x}}{{x}}{{x}}{{x}} > f"\n', *(
        f'RUN "cat f f > f{i}"\n' for i in range(40)))
    yield "one file, 1 MiB", step(big, 'RUN "echo {{x}} > f"\n',
                                  'RUN "cat f f > g; cat g g > f"\n' * 12)
    yield "statements, 9950", step(*(f'LOG "{i}"\n' for i in range(9950)))
    for shape in ("mixed", "heredoc", "commands"):
        text = subprocess.run([bench, "script", shape, str(256 * 1024)], check=True,
                              capture_output=True, text=True).stdout
        yield f"256 KiB, {shape}", text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default="build/host/bin")
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    program, bench = (os.path.join(options.bin, name) for name in ("tiss-lite", "bench_tiss"))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in scripts(bench):
            path = os.path.join(folder, "script.tiss")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            runs = options.runs if name == "hello world" else 5
            for command in ("lint", "run"):
                done = subprocess.run([bench, "process", str(runs), program, command, path,
                                       "--json"], check=True, capture_output=True, text=True)
                print(json.dumps({"script": name, "bytes": len(text), "command": command,
                                  **json.loads(done.stdout)}), flush=True)


if __name__ == "__main__":
    main()
