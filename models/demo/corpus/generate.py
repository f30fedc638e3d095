#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the demo model's corpus: requests for chores on files, and the plans that do them.

usage: generate.py -o FOLDER [--train N] [--validation N] [--test N] [--seed N]

Makes train.jsonl, validation.jsonl and test.jsonl in FOLDER: an object a line with

  prompt     what a person asks for, with a line end
  answer     a TissLang plan that does it
  chores     what the person wants, by name
  structure  wording or combination of chores; no structure is in two of the files
  start      files and folders that are there
  expect     files and folders afterwards, what the log must say, and whether the plan must ask
             for a review (and do nothing if it is refused); known from the chore, not the plan

No prompt occurs twice. The same arguments give the same files; each file has a seed of its own.
"""
import argparse
import json
import os
import sys

import requests
from draw import Draw

PARTS = ["train", "validation", "test"]


def generate(part, count, seed, seen):
    """Yields `count` requests whose prompts are not in `seen`, and adds these to it."""
    draw = Draw("%d %s" % (seed, part))
    while count > 0:
        request = requests.draw_request(draw)
        if requests.part_of(request.structure) != part or request.prompt in seen:
            continue
        seen.add(request.prompt)
        count -= 1
        yield request


def write(path, made):
    with open(path + ".new", "w", encoding="utf-8", newline="\n") as file:
        for request in made:
            file.write(json.dumps(request.to_json(), separators=(",", ":")) + "\n")
    os.replace(path + ".new", path)


def whole(text):
    value = int(text)
    if not 0 <= value <= 10_000_000:
        raise argparse.ArgumentTypeError("from 0 to 10000000")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    for part, count in zip(PARTS, (100_000, 500, 300)):
        parser.add_argument("--" + part, type=whole, default=count, metavar="N",
                            help="requests in %s.jsonl (%d)" % (part, count))
    parser.add_argument("--seed", type=whole, default=1, metavar="N")
    arguments = parser.parse_args()
    try:
        os.makedirs(arguments.output, exist_ok=True)
        seen = set()
        for part in reversed(PARTS):  # the test set does not depend on how many others there are
            made = generate(part, getattr(arguments, part), arguments.seed, seen)
            write(os.path.join(arguments.output, part + ".jsonl"), made)
    except OSError as error:
        sys.exit("generate.py: %s: %s" % (error.filename, error.strerror))


if __name__ == "__main__":
    main()
