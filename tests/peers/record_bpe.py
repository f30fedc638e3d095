#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what Hugging Face's BpeTrainer makes of a small text, for the unit tests.

    tests/peers/record_bpe.py --root DIR tests/data/bpe

Writes corpus.txt and cases.json there. --root: a file system with python3-tokenizers in it.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile

import huggingface_tokenizers as peer

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def steps(*parts):
    return {"type": "Sequence", "pretokenizers": [*parts, BYTES]}


CASES = {
    "gpt2": {"pre_tokenizer": BYTES, "vocabulary": 560},
    "every_pair": {"pre_tokenizer": BYTES, "vocabulary": 620, "min_frequency": 0},
    "lines": {"pre_tokenizer": BYTES, "vocabulary": 520, "lines": True},
    "digits": {"pre_tokenizer": steps({"type": "Digits", "individual_digits": True}),
               "vocabulary": 520},
    "spaces": {"pre_tokenizer": steps({"type": "Split", "pattern": {"String": " "},
                                       "behavior": "Contiguous", "invert": False}),
               "vocabulary": 520},
    "special": {"pre_tokenizer": BYTES, "vocabulary": 420,
                "special_tokens": ["<|endoftext|>", "the", "ab", "\u0120a", "a b"]},
    "until_nothing_is_left": {"pre_tokenizer": BYTES, "vocabulary": 100000, "min_frequency": 9},
}


def text():
    parts = [peer.mixture(7)[:3000], peer.few_letters(8, "ab", 12)[:2500],
             peer.few_letters(9, "abcé", 20)[:2500]]
    with open(os.path.join(peer.HERE, "../../CONTRIBUTING.md"), encoding="utf-8") as file:
        parts.append(file.read()[:3000])
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="a file system with python3-tokenizers in it")
    parser.add_argument("folder", metavar="FOLDER")
    arguments = parser.parse_args()
    corpus = os.path.join(arguments.folder, "corpus.txt")
    with open(corpus, "w", encoding="utf-8", newline="") as file:
        file.write(text())
    inside = tempfile.mkdtemp(dir=os.path.join(arguments.root, "tmp"))
    try:
        shutil.copy(corpus, os.path.join(inside, "corpus.txt"))
        lines = []
        for name, case in CASES.items():
            asked = {"min_frequency": 2, "special_tokens": ["<|endoftext|>"], "lines": False, **case}
            made = peer.trained_by_peer(
                arguments.root, file="/tmp/%s/corpus.txt" % os.path.basename(inside), encode=[],
                **asked)
            words = sorted(made["vocab"], key=made["vocab"].get)
            merges = [" ".join(pair) for pair in made["merges"]]
            lines.append(json.dumps({"name": name, **asked, "words": words, "merges": merges}))
        with open(os.path.join(arguments.folder, "cases.json"), "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(lines) + "\n]\n")
    finally:
        shutil.rmtree(inside)


if __name__ == "__main__":
    sys.exit(main())
