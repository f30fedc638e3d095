#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains BPE with quanta-train and with Hugging Face's tokenizers in turn, and prints a table.

usage: bench/peers/tokenizers/compare.py --root DIR --bin DIR [--vocab N,...] [--rounds N] FILE

--root: a file system with python3-tokenizers in it, entered with chroot. For each vocabulary the
file is learned line by line, as Hugging Face reads files, and as one text. Reported are medians:
seconds on the wall (the peer's without its start), seconds of processor time, peak memory. Fails
if the two learn different merges.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests/peers"))
import huggingface_tokenizers  # noqa: E402

MEASURES = ["seconds", "processor_seconds", "peak_bytes"]


def ours(program, path, folder, vocabulary, lines):
    command = [program, "tokenizer", path, "-o", folder, "--vocab", str(vocabulary), "--quiet",
               "--force"] + (["--lines"] if lines else [])
    begin = time.time()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("quanta-train failed")
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        made = json.load(file)
    return {"seconds": time.time() - begin, "processor_seconds": used.ru_utime + used.ru_stime,
            "peak_bytes": 1024 * used.ru_maxrss, "merges": made["model"]["merges"],
            "pre_tokenizer": made["pre_tokenizer"]}


def compare(arguments, folder, vocabulary, lines):
    runs = {"quanta": [], "Hugging Face": []}
    for _ in range(arguments.rounds):
        mine = ours(os.path.join(arguments.bin, "quanta-train"), arguments.file, folder, vocabulary,
                    lines)
        theirs = huggingface_tokenizers.trained_by_peer(
            arguments.root, file="/tmp/%s/text" % os.path.basename(folder), lines=lines,
            pre_tokenizer=mine["pre_tokenizer"], vocabulary=vocabulary, min_frequency=2,
            special_tokens=["<|endoftext|>"], encode=[])
        if mine["merges"] != theirs["merges"]:
            sys.exit("the merges differ: vocabulary %d, lines %s" % (vocabulary, lines))
        runs["quanta"].append(mine)
        runs["Hugging Face"].append(theirs)
    for name, results in runs.items():
        wall, processor, peak = (statistics.median(run[key] for run in results) for key in MEASURES)
        print("| %d | %s | %s | %.2f | %.2f | %.0f |" % (
            vocabulary, "lines" if lines else "one text", name, wall, processor, peak / 2**20),
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--root", required=True, help="a file system with python3-tokenizers in it")
    parser.add_argument("--bin", required=True, help="the folder of our programs")
    parser.add_argument("--vocab", default="8192,16384,32768", help="vocabularies, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("file", metavar="FILE")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(dir=os.path.join(arguments.root, "tmp"))
    try:
        shutil.copy(arguments.file, os.path.join(folder, "text"))
        print("| vocabulary | texts | program | wall, s | processor, s | peak, MiB |")
        print("|---|---|---|---|---|---|")
        for vocabulary in (int(word) for word in arguments.vocab.split(",")):
            for lines in (True, False):
                compare(arguments, folder, vocabulary, lines)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
