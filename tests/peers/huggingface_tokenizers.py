#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether quanta-train tokenizer learns what Hugging Face's BpeTrainer does of the same texts.

    tests/peers/huggingface_tokenizers.py --root DIR --bin DIR [FILE...]

--root: a file system with python3-tokenizers in it, entered with chroot; --bin: where our
programs are. Without that root nothing is tested, with a message.

Each text (the given files, and some that this makes) is learned with several pre-tokenizers,
vocabularies and least frequencies, as a whole and line by line: vocabulary and merges must be
equal, and some of its lines must become the same ids in Hugging Face's library and in `quanta`.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import tiny_checkpoint

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = [["--pre-tokenizer", "gpt2"], ["--pre-tokenizer", "llama3"], ["--pre-tokenizer", "qwen2"],
         ["--digits"], ["--spaces", "--digits"], ["--lines"]]
SETTINGS = [(700, 0), (3000, 2)]  # vocabulary, least frequency
SPECIALS = ["<|endoftext|>", "<|user|>", "aa"]  # the last one is also what merges make


def trained_by_peer(root, **asked):
    """What huggingface_train.py makes of `asked`."""
    with open(os.path.join(HERE, "huggingface_train.py"), encoding="utf-8") as file:
        program = file.read()
    done = subprocess.run(["chroot", root, "python3", "-c", program], input=json.dumps(asked),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError("Hugging Face's trainer: " + done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def has_peer(root):
    return subprocess.run(["chroot", root, "python3", "-c", "import tokenizers"],
                          capture_output=True).returncode == 0


def few_letters(seed, alphabet, longest):
    """Words in which the same tokens are made in several ways, and many pairs are as frequent."""
    rng = random.Random(seed)
    return " ".join("".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))
                    for _ in range(2000))


def mixture(seed):
    """What pre-tokenizers tell apart, in any order."""
    rng = random.Random(seed)
    parts = ["don't", "we'LL", " ", "  ", "\n", "\r\n", "\t", "naïve", "日本語", "Привет", "١٢٣", "½",
             "2024", "x=1;", "...", "—", "\u00a0", "\u3000", "e\u0301", "🙂🙂", "the", "The", "ing", "'"]
    return "".join(rng.choice(parts) for _ in range(4000))


def made_texts():
    return {"two letters": few_letters(1, "ab", 20), "three letters": few_letters(2, "abc", 40),
            "letters of two bytes": few_letters(3, "aéб", 12), "a mixture": mixture(4),
            "one word": "a" * 3000}


def our_ids(programs, folder, lines):
    """What `quanta tokenize` makes of each line."""
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        size = len(json.load(file)["model"]["vocab"])
    model = os.path.join(folder, "model")
    os.makedirs(model)
    tiny_checkpoint.write(model, os.path.join(folder, "tokenizer.json"), vocab_size=size,
                          tie_word_embeddings=True)
    subprocess.run([os.path.join(programs, "quanta-convert"), model, "-o", model + ".qfb",
                    "--quiet"], check=True)
    return [json.loads(subprocess.run([os.path.join(programs, "quanta"), "tokenize",
                                       model + ".qfb", "--text", line], check=True,
                                      capture_output=True, text=True).stdout) for line in lines]


def check(root, programs, path, kind, vocabulary, least):
    folder = tempfile.mkdtemp(dir=os.path.join(root, "tmp"))
    try:
        shutil.copy(path, os.path.join(folder, "text"))
        specials = [word for token in SPECIALS for word in ("--special", token)]
        done = subprocess.run(
            [os.path.join(programs, "quanta-train"), "tokenizer", path, "-o", folder, "--quiet",
             "--vocab", str(vocabulary), "--min-frequency", str(least), *specials, *kind],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
            ours = json.load(file)
        with open(path, encoding="utf-8", newline="") as file:
            lines = [line for line in file.read().splitlines() if line][:3]
        theirs = trained_by_peer(
            root, file="/tmp/%s/text" % os.path.basename(folder), lines="--lines" in kind,
            pre_tokenizer=ours["pre_tokenizer"], vocabulary=vocabulary, min_frequency=least,
            special_tokens=SPECIALS, encode=lines)
        if ours["model"]["vocab"] != theirs["vocab"]:
            raise RuntimeError("another vocabulary")
        if ours["model"]["merges"] != theirs["merges"]:
            raise RuntimeError("other merges")
        if least and our_ids(programs, folder, lines) != theirs["ids"]:
            raise RuntimeError("other ids")
        return len(theirs["merges"])
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="a file system with python3-tokenizers in it")
    parser.add_argument("--bin", required=True, help="the folder of our programs")
    parser.add_argument("files", nargs="*", metavar="FILE")
    arguments = parser.parse_args()
    if not has_peer(arguments.root):
        print("skipped: there is no python3-tokenizers in " + arguments.root)
        return 0
    failures = 0
    with tempfile.TemporaryDirectory() as made:
        paths = {os.path.basename(path): path for path in arguments.files}
        for name, text in made_texts().items():
            paths[name] = os.path.join(made, name)
            with open(paths[name], "w", encoding="utf-8", newline="") as file:
                file.write(text)
        for name, path in paths.items():
            for kind in KINDS:
                for vocabulary, least in SETTINGS:
                    what = "%-21s %-24s %5d, from %d on:" % (name, " ".join(kind), vocabulary, least)
                    try:
                        merges = check(arguments.root, arguments.bin, path, kind, vocabulary, least)
                        print(what, "%d merges equal" % merges, flush=True)
                    except RuntimeError as error:
                        failures += 1
                        print(what, "FAILED:", error, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
