#!/usr/bin/env python3
"""Runs quanta and llama.cpp in turn on the same random weights, and prints a table of both.

usage: bench/peers/llama_cpp/compare.py --llama "COMMAND" [--root DIR] [NAME...]

COMMAND starts llama-bench ("chroot ROOT llama-bench" for one in a private root, with --root ROOT,
under whose /tmp the models are then written; bench/peers/install makes such a root). For each model
(names as in bench/real_sizes.py; of Llama's or Qwen 2's kind) and each of int4 and int8: one checkpoint of random weights becomes a .qfb (q4, q8:
4.5 and 8 bits a weight) and a GGUF (Q4_0, Q8_0: 4.5 and 8.5 bits, also the embedding), then both
programs measure decoding and a prompt of 128 tokens, one after the other, --rounds times; and the
whole process with a prompt of 16 tokens and one token more: its seconds and its peak of resident memory. Reported are the
medians, and the hash of quanta's logits, which is the same in all rounds. Needs NumPy.

Decoding is bound by memory, and how much of it a virtual machine gets can change from one second to the next. So
--decode measures decoding alone, with quanta's loop that only reads before, between and after the two
programs, and says the medians of all rounds and of the quiet ones: those whose three loops all read
at least 85 % of the fastest one's bytes a second. --decode prints every round as well.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import real_sizes  # noqa: E402

F32, Q4_0, Q8_0 = 0, 2, 8
GGUF_TYPES = {"q4": Q4_0, "q8": Q8_0}
UINT32, FLOAT32, STRING = 4, 6, 8
ALIGNMENT = 32

RENAMED = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
           "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
           "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
           "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
           "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem in RENAMED:
        return f"{RENAMED[stem]}.{kind}"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{RENAMED[part]}.{kind}"


def blocks_q4_0(rows):
    """Of every 32 numbers: f16 scale, then 16 bytes: number i low, number i + 16 high; q + 8."""
    groups = rows.reshape(-1, 32)
    largest = groups[numpy.arange(len(groups)), numpy.abs(groups).argmax(axis=1)]
    scale = largest / -8
    inverse = numpy.divide(1, scale, out=numpy.zeros_like(scale), where=scale != 0)
    q = numpy.clip(numpy.rint(groups * inverse[:, None]) + 8, 0, 15).astype(numpy.uint8)
    made = numpy.empty((len(groups), 18), numpy.uint8)
    made[:, :2] = scale.astype("<f2")[:, None].view(numpy.uint8)
    made[:, 2:] = q[:, :16] | q[:, 16:] << 4
    return made.tobytes()


def blocks_q8_0(rows):
    """Of every 32 numbers: f16 scale, 32 bytes."""
    groups = rows.reshape(-1, 32)
    scale = numpy.abs(groups).max(axis=1) / 127
    inverse = numpy.divide(1, scale, out=numpy.zeros_like(scale), where=scale != 0)
    made = numpy.empty((len(groups), 34), numpy.uint8)
    made[:, :2] = scale.astype("<f2")[:, None].view(numpy.uint8)
    made[:, 2:] = numpy.rint(groups * inverse[:, None]).astype(numpy.int8).view(numpy.uint8)
    return made.tobytes()


def gguf_bytes(values, kind):
    if kind == F32:
        return values.astype("<f4").tobytes()
    return (blocks_q4_0 if kind == Q4_0 else blocks_q8_0)(values)


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def metadata(config):
    kind = config["model_type"]
    if kind not in ("llama", "qwen2"):
        raise SystemExit(f"compare.py: no GGUF is written for models of the kind {kind}")
    heads = config["num_attention_heads"]
    head_dim = config.get("head_dim", config["hidden_size"] // heads)
    yield "general.architecture", STRING, kind
    yield f"{kind}.vocab_size", UINT32, config["vocab_size"]
    yield f"{kind}.context_length", UINT32, config["max_position_embeddings"]
    yield f"{kind}.embedding_length", UINT32, config["hidden_size"]
    yield f"{kind}.block_count", UINT32, config["num_hidden_layers"]
    yield f"{kind}.feed_forward_length", UINT32, config["intermediate_size"]
    yield f"{kind}.attention.head_count", UINT32, heads
    yield f"{kind}.attention.head_count_kv", UINT32, config["num_key_value_heads"]
    yield f"{kind}.attention.key_length", UINT32, head_dim
    yield f"{kind}.attention.value_length", UINT32, head_dim
    yield f"{kind}.rope.dimension_count", UINT32, head_dim
    yield f"{kind}.rope.freq_base", FLOAT32, config["rope_theta"]
    yield f"{kind}.attention.layer_norm_rms_epsilon", FLOAT32, config["rms_norm_eps"]
    yield "tokenizer.ggml.model", STRING, "no_vocab"


def packed(kind, value):
    if kind == STRING:
        return text(value)
    return struct.pack("<I" if kind == UINT32 else "<f", value)


def read_checkpoint(folder):
    """(name, values) of every tensor: bf16, widened."""
    data = numpy.memmap(folder / "model.safetensors", numpy.uint8, "r")
    size = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8:8 + size].tobytes())
    for name, entry in header.items():
        begin, end = (8 + size + at for at in entry["data_offsets"])
        bits = data[begin:end].view("<u2").astype(numpy.uint32) << 16
        yield name, bits.view(numpy.float32).reshape(entry["shape"])


def write_gguf(config, folder, path, matrix_kind):
    """The checkpoint as a GGUF. (The rows of q and k stay where they are: the order of
    Llama's rotary pairs changes results, which mean nothing here, and no speed.)"""
    infos, blobs, offset = b"", [], 0
    for name, values in read_checkpoint(folder):
        kind = F32 if values.ndim == 1 else matrix_kind
        blob = gguf_bytes(values, kind)
        infos += text(gguf_name(name)) + struct.pack("<I", values.ndim)
        infos += struct.pack(f"<{values.ndim}Q", *reversed(values.shape))
        infos += struct.pack("<IQ", kind, offset)
        blobs.append(blob + bytes(-len(blob) % ALIGNMENT))
        offset += len(blobs[-1])
    entries = list(metadata(config))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(blobs), len(entries))
    for key, kind, value in entries:
        head += text(key) + struct.pack("<I", kind) + packed(kind, value)
    head += infos
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGNMENT))
        for blob in blobs:
            file.write(blob)


