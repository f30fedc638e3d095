#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether llama.cpp makes of texts the ids that our GGUF files' tokenizers came with.

    tests/peers/llama_tokenize.py --root DIR --bin DIR

--root, --bin: as of llama_cpp.py beside this file. Without that root nothing is tested, with a
message.

Each tokenizer of tests/data/tokenizers that GGUF can hold goes into a small model, and that into
a GGUF file. llama-server must make the reference's ids of every text of its cases.json, with and
without the special tokens around it. llama.cpp does not normalize texts, as the report then says:
it is given the normalized ones.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unicodedata

import tiny_checkpoint
from llama_cpp import HERE, Server

TOKENIZERS = os.path.join(HERE, "..", "data", "tokenizers")
NOT_NORMALIZED = "llama.cpp does not normalize texts (NFC)"
REFUSED = {"unigram": "a unigram model cannot be said in a GGUF file"}


def first_special(tokenizer):
    """The id that the post-processor puts before a text; 0: none."""
    processor = tokenizer["post_processor"] or {}
    for part in processor.get("processors", [processor]):
        for special in part.get("special_tokens", {}).values():
            return special["ids"][0]
    return 0


def vocabulary_size(tokenizer):
    words = tokenizer["model"]["vocab"]
    last = max(words.values()) if isinstance(words, dict) else len(words) - 1
    return max([last] + [token["id"] for token in tokenizer["added_tokens"]]) + 1


def export(programs, kind, folder):
    """The report, or a message where it is refused as it should be."""
    path = os.path.join(TOKENIZERS, kind, "tokenizer.json")
    with open(path, encoding="utf-8") as file:
        tokenizer = json.load(file)
    tiny_checkpoint.write(folder, path, vocab_size=vocabulary_size(tokenizer),
                          tie_word_embeddings=True, bos_token_id=first_special(tokenizer))
    done = subprocess.run([os.path.join(programs, "quanta-convert"), folder, "--to", "gguf", "-o",
                           os.path.join(folder, "model.gguf"), "--quant", "f32", "--json"],
                          capture_output=True, text=True)
    if kind in REFUSED and REFUSED[kind] in done.stderr:
        return None
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def check(root, programs, kind):
    folder = tempfile.mkdtemp(dir=os.path.join(root, "tmp"))
    try:
        report = export(programs, kind, folder)
        if report is None:
            return "refused: " + REFUSED[kind]
        with open(os.path.join(TOKENIZERS, kind, "cases.json"), encoding="utf-8") as file:
            cases = json.load(file)
        normalize = any(NOT_NORMALIZED in note for note in report["notes"])
        inside = "/tmp/%s/model.gguf" % os.path.basename(folder)
        with tempfile.TemporaryFile() as log, Server(root, inside, log) as server:
            for case in cases:
                text = case["text"]
                if normalize:
                    text = unicodedata.normalize("NFC", text)
                for key, special in (("ids", False), ("ids_special", True)):
                    found = server.get("/tokenize", {"content": text, "add_special": special,
                                                     "parse_special": True})["tokens"]
                    if found != case[key]:
                        raise RuntimeError("%r: %s, wanted %s" % (text[:60], found, case[key]))
        return "%d texts equal%s" % (len(cases), ", normalized before" if normalize else "")
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="a file system with llama.cpp in it")
    parser.add_argument("--bin", required=True, help="the folder of our programs")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(arguments.root, "usr/bin/llama-server")):
        print("skipped: there is no llama-server in " + arguments.root)
        return 0
    failures = 0
    for kind in sorted(os.listdir(TOKENIZERS)):
        try:
            print("%-14s %s" % (kind, check(arguments.root, arguments.bin, kind)), flush=True)
        except RuntimeError as error:
            failures += 1
            print("%-14s FAILED: %s" % (kind, error), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
