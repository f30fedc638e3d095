# SPDX-License-Identifier: MIT
"""Runs inside the file system that has Hugging Face's tokenizers: trains BPE as told by a JSON
object on the standard input, and writes what came of it as one.

file            the texts; in the root's own path
lines           train on the file, whose lines are then texts; else on its text as a whole
pre_tokenizer   as in tokenizer.json
vocabulary, min_frequency, special_tokens
encode          texts to encode with the result
"""
import json
import resource
import sys
import time

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def main():
    asked = json.load(sys.stdin)
    empty = Tokenizer(models.BPE())
    described = json.loads(empty.to_str())
    described["pre_tokenizer"] = asked["pre_tokenizer"]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    trainer = trainers.BpeTrainer(
        vocab_size=asked["vocabulary"], min_frequency=asked["min_frequency"],
        special_tokens=asked["special_tokens"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    wall, processor = time.time(), time.process_time()
    if asked["lines"]:
        tokenizer.train([asked["file"]], trainer)
    else:
        with open(asked["file"], encoding="utf-8", newline="") as file:
            tokenizer.train_from_iterator([file.read()], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    json.dump({"seconds": time.time() - wall, "processor_seconds": time.process_time() - processor,
               "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
               "vocab": model["vocab"], "merges": [list(pair) for pair in model["merges"]],
               "ids": [tokenizer.encode(text).ids for text in asked["encode"]]}, sys.stdout)


main()
