#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether we read llama.cpp's quantized files as llama.cpp does.

    tests/peers/llama_quantize.py --root DIR --bin DIR

--root, --bin: as of llama_cpp.py beside this file. Without that root nothing is tested, with a
message.

A small Llama with random weights, its rows wide enough for the largest blocks, becomes a GGUF
file. llama-quantize makes one of each type that we read of it, and of that one an f32 file again:
its own numbers. quanta-convert reads the quantized file and writes another f32 file: ours. Every
tensor must be equal byte for byte.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import tiny_checkpoint
from llama_cpp import FIXTURES, Gguf

TYPES = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q4_K_S",
         "Q5_K_S", "Q6_K"]
TOKENIZER = os.path.join(FIXTURES, "llama_tied", "tokenizer.json")


class Peer:
    def __init__(self, root, programs):
        self.root = root
        self.program = os.path.join(programs, "quanta-convert")
        self.folder = tempfile.mkdtemp(dir=os.path.join(root, "tmp"))
        self.inside = "/tmp/" + os.path.basename(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ours(self, source, target):
        """Writes an f32 file, and returns the types that the source's matrices had."""
        done = subprocess.run([self.program, source, "--to", "gguf", "--quant", "f32", "-o",
                               self.path(target), "--json"], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        tensors = json.loads(done.stdout)["tensors"]
        return {tensor["source_dtype"] for tensor in tensors if tensor["shape"][0] > 1}

    def theirs(self, options, source, target, kind):
        done = subprocess.run(
            ["chroot", self.root, "llama-quantize", *options, self.inside + "/" + source,
             self.inside + "/" + target, kind], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("llama-quantize fails: " + done.stderr[-300:])

    def check(self, kind):
        quantized = kind + ".gguf"
        self.theirs(["--pure"], "f32.gguf", quantized, kind)
        self.theirs(["--allow-requantize"], quantized, kind + "-theirs.gguf", "F32")
        types = self.ours(self.path(quantized), kind + "-ours.gguf")
        if types != {kind.removesuffix("_S")}:
            raise RuntimeError("llama-quantize made other types: %s" % types)
        theirs = Gguf(self.path(kind + "-theirs.gguf")).tensors
        ours = Gguf(self.path(kind + "-ours.gguf")).tensors
        if set(ours) != set(theirs):
            raise RuntimeError("other tensors: %s" % (set(ours) ^ set(theirs)))
        different = [name for name in ours if ours[name] != theirs[name]]
        if different:
            raise RuntimeError("numbers differ: " + ", ".join(different))
        return "%d tensors equal, %d numbers" % (
            len(ours), sum(len(data) // 4 for _, data in ours.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="a file system with llama.cpp in it")
    parser.add_argument("--bin", required=True, help="the folder of our programs")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(arguments.root, "usr/bin/llama-quantize")):
        print("skipped: there is no llama-quantize in " + arguments.root)
        return 0
    peer = Peer(arguments.root, arguments.bin)
    failures = 0
    try:
        tiny_checkpoint.write(peer.folder, TOKENIZER, hidden_size=256, intermediate_size=512)
        peer.ours(peer.folder, "f32.gguf")
        for kind in TYPES:
            try:
                print("%-8s %s" % (kind, peer.check(kind)), flush=True)
            except RuntimeError as error:
                failures += 1
                print("%-8s FAILED: %s" % (kind, error), flush=True)
    finally:
        shutil.rmtree(peer.folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
