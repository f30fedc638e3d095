#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether transformers loads what quanta-train writes, and quanta-train what transformers saves.

    tests/peers/transformers_checkpoint.py --root DIR --bin DIR [CHECKPOINT...]

--root: a file system with python3-transformers and python3-torch in it, entered with chroot;
--bin: where our programs are. Without that root nothing is tested, with a message.

Each checkpoint (the given ones, and some small ones of each kind that this trains) is loaded by
transformers: no weight may be missing or left over, the tokens and the loss of a text must be
those of `quanta-train eval`. What transformers then saves must give the same loss again, and
quanta-train must go on training from it.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = "A fox that had no garden of its own went to the market and bought 12 apples. It didn't pay.\n"
KINDS = {
    "llama": [],
    "llama, untied, grouped": ["model.tied=false", "model.kv_heads=1"],
    "qwen2": ["model.qkv_bias=true"],
    "qwen3": ["model.qk_norm=true"],
}


class Failed(Exception):
    pass


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed("%s: %s" % (os.path.basename(command[0]), done.stderr.strip()))
    return done.stdout


def has_peer(root):
    return subprocess.run(["chroot", root, "python3", "-c", "import torch, transformers"],
                          capture_output=True).returncode == 0


def loaded_by_peer(root, folder, save):
    with open(os.path.join(folder, "generation_config.json"), encoding="utf-8") as file:
        end = json.load(file)["eos_token_id"]
    with open(os.path.join(HERE, "transformers_load.py"), encoding="utf-8") as file:
        program = file.read()
    asked = {"folder": "/" + os.path.relpath(folder, root), "text": TEXT,
             "end": end[0] if isinstance(end, list) else end,
             "save": "/" + os.path.relpath(save, root)}
    done = subprocess.run(["chroot", root, "python3", "-c", program], input=json.dumps(asked),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed("transformers: " + done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def our_loss(programs, folder, text):
    return json.loads(run([os.path.join(programs, "quanta-train"), "eval", folder, text, "--json"]))


def same(what, ours, theirs, tolerance):
    if abs(ours - theirs) > tolerance * max(1, abs(ours)):
        raise Failed("%s: %.7f here, %.7f there" % (what, ours, theirs))


def check(o, name, folder, work):
    """`folder` lies inside the root."""
    text = os.path.join(work, "text.txt")
    with open(text, "w", encoding="utf-8") as file:
        file.write(TEXT)
    saved = os.path.join(work, "saved")
    shutil.rmtree(saved, ignore_errors=True)
    peer = loaded_by_peer(o.root, folder, saved)
    if peer["notes"]:
        raise Failed("transformers notes %s" % peer["notes"])
    ours = our_loss(o.bin, folder, text)
    # All but the first are predicted.
    if ours["targets"] != len(peer["ids"]) - 1:
        raise Failed("%d tokens here, %d there" % (ours["targets"], len(peer["ids"]) - 1))
    same("loss", ours["loss"], peer["loss"], 1e-5)
    same("loss after save_pretrained", ours["loss"], our_loss(o.bin, saved, text)["loss"], 1e-6)
    again = os.path.join(work, "again")
    shutil.rmtree(again, ignore_errors=True)
    config = os.path.join(work, "again.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"init": saved, "output": again, "data": {"train": [text]},
                   "run": {"steps": 2, "batch": 1, "eval_every": 0}}, file)
    run([os.path.join(o.bin, "quanta-train"), "train", "--config", config])
    print("ok   %s: %s, loss %.6f here, %.6f there" % (name, peer["class"], ours["loss"],
                                                       peer["loss"]), flush=True)


def train(o, work, name, extra):
    """A small run's last checkpoint."""
    train_program = os.path.join(o.bin, "quanta-train")
    corpus = os.path.join(work, "corpus.txt")
    if not os.path.exists(corpus):
        with open(corpus, "w", encoding="utf-8") as file:
            file.write(TEXT * 50)
        for pattern in ("gpt2", "qwen2"):
            run([train_program, "tokenizer", corpus, "-o", os.path.join(work, pattern), "--vocab",
                 "400", "--min-frequency", "1", "--pre-tokenizer", pattern])
    tokenizer = "qwen2" if name == "qwen2" else "gpt2"  # that class's in transformers, always
    config = os.path.join(work, "train.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"model": {"layers": 2, "hidden": 64, "heads": 2, "ffn": 160, "context": 128},
                   "data": {"train": [corpus], "tokenizer": os.path.join(work, tokenizer)},
                   "run": {"steps": 12, "batch": 2, "eval_every": 0}}, file)
    output = os.path.join(work, "run %s" % name)
    sets = [part for value in extra + ["output=%s" % output] for part in ("--set", value)]
    run([train_program, "train", "--config", config] + sets)
    return os.path.realpath(os.path.join(output, "last"))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--bin", required=True)
    parser.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT")
    o = parser.parse_args()
    if not has_peer(o.root):
        print("transformers_checkpoint: no python3-transformers with python3-torch in %s; nothing "
              "was tested" % o.root)
        return 0
    failures = 0
    with tempfile.TemporaryDirectory(dir=os.path.join(o.root, "tmp")) as work:
        cases = [(name, lambda name=name: train(o, work, name, KINDS[name])) for name in KINDS]
        cases.append(("low-rank updates, merged", lambda: train(
            o, work, "lora", ["init=%s" % os.path.realpath(os.path.join(work, "run llama", "last")),
                              "lora.rank=4"])))
        for path in o.checkpoints:
            cases.append((path, lambda path=path: shutil.copytree(
                os.path.realpath(path), os.path.join(work, "given %s" % os.path.basename(path)))))
        for name, make in cases:
            try:
                check(o, name, make(), work)
            except Failed as failed:
                failures += 1
                print("FAIL %s: %s" % (name, failed), flush=True)
    return 1 if failures else 0


sys.exit(main())
