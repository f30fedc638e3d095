#!/usr/bin/env python3
"""Encodes a text with Hugging Face's tokenizers and with quanta in turn, and prints both.

usage: bench/peers/tokenizers/encode.py [--python "COMMAND"] [--root DIR] [--bin DIR]
           TOKENIZER_JSON TEXT_FILE

COMMAND starts a Python that has `tokenizers` ("chroot ROOT python3" for one in a private root, with
--root ROOT, under whose /tmp the input is then copied). Both use one thread; reported is the median
of --rounds times three runs of the thread's own time, in MB of text a second: the text as a whole, line by line
(for Hugging Face the faster of encode and encode_batch_fast), and its letters as one word.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

# Runs inside the peer's Python: tokenizer.json, text file.
PEER = r"""
import json, os, sys, time
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer, __version__
tokenizer = Tokenizer.from_file(sys.argv[1])
with open(sys.argv[2], encoding="utf-8", newline="") as file:
    text = file.read()
lines = text.split("\n")
word = "".join(filter(str.isalpha, text))[:1 << 20]
works = {
    "encode": (text, lambda: tokenizer.encode(text, add_special_tokens=False)),
    "encode_lines": (text, lambda: [tokenizer.encode(line, add_special_tokens=False)
                                    for line in lines]),
    "encode_lines_fast": (text, lambda: [
        tokenizer.encode_batch_fast([line], add_special_tokens=False) for line in lines]),
    "encode_one_word": (word, lambda: tokenizer.encode(word, add_special_tokens=False)),
}
rates = {"version": __version__}
for name, (input, body) in works.items():
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        body()
        seconds.append(time.thread_time() - begin)
    rates[name] = len(input.encode()) / sorted(seconds)[1] / 1e6
print(json.dumps(rates))
"""


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{command[0]}: {result.stderr.strip()}")
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("/"))
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host/bin"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("tokenizer", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    options = parser.parse_args()

    ours, theirs, version = {}, {}, ""
    with tempfile.TemporaryDirectory(dir=options.root / "tmp") as scratch:
        inside = "/" + str(pathlib.Path(scratch).relative_to(options.root))
        shutil.copy(options.tokenizer, pathlib.Path(scratch) / "tokenizer.json")
        shutil.copy(options.text, pathlib.Path(scratch) / "text")
        for _ in range(options.rounds):
            out = run(options.bin / "bench_tokenizer", options.tokenizer, options.text)
            for line in map(json.loads, out.splitlines()):
                if "mb_s" in line:
                    ours.setdefault(line["name"], []).append(line["mb_s"])
            rates = json.loads(run(*options.python.split(), "-c", PEER, inside + "/tokenizer.json",
                                   inside + "/text"))
            version = rates.pop("version")
            rates["encode_lines"] = max(rates["encode_lines"], rates.pop("encode_lines_fast"))
            for name, rate in rates.items():
                theirs.setdefault(name, []).append(rate)
    print(f"| work | quanta, MB/s | tokenizers {version}, MB/s | ratio |\n|---|---|---|---|")
    for name in theirs:
        mine, other = statistics.median(ours[name]), statistics.median(theirs[name])
        print(f"| {name} | {mine:.1f} | {other:.2f} | {mine / other:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