def forget(path):
    """Takes a file out of the system's cache. Who reads it next decides how large the pages are by
    which it is mapped, as after a machine's start; now it is who wrote it."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise SystemExit(f"{command[0]}: {result.stderr.strip()[-500:]}")
    return json.loads(result.stdout)


# A process begins with its parent's memory on its account, so that a small one starts it.
STARTER = """
import os, sys, time
begin = time.monotonic()
child = os.fork()
if child == 0:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1), os.dup2(null, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(time.monotonic() - begin, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def process(command):
    """(seconds, MiB of resident memory at the peak) of a whole process."""
    made = subprocess.run([sys.executable, "-I", "-S", "-c", STARTER, *map(str, command)],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SystemExit(f"{command[0]}: exit code {made.returncode}")
    seconds, peak = map(float, made.stdout.split())
    return seconds, peak


class Pair:
    """One model in both formats."""

    def __init__(self, options, folder, root):
        self.options, self.folder, self.root = options, folder, root
        self.model, self.gguf = folder / "model.qfb", folder / "model.gguf"

    def inside(self, path):
        return path if self.root is None else pathlib.Path("/") / path.relative_to(self.root)

    def read_rate(self, threads):
        """What a loop that only reads gets, GB/s."""
        report = run([self.options.bin / "quanta", "bench", self.model, "--threads", threads,
                      "--runs", 1, "--prompt-tokens", 1, "--tokens", 1, "--profile"])
        return report["profile"]["read_gb_s"]

    def our_decoding(self, threads):
        report = run([self.options.bin / "quanta", "bench", self.model, "--threads", threads,
                      "--runs", 3, "--prompt-tokens", 1, "--tokens", 64])
        return report["decode_tokens_per_second"], report["hash"]

    def their_decoding(self, threads):
        rows = run(self.options.llama.split() + ["-m", self.inside(self.gguf), "-t", threads, "-p",
                                                 0, "-n", 64, "-r", 3, "-o", "json"])
        return rows[0]["avg_ts"]

    def ours(self, threads):
        # As llama-bench does it: decoding begins with an empty context, not behind the prompt.
        decode, decode_hash = self.our_decoding(threads)
        report = run([self.options.bin / "quanta", "bench", self.model, "--threads", threads,
                      "--runs", 3, "--prompt-tokens", 128, "--tokens", 1])
        return decode, report["prefill_tokens_per_second"], f"{decode_hash} {report['hash']}"

    def theirs(self, threads):
        rows = run(self.options.llama.split() + ["-m", self.inside(self.gguf), "-t", threads, "-p",
                                                 128, "-n", 64, "-r", 3, "-o", "json"])
        decode = next(row["avg_ts"] for row in rows if row["n_gen"] > 0)
        return decode, next(row["avg_ts"] for row in rows if row["n_prompt"] > 0)

    def our_start(self, threads):
        return process([self.options.bin / "quanta", "bench", self.model, "--threads", threads,
                        "--runs", 1, "--prompt-tokens", 16, "--tokens", 1])

    def their_start(self, threads):
        return process(self.options.llama.split() + [
            "-m", self.inside(self.gguf), "-t", threads, "-pg", "16,1", "-p", 0, "-n", 0, "-r", 1,
            "--no-warmup"])


def report(place, work, ours, theirs, best):
    """Prints a row: medians, their ratio, and that of the `best` (min or max) of each."""
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"| {place} | {work} | {a:.3f} | {b:.3f} | {a / b:.2f} | "
          f"{best(ours) / best(theirs):.2f} |", flush=True)


def in_turn(ours, theirs, options, threads):
    """What both gave, round by round, as columns."""
    rows = [(ours(threads), theirs(threads)) for _ in range(options.rounds)]
    return [list(zip(*side)) for side in zip(*rows)]


QUIET = 0.85  # of the fastest loop that only reads


def compare_decoding(pair, place, threads, rounds):
    """Decoding alone, beside how fast memory was just then."""
    made = []
    for _ in range(rounds):
        before = pair.read_rate(threads)
        ours, checksum = pair.our_decoding(threads)
        between = pair.read_rate(threads)
        theirs = pair.their_decoding(threads)
        made.append((ours, theirs, (before, between, pair.read_rate(threads)), checksum))
    if len({checksum for _, _, _, checksum in made}) != 1:
        raise SystemExit("two runs of quanta gave different results")
    print(f"| {place} | hash of the results | {made[0][3]} | | | |", flush=True)
    for ours, theirs, read, _ in made:
        reads = ", ".join(f"{rate:.1f}" for rate in read)
        print(f"| {place} | decode, beside {reads} GB/s | {ours:.3f} | {theirs:.3f} | "
              f"{ours / theirs:.2f} | |", flush=True)
    fastest = max(max(read) for _, _, read, _ in made)
    quiet = [entry for entry in made if min(entry[2]) >= QUIET * fastest]
    for what, entries in (("all", made), ("quiet", quiet)):
        if entries:
            report(place, f"decode, {what} rounds ({len(entries)})", [entry[0] for entry in entries],
                   [entry[1] for entry in entries], max)


def compare(pair, name, scheme, options):
    for threads in options.threads:
        place = f"{name} | {scheme} | {threads}"
        if options.decode:
            compare_decoding(pair, place, threads, options.rounds)
            continue
        ours, theirs = in_turn(pair.ours, pair.theirs, options, threads)
        if len(set(ours[2])) != 1:
            raise SystemExit("two runs of quanta gave different results")
        print(f"| {place} | hash of the results | {ours[2][0]} | | | |", flush=True)
        for index, work in enumerate(("decode", "prefill 128")):
            report(place, work, ours[index], theirs[index], max)
        ours, theirs = in_turn(pair.our_start, pair.their_start, options, threads)
        for index, work in enumerate(("start to 1 token, s", "peak of memory, MiB")):
            report(place, work, ours[index], theirs[index], min)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--llama", required=True, metavar="COMMAND")
    parser.add_argument("--root", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/host/bin"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--schemes", nargs="+", choices=GGUF_TYPES, default=list(GGUF_TYPES))
    parser.add_argument("--decode", action="store_true",
                        help="decoding only, beside the loop that only reads")
    parser.add_argument("names", nargs="*", default=["SmolLM2-135M"])
    options = parser.parse_args()
    work = options.root / "tmp" if options.root else pathlib.Path(tempfile.gettempdir())
    print("| model | weights | threads | work (tok/s, s, MiB) | quanta | llama.cpp | ratio "
          "| ratio of the best |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name in options.names:
        config = real_sizes.MODELS[name]
        with tempfile.TemporaryDirectory(dir=work) as scratch:
            folder = pathlib.Path(scratch)
            pair = Pair(options, folder, options.root)
            real_sizes.write_checkpoint(config, folder / "checkpoint")
            for scheme in options.schemes:
                kind = GGUF_TYPES[scheme]
                run([options.bin / "quanta-convert", folder / "checkpoint", "-o", pair.model,
                     "--quant", scheme, "--no-tokenizer", "--no-self-test", "--json"])
                write_gguf(config, folder / "checkpoint", pair.gguf, kind)
                forget(pair.model)
                forget(pair.gguf)
                pair.our_start(options.threads[0])
                pair.their_start(options.threads[0])
                compare(pair, name, scheme, options)
            shutil.rmtree(folder / "checkpoint")


if __name__ == "__main__":
    sys.exit(main())
