#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The corpus of the demo model: its files, and that every plan does what its request asks."""
import collections
import json
import os
import re
import tempfile
import unittest

import demo
from draw import Draw, Names
from effects import Checker
import requests

KEYS = {"prompt", "answer", "chores", "structure", "start", "expect"}


def drawn(seed, count):
    draw = Draw(seed)
    return [requests.draw_request(draw).to_json() for _ in range(count)]


class Plans(unittest.TestCase):
    def setUp(self):
        self.checker = Checker(demo.TISS_LITE)

    def check(self, request, plan=None):
        return self.checker.check(plan or request["answer"], request["start"], request["expect"])

    def test_each_parses_is_clean_and_does_exactly_what_is_asked(self):
        seen = set()
        for request in drawn("plans", 300):
            verdict = self.check(request)
            self.assertTrue(verdict.parses and verdict.clean and verdict.exact,
                            "%s\n%s%s" % (verdict.why, request["prompt"], request["answer"]))
            seen.update(request["chores"])
        self.assertEqual(seen, {kind.name for kind in requests.CHORES})

    def test_every_statement_that_acts_is_needed(self):
        """Or the expected effects would be what just any plan comes to."""
        removed = 0
        for request in drawn("without", 25):
            lines = request["answer"].splitlines(keepends=True)
            for i, line in enumerate(lines):
                acts = re.match(r" *(WRITE|DELETE|RUN|REQUEST_REVIEW) ", line)
                if not acts or "<<END" in line or " IF " in request["answer"]:
                    continue
                rest = "".join(lines[:i] + lines[i + 1:])
                self.assertFalse(self.check(request, rest).exact, rest)
                removed += 1
        self.assertGreater(removed, 10)

    def test_another_text_or_name_is_not_exact(self):
        request = next(r for r in drawn("other", 100) if r["chores"] == ["write"])
        path, text = re.search(r'WRITE "(.*)" "(.*)"', request["answer"]).groups()
        self.assertTrue(self.check(request).exact)
        for wrong in (request["answer"].replace('"%s"' % text, '"%s."' % text),
                      request["answer"].replace('WRITE "%s"' % path, 'WRITE "%s.x"' % path)):
            self.assertNotEqual(wrong, request["answer"])
            self.assertFalse(self.check(request, wrong).exact)


class Wordings(unittest.TestCase):
    def test_what_another_chore_made_is_called_by_one_name(self):
        prompts = [request["prompt"].lower() for request in drawn("wordings", 6000)]
        self.assertGreater(sum(" that file" in prompt for prompt in prompts), 20)
        for prompt in prompts:
            self.assertNotRegex(prompt, r"the file (it|that file|the result)\b")


