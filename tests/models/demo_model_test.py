#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The demo model as it is committed, on some requests of its test set."""
import json
import os
import tempfile
import unittest

import demo

FIRST = 40


class Model(unittest.TestCase):
    def test_most_of_its_plans_parse_and_do_exactly_what_is_asked(self):
        """Less than the model card says of all requests: these are few, and another kind of
        processor may choose other words now and then."""
        with tempfile.TemporaryDirectory() as folder:
            made = demo.run("corpus/generate.py", "-o", folder, "--train", 0, "--validation", 0)
            self.assertEqual(made.returncode, 0, made.stderr)
            done = demo.run("score.py", os.path.join(demo.FOLDER, "demo.qfb"),
                            os.path.join(folder, "test.jsonl"), "--bin",
                            os.path.dirname(demo.TISS_LITE), "--first", FIRST, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
        scores = json.loads(done.stdout)["overall"]["all"]
        self.assertEqual(scores["requests"], FIRST)
        self.assertGreaterEqual(scores["parses"], 0.95)
        self.assertGreaterEqual(scores["exact"], 0.9)

    def test_is_small(self):
        self.assertLess(os.path.getsize(os.path.join(demo.FOLDER, "demo.qfb")), 2_000_000)


if __name__ == "__main__":
    demo.main()
