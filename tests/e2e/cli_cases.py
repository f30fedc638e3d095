#!/usr/bin/env python3
"""Runs the `quanta` program, natively or under an emulator, against references.

usage: cli_cases.py --golden DIR --data DIR [--every N] -- QUANTA...

QUANTA... is the command line of the program: a path, or an emulator and a path.
Checks, for the checkpoints and tokenizers under --data whose models lie in
--golden: greedy ids and logits against the files made with PyTorch (NumPy for
QuantaTissu's), tokenizer ids and decoding against the files made with Hugging
Face tokenizers. --every N takes each Nth tokenizer case, where starting the
program is slow.
"""
import argparse
import array
import ast
import concurrent.futures
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

CHECKPOINTS = [
    "gemma3_text", "gemma3_text_bf16_legacy", "llama3_rope", "llama3_rope_bf16_legacy",
    "llama_tied", "llama_untied", "mistral_sw", "mistral_sw_f16_legacy", "phi3",
    "phi3_bf16_legacy", "qwen2", "qwen3", "qwen3_bf16_legacy", "smollm3"]
TISSU_MODELS = ["by_name", "core", "core_mqa_lora"]
# The two with a tokenizer, and which of the cases are theirs.
TISSU_TOKENIZERS = {"by_name": "python", "core": "core"}
TOKENIZERS = ["gpt2", "llama3", "qwen2", "smollm", "spm_prefix", "spm_noprefix", "unigram"]
FORMATS = {"<f4": "f", "<i8": "q"}


def read_npy(path):
    """(shape, flat list) of a little-endian C-order .npy file."""
    raw = path.read_bytes()
    if raw[:6] != b"\x93NUMPY":
        raise ValueError(f"{path}: not an .npy file")
    length = struct.unpack("<H", raw[8:10])[0]
    header = ast.literal_eval(raw[10:10 + length].decode())
    if header["fortran_order"]:
        raise ValueError(f"{path}: Fortran order")
    values = array.array(FORMATS[header["descr"]])
    values.frombytes(raw[10 + length:])
    return header["shape"], values.tolist()


class Program:
    def __init__(self, command):
        self.command = command

    def __call__(self, *arguments):
        result = subprocess.run([*self.command, *map(str, arguments)], capture_output=True,
                                timeout=300, check=False)
        if result.returncode != 0:
            raise AssertionError(f"{arguments[:2]}: exit {result.returncode}: "
                                 f"{result.stderr.decode(errors='replace').strip()}")
        return result.stdout.decode("utf-8")


def joined(ids):
    return ",".join(map(str, ids))


def check_checkpoint(quanta, model, golden, scratch):
    (rows, length), inputs = read_npy(golden / "input_ids.npy")
    (_, steps), greedy = read_npy(golden / "greedy.npy")
    _, reference = read_npy(golden / "logits.npy")
    vocab = len(reference) // (rows * length)
    worst = 0.0
    for row in range(rows):
        ids = inputs[row * length:(row + 1) * length]
        for threads, chunk in ((1, 64), (2, 7)):
            out = quanta("run", model, "--ids", joined(ids), "--greedy", "--ignore-eos",
                         "--max-tokens", steps, "--print-ids", "--kv", "f32",
                         "--threads", threads, "--chunk", chunk)
            expected = joined(greedy[row * steps:(row + 1) * steps])
            assert out.strip() == expected, f"greedy ids differ:\n{out}{expected}"
        npy = scratch / f"{model.stem}.npy"
        quanta("logits", model, "--ids", joined(ids), "-o", npy)
        shape, logits = read_npy(npy)
        assert shape == (length, vocab), shape
        wanted = reference[row * length * vocab:(row + 1) * length * vocab]
        worst = max(worst, max(abs(a - b) for a, b in zip(logits, wanted)))
    assert worst < 1e-3, f"logits differ by {worst}"
    return f"greedy ids equal, logits within {worst:.2g}"


def check_tokenizer(quanta, model, cases, every):
    count = 0
    for case in cases[::every]:
        with tempfile.NamedTemporaryFile(suffix=".txt") as file:
            file.write(case["text"].encode("utf-8"))
            file.flush()
            for flags, key in ((["--no-special"], "ids"), ([], "ids_special")):
                ids = json.loads(quanta("tokenize", model, "--text-file", file.name, *flags))
                assert ids == case[key], f"{case['text']!r} {key}: {ids} is not {case[key]}"
        if case["ids"]:
            text = quanta("tokenize", model, "--decode", joined(case["ids"]))
            assert text == case["decoded"] + "\n", (
                f"decoding {case['ids']}: {text!r} is not {case['decoded']!r}")
        count += 1
    return f"{count} cases equal"


def check_tissu_tokenizer(quanta, model, cases):
    for case in cases:
        ids = json.loads(quanta("tokenize", model, "--text", case["text"]))
        assert ids == case["ids"], f"{case['text']!r}: {ids} is not {case['ids']}"
        if ids:
            text = quanta("tokenize", model, "--decode", joined(ids))
            assert text == case["text"] + "\n", f"{text!r} is not {case['text']!r}"
    return f"{len(cases)} cases equal"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("quanta", nargs="+")
    options = parser.parse_args()
    quanta = Program(options.quanta)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        jobs = [(name, lambda n=name: check_checkpoint(
                    quanta, options.golden / f"{n}.qfb", options.data / "hf" / n / "golden",
                    pathlib.Path(scratch))) for name in CHECKPOINTS]
        tissu = options.data / "quantatissu"
        tissu_cases = json.loads((tissu / "tokenizer_cases.json").read_text("utf-8"))
        jobs += [(f"quantatissu {name}", lambda n=name: check_checkpoint(
                    quanta, options.golden / f"quantatissu_{n}.qfb", tissu / n / "golden",
                    pathlib.Path(scratch))) for name in TISSU_MODELS]
        jobs += [(f"quantatissu tokenizer {name}", lambda n=name, k=key: check_tissu_tokenizer(
                    quanta, options.golden / f"quantatissu_{n}.qfb",
                    tissu_cases[k][::options.every]))
                 for name, key in TISSU_TOKENIZERS.items()]
        jobs += [(f"tokenizer {name}", lambda n=name: check_tokenizer(
                    quanta, options.golden / f"tokenizer_{n}.qfb",
                    json.loads((options.data / "tokenizers" / n / "cases.json").read_text("utf-8")),
                    options.every)) for name in TOKENIZERS]
        # Most of a case is starting the program, which takes a core to itself.
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, result in [(name, pool.submit(job)) for name, job in jobs]:
                try:
                    print(f"ok      {name}: {result.result()}", flush=True)
                except AssertionError as error:
                    failed += 1
                    print(f"FAILED  {name}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
