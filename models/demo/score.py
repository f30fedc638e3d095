#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How well a model turns requests into plans.

usage: score.py MODEL.qfb TEST.jsonl --bin FOLDER [--first N] [--failures FILE] [--json]

Gives each prompt of TEST.jsonl (as generate.py writes it) to the model, which answers greedily,
and reports how many answers parse as TissLang, how many the linter has nothing to say about, and
how many do exactly what was asked: run by tiss-lite on the start files they leave the files that
the chore is about, write to the log what it asks for, and ask for a review if and only if they
should. --bin: where `quanta` and `tiss-lite` are. MODEL.qfb may be `-`: the answers that
TEST.jsonl itself has.

--failures writes every answer that is not exact, with the reason, as JSON lines.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys

from effects import Checker

MEASURES = ["parses", "clean", "exact"]
MOST_TOKENS = 400  # more than any plan of the corpus has


class Failed(Exception):
    pass


def read_tests(path, first):
    tests = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                test = json.loads(line)
                tests.append({key: test[key] for key in
                              ("prompt", "answer", "chores", "start", "expect")})
            except (ValueError, KeyError, TypeError):
                raise Failed("%s:%d: no line of generate.py" % (path, number)) from None
    if not tests:
        raise Failed("%s: no requests" % path)
    return tests[:first]


def answer_of(quanta, model, prompt):
    done = subprocess.run([quanta, "run", model, "--raw", "--greedy", "--threads", "1",
                           "--max-tokens", str(MOST_TOKENS), "-p", prompt],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or "quanta failed")
    return done.stdout


def judge(arguments, tests):
    """Yields (test, answer, verdict)."""
    checker = Checker(os.path.join(arguments.bin, "tiss-lite"))
    quanta = os.path.join(arguments.bin, "quanta")

    def one(test):
        own = arguments.model == "-"
        answer = test["answer"] if own else answer_of(quanta, arguments.model, test["prompt"])
        return test, answer, checker.check(answer, test["start"], test["expect"])

    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(one, tests)


class Table:
    """Counts by group."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)

    def add(self, group, verdict):
        row = self.rows[group]
        row["requests"] += 1
        for measure in MEASURES:
            row[measure] += getattr(verdict, measure)

    def shares(self, group):
        row = self.rows[group]
        return {"requests": row["requests"],
                **{measure: row[measure] / row["requests"] for measure in MEASURES}}


def tables_of(judged, failures):
    overall, by_chore = Table(), Table()
    for test, answer, verdict in judged:
        overall.add("all", verdict)
        overall.add("one chore" if len(test["chores"]) == 1 else "two chores", verdict)
        for chore in sorted(set(test["chores"])):
            by_chore.add(chore, verdict)
        if failures and not verdict.exact:
            failures.write(json.dumps({"prompt": test["prompt"], "answer": answer,
                                       "why": verdict.why, "wanted": test["answer"]}) + "\n")
    return overall, by_chore


def print_table(table):
    for group in sorted(table.rows):
        shares = table.shares(group)
        print("| %s | %d |" % (group.replace("_", " "), shares["requests"]),
              " | ".join("%.1f %%" % (100 * shares[measure]) for measure in MEASURES), "|")


def report(arguments):
    tests = read_tests(arguments.tests, arguments.first)
    with open(arguments.failures or os.devnull, "w", encoding="utf-8") as failures:
        overall, by_chore = tables_of(judge(arguments, tests), failures)
    if arguments.json:
        print(json.dumps({"overall": {group: overall.shares(group) for group in overall.rows},
                          "by_chore": {group: by_chore.shares(group) for group in by_chore.rows}},
                         indent=2))
        return
    print("| requests | number | parse | lint clean | exactly right |")
    print("|---|---|---|---|---|")
    print_table(overall)
    print("\n| with the chore | number | parse | lint clean | exactly right |")
    print("|---|---|---|---|---|")
    print_table(by_chore)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", metavar="MODEL.qfb", help="or -: the answers of TEST.jsonl")
    parser.add_argument("tests", metavar="TEST.jsonl")
    parser.add_argument("--bin", required=True, metavar="FOLDER", help="of quanta and tiss-lite")
    parser.add_argument("--first", type=int, metavar="N", help="only so many requests")
    parser.add_argument("--failures", metavar="FILE", help="write what is not exact there")
    parser.add_argument("--json", action="store_true", help="report as JSON")
    arguments = parser.parse_args()
    try:
        report(arguments)
    except Failed as error:
        sys.exit("score.py: %s" % error)
    except OSError as error:
        sys.exit("score.py: %s: %s" % (error.filename, error.strerror))


if __name__ == "__main__":
    main()