class Checking(unittest.TestCase):
    """What Checker takes for wrong, with plans made for it."""
    START = {"files": {"a.txt": "one\n"}, "folders": []}

    def verdict(self, body, files=None, folders=(), said=(), asks=False):
        expect = {"files": self.START["files"] if files is None else files,
                  "folders": list(folders), "said": list(said), "asks": asks}
        plan = 'TASK "t"\nSTEP "s" {\n%s\n}\n' % body
        return Checker(demo.TISS_LITE).check(plan, self.START, expect)

    def test_a_plan_that_does_not_parse(self):
        verdict = self.verdict('WRITE "a"')
        self.assertFalse(verdict.parses or verdict.clean or verdict.exact)
        self.assertIn("E106", verdict.why)

    def test_a_plan_that_is_right_but_not_clean(self):
        verdict = self.verdict('READ "a.txt" AS unused')
        self.assertTrue(verdict.parses and verdict.exact)
        self.assertFalse(verdict.clean)

    def test_a_plan_that_fails(self):
        self.assertIn("R302", self.verdict('DELETE "none"').why)
        self.assertIn("R303", self.verdict('RUN "cat /etc/passwd"').why)

    def test_files_and_folders_too_many_too_few_or_different(self):
        for body, why in (('WRITE "b" "x"', "b should not be there"),
                          ('DELETE "a.txt"', "a.txt is not there"),
                          ('WRITE "a.txt" "one"', "a.txt holds 'one', not"),
                          ('MKDIR "d"', "the folder d should not be there")):
            verdict = self.verdict(body)
            self.assertTrue(verdict.clean and not verdict.exact, body)
            self.assertIn(why, verdict.why)
        self.assertIn("the folder d should be there", self.verdict('LOG "x"', folders=["d"]).why)

    def test_what_the_log_must_say(self):
        self.assertTrue(self.verdict('LOG "Lines: 12"', said=["12"]).exact)
        for text in ("Lines: 112", "Lines: 120", "a12", "Lines: 1.12", ""):
            self.assertFalse(self.verdict('LOG "%s"' % text, said=["12"]).exact, text)

    def test_reviews_where_they_belong(self):
        ask = 'REQUEST_REVIEW "May I?"\nDELETE "a.txt"'
        self.assertTrue(self.verdict(ask, files={}, asks=True).exact)
        self.assertIn("does not ask", self.verdict('DELETE "a.txt"', files={}, asks=True).why)
        self.assertIn("R309", self.verdict(ask, files={}).why)
        late = 'DELETE "a.txt"\nREQUEST_REVIEW "Was that right?"'
        self.assertTrue(self.verdict(late, files={}, asks=True).exact)  # nothing was committed


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.made = cls.generate("made", "--train", 2000, "--validation", 60, "--test", 80)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def generate(cls, name, *arguments):
        path = os.path.join(cls.folder.name, name)
        done = demo.run("corpus/generate.py", "-o", path, *arguments)
        assert done.returncode == 0, done.stderr
        texts = {}
        for file in os.listdir(path):
            with open(os.path.join(path, file), encoding="utf-8") as opened:
                texts[file] = opened.read()
        return texts

    def lines(self, part):
        return [json.loads(line) for line in self.made[part + ".jsonl"].splitlines()]

    def test_hold_as_many_objects_as_asked_for(self):
        for part, count in (("train", 2000), ("validation", 60), ("test", 80)):
            lines = self.lines(part)
            self.assertEqual(len(lines), count)
            for line in lines:
                self.assertEqual(set(line), KEYS)
                self.assertTrue(line["prompt"].endswith("\n"))
                self.assertEqual(line["prompt"].count("\n"), 1)

    def test_no_prompt_occurs_twice_and_no_structure_in_two_files(self):
        everything = [line for part in ("train", "validation", "test") for line in self.lines(part)]
        prompts = collections.Counter(line["prompt"] for line in everything)
        self.assertEqual(max(prompts.values()), 1)
        structures = [{line["structure"] for line in self.lines(part)}
                      for part in ("train", "validation", "test")]
        self.assertFalse(structures[0] & structures[1] or structures[0] & structures[2] or
                         structures[1] & structures[2])

    def test_the_test_set_has_its_own_combinations_of_chores(self):
        pairs = [{tuple(line["chores"]) for line in self.lines(part) if len(line["chores"]) == 2
                  and "/given" not in line["structure"]} for part in ("train", "test")]
        self.assertTrue(pairs[1])
        self.assertFalse(pairs[0] & pairs[1])

    def test_the_same_arguments_make_the_same_bytes(self):
        again = self.generate("again", "--train", 2000, "--validation", 60, "--test", 80)
        self.assertEqual(again, self.made)

    def test_another_seed_makes_other_requests_and_less_training_the_same_test(self):
        less = self.generate("less", "--train", 5, "--validation", 60, "--test", 80)
        self.assertEqual(less["test.jsonl"], self.made["test.jsonl"])
        other = self.generate("other", "--train", 5, "--validation", 60, "--test", 80, "--seed", 2)
        known = {line["prompt"] for line in self.lines("test")}
        new = {json.loads(line)["prompt"] for line in other["test.jsonl"].splitlines()}
        self.assertLess(len(known & new), 5)

    def test_bad_arguments_are_refused_in_a_line(self):
        file = os.path.join(self.folder.name, "file")
        with open(file, "w", encoding="utf-8"):
            pass
        done = demo.run("corpus/generate.py", "-o", file, "--train", 1)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertTrue(done.stderr.startswith("generate.py: "), done.stderr)
        self.assertEqual(demo.run("corpus/generate.py", "-o", file, "--train", -1).returncode, 2)


class Drawing(unittest.TestCase):
    def test_names_are_new_each_time_and_good_paths(self):
        draw = Draw(1)
        names = Names(draw)
        made = [names.file() for _ in range(2000)]
        self.assertEqual(len(set(made)), len(made))
        for name in made:
            self.assertRegex(name, r"^([A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+\.[a-z]+$")

    def test_phrases_can_stand_in_a_command_as_they_are(self):
        draw = Draw(2)
        for _ in range(2000):
            self.assertRegex(draw.phrase(), r"^[a-z0-9]+( [a-z0-9]+)*$")

    def test_whole_reaches_both_ends_and_shuffling_loses_nothing(self):
        draw = Draw(3)
        self.assertEqual({draw.whole(1, 3) for _ in range(100)}, {1, 2, 3})
        self.assertEqual(sorted(draw.shuffled(range(20))), list(range(20)))


if __name__ == "__main__":
    demo.main()
