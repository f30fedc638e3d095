#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether llama.cpp makes of our GGUF files what the checkpoints' own reference made.

    tests/peers/llama_cpp.py --root DIR --bin DIR

--root: a file system with llama.cpp in it (llama-server, llama-quantize), entered with chroot;
--bin: where our programs are. Without that root nothing is tested, with a message.

Each checkpoint of tests/data/hf is exported in f32 and must give the 32 greedy ids of its
golden/greedy.npy from golden/input_ids.npy. llama.cpp lets all layers of some families see all
tokens, which the report then says: of those it must give the ids of our own runtime (which other
tests hold against the reference) for a text that the window holds. Then q8_0 and q4_0: they must load, and
hold byte for byte what llama-quantize --pure makes of our f32 file.
"""
import argparse
import ast
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "data", "hf")
NEW_TOKENS = 32
NOT_COMPUTED = "llama.cpp lets layers see all tokens"
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 30: (1, 2)}  # ggml's types
QUANTS = {"q8_0": "Q8_0", "q4_0": "Q4_0"}


def read_ids(path):
    """The rows of a .npy file of 32- or 64-bit integers."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    kind = {"<i8": "q", "<i4": "i"}[header["descr"]]
    rows, columns = header["shape"]
    numbers = struct.unpack("<%d%s" % (rows * columns, kind), data[10 + length:])
    return [list(numbers[i * columns:(i + 1) * columns]) for i in range(rows)]


