#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scorer of the demo model."""
import json
import os
import tempfile
import unittest

import demo
from draw import Draw
import requests


class Score(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.bin = os.path.join(self.folder.name, "bin")
        os.mkdir(self.bin)
        os.symlink(demo.TISS_LITE, os.path.join(self.bin, "tiss-lite"))

    def write(self, tests):
        path = os.path.join(self.folder.name, "test.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(test) + "\n" for test in tests)
        return path

    def requests(self, count):
        draw = Draw("score")
        return [requests.draw_request(draw).to_json() for _ in range(count)]

    def score(self, tests, *arguments, model="-"):
        done = demo.run("score.py", model, self.write(tests), "--bin", self.bin, "--json",
                        *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def failure(self, *arguments):
        done = demo.run("score.py", *arguments, "--bin", self.bin)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_the_corpus_own_answers_are_right(self):
        scores = self.score(self.requests(20))
        self.assertEqual(scores["overall"]["all"],
                         {"requests": 20, "parses": 1, "clean": 1, "exact": 1})
        groups = scores["overall"]
        self.assertEqual(groups["one chore"]["requests"] + groups["two chores"]["requests"], 20)

    def test_counts_what_is_wrong_and_writes_it_down(self):
        tests = self.requests(4)
        tests[0]["answer"] = "nonsense"
        tests[1]["answer"] = 'STEP "do nothing" {\n    LOG "Done."\n}\n'  # no TASK
        failures = os.path.join(self.folder.name, "failures")
        overall = self.score(tests, "--failures", failures)["overall"]["all"]
        self.assertEqual(overall, {"requests": 4, "parses": 0.75, "clean": 0.5, "exact": 0.5})
        with open(failures, encoding="utf-8") as file:
            written = [json.loads(line) for line in file]
        self.assertEqual([line["answer"] for line in written],
                         [tests[0]["answer"], tests[1]["answer"]])
        self.assertIn("E101", written[0]["why"])

    def test_asks_the_model_for_every_prompt_as_it_is(self):
        tests = self.requests(3)
        with open(os.path.join(self.bin, "quanta"), "w", encoding="utf-8") as file:
            # A model that only knows the answer to the first one.
            file.write("#!/bin/sh\nfor last; do :; done\ncd '%s'\n"
                       "printf '%%s' \"$last\" | cmp -s - prompt && cat answer || echo no\n"
                       % self.folder.name)
        os.chmod(os.path.join(self.bin, "quanta"), 0o755)
        for name in ("prompt", "answer"):
            with open(os.path.join(self.folder.name, name), "w", encoding="utf-8") as file:
                file.write(tests[0][name])
        overall = self.score(tests, model="model.qfb")["overall"]["all"]
        self.assertAlmostEqual(overall["exact"], 1 / 3)

    def test_says_what_it_cannot_use(self):
        self.assertIn("none.jsonl", self.failure("-", "none.jsonl"))
        self.assertIn("test.jsonl: no requests", self.failure("-", self.write([])))
        self.assertIn("test.jsonl:1: no line of generate.py",
                      self.failure("-", self.write([{"prompt": "p"}])))
        with open(os.path.join(self.bin, "quanta"), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\necho 'quanta: m.qfb: not found' >&2\nexit 1\n")
        os.chmod(os.path.join(self.bin, "quanta"), 0o755)
        self.assertIn("m.qfb: not found", self.failure("m.qfb", self.write(self.requests(1))))


if __name__ == "__main__":
    demo.main()