class Gguf:
    """Names and bytes of a GGUF file's tensors."""

    SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.at = 8
        tensors, settings = self.number("<Q"), self.number("<Q")
        for _ in range(settings):
            self.text()
            self.skip(self.number("<I"))
        entries = []
        for _ in range(tensors):
            name = self.text()
            count = 1
            for _ in range(self.number("<I")):
                count *= self.number("<Q")
            entries.append((name, count, self.number("<I"), self.number("<Q")))
        start = (self.at + 31) // 32 * 32
        self.tensors = {}
        for name, count, kind, offset in entries:
            block, size = BLOCKS[kind]
            begin = start + offset
            self.tensors[name] = (kind, self.data[begin:begin + count // block * size])

    def number(self, form):
        value = struct.unpack_from(form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def text(self):
        length = self.number("<Q")
        self.at += length
        return self.data[self.at - length:self.at].decode()

    def skip(self, kind):
        if kind == 8:
            self.text()
        elif kind == 9:
            inner, count = self.number("<I"), self.number("<Q")
            for _ in range(count):
                self.skip(inner)
        else:
            self.at += self.SIZES[kind]


class Server:
    """llama-server with one model, on a free port of this machine."""

    def __init__(self, root, model, log):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log
        self.process = subprocess.Popen(
            ["chroot", root, "llama-server", "-m", model, "--host", "127.0.0.1", "--port",
             str(self.port), "-ctk", "f32", "-ctv", "f32", "-fa", "off", "--no-warmup", "-c", "256",
             "-np", "1", "-t", "1"],
            stdout=log, stderr=subprocess.STDOUT)

    def __enter__(self):
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                self.get("/health", None)
                return self
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("llama-server does not load it: " + self.last_error())

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def last_error(self):
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").splitlines()
        errors = [line for line in lines if "error" in line.lower()]
        return (errors or lines or ["no message"])[0]

    def get(self, path, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path), data,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def greedy(self, ids, count):
        return self.get("/completion", {
            "prompt": ids, "temperature": 0, "n_predict": count, "return_tokens": True,
            "ignore_eos": True, "cache_prompt": False, "samplers": ["temperature"]})["tokens"]


class Peer:
    def __init__(self, root, programs):
        self.root, self.programs = root, programs
        self.folder = tempfile.mkdtemp(dir=os.path.join(root, "tmp"))
        self.inside = "/tmp/" + os.path.basename(self.folder)
        self.failures = 0

    def convert(self, name, quant):
        """The file's name in self.folder, and the report."""
        file = "%s-%s.gguf" % (name, quant)
        done = subprocess.run(
            [os.path.join(self.programs, "quanta-convert"), os.path.join(FIXTURES, name), "--to",
             "gguf", "-o", os.path.join(self.folder, file), "--quant", quant, "--json"],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return file, json.loads(done.stdout)

    def answers(self, file, prompts):
        with tempfile.TemporaryFile() as log:
            with Server(self.root, self.inside + "/" + file, log) as server:
                return [server.greedy(ids, NEW_TOKENS) for ids in prompts]

    def check_f32(self, name):
        file, report = self.convert(name, "f32")
        golden = os.path.join(FIXTURES, name, "golden")
        prompts = read_ids(os.path.join(golden, "input_ids.npy"))
        wanted = read_ids(os.path.join(golden, "greedy.npy"))
        wanted = [row[-NEW_TOKENS:] for row in wanted]
        found = self.answers(file, prompts)
        if found == wanted:
            return "%d x %d ids equal" % (len(found), NEW_TOKENS)
        if any(NOT_COMPUTED in note for note in report["notes"]):
            return self.check_in_window(name, file, prompts)
        raise RuntimeError("ids differ: %s, wanted %s" % (found, wanted))

    def check_in_window(self, name, file, prompts):
        with open(os.path.join(FIXTURES, name, "config.json")) as config:
            half = json.load(config)["sliding_window"] // 2
        prompts = [ids[:half] for ids in prompts]
        wanted = [self.our_ids(name, ids, half) for ids in prompts]
        found = [ids[:half] for ids in self.answers(file, prompts)]
        if found != wanted:
            raise RuntimeError("ids differ within the window: %s, wanted %s" % (found, wanted))
        return "%d x %d ids equal within the window, which it does not compute" % (len(found), half)

    def our_ids(self, name, ids, count):
        model = os.path.join(self.folder, name + ".qfb")
        subprocess.run([os.path.join(self.programs, "quanta-convert"), os.path.join(FIXTURES, name),
                        "-o", model, "--quant", "f32", "--quiet"], check=True)
        done = subprocess.run([os.path.join(self.programs, "quanta"), "run", model, "--greedy",
                               "--ids", ",".join(map(str, ids)), "--max-tokens", str(count),
                               "--ignore-eos", "--kv", "f32", "--print-ids"],
                              capture_output=True, text=True, check=True)
        return json.loads("[" + done.stdout.strip().strip("[]") + "]")

    def check_blocks(self, name, quant):
        file, _ = self.convert(name, quant)
        self.answers(file, [[1, 2, 3]])
        theirs = "%s-%s-theirs.gguf" % (name, quant)
        done = subprocess.run(
            ["chroot", self.root, "llama-quantize", "--pure", "%s/%s-f32.gguf" % (self.inside, name),
             "%s/%s" % (self.inside, theirs), QUANTS[quant]], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("llama-quantize refuses the f32 file: " + done.stderr[-200:])
        ours = Gguf(os.path.join(self.folder, file)).tensors
        theirs = Gguf(os.path.join(self.folder, theirs)).tensors
        if set(ours) != set(theirs):
            raise RuntimeError("other tensors than llama-quantize's")
        different = [tensor for tensor in ours if ours[tensor] != theirs[tensor]]
        if different:
            raise RuntimeError("bytes differ from llama-quantize's: " + ", ".join(different))
        return "loads; %d tensors equal llama-quantize's" % len(ours)

    def run(self, label, check, *arguments):
        try:
            print("%-32s %s" % (label, check(*arguments)), flush=True)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            self.failures += 1
            print("%-32s FAILED: %s" % (label, error), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="a file system with llama.cpp in it")
    parser.add_argument("--bin", required=True, help="the folder of our programs")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(arguments.root, "usr/bin/llama-server")):
        print("skipped: there is no llama-server in " + arguments.root)
        return 0
    peer = Peer(arguments.root, arguments.bin)
    try:
        for name in sorted(os.listdir(FIXTURES)):
            peer.run(name + " f32", peer.check_f32, name)
            for quant in QUANTS:
                peer.run(name + " " + quant, peer.check_blocks, name, quant)
    finally:
        shutil.rmtree(peer.folder)
    return 1 if peer.failures else 0


if __name__ == "__main__":
    sys.exit(main())
