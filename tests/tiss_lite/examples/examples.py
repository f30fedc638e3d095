#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the scripts of examples/tiss over copies of their files and compares what they say and
what they change with expected.json.

usage: examples.py TISS-LITE EXAMPLES
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, EXAMPLES = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]
with open(os.path.join(os.path.dirname(__file__), "expected.json"), encoding="utf-8") as file:
    EXPECTED = json.load(file)


def call(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, cwd=EXAMPLES,
                          timeout=60, check=False)


def content(folder):
    found = {}
    for where, _, names in os.walk(folder):
        if ".tiss-lite" in where:
            continue
        for name in names:
            path = os.path.join(where, name)
            with open(path, encoding="utf-8") as text:
                found[os.path.relpath(path, folder)] = text.read()
    return found


def changes(before, after):
    return {path: after.get(path) for path in before.keys() | after.keys()
            if before.get(path) != after.get(path)}


class Examples(unittest.TestCase):
    maxDiff = None

    def test_every_script_has_an_outcome_and_a_line_in_the_readme(self):
        scripts = {name[:-5] for name in os.listdir(EXAMPLES) if name.endswith(".tiss")}
        self.assertEqual(scripts, EXPECTED.keys())
        self.assertGreaterEqual(len(scripts), 10)
        with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as text:
            readme = text.read()
        for name in scripts:
            self.assertIn(f"[{name}]({name}.tiss)", readme)

    def test_scripts_are_formatted_and_without_warnings(self):
        for name in EXPECTED:
            given = [v for v in EXPECTED[name][0].get("options", []) if "=" in v]
            done = call("lint", f"{name}.tiss", "--json", *(x for v in given for x in ("--var", v)))
            found = [d for d in json.loads(done.stdout)["diagnostics"] if d["level"] != "info"]
            self.assertEqual(found, [], name)
            self.assertEqual(call("fmt", f"{name}.tiss", "--check").returncode, 0, name)

    def check(self, name, case, root):
        for folder in case.get("without", []):
            shutil.rmtree(os.path.join(root, folder))
        before = content(root)
        command = ["run", f"{name}.tiss", "--root", root, "--json", *case.get("options", [])]
        tried = call(*command)
        self.assertEqual(content(root), before, "a run alone changes nothing")
        done = call(*command, "--commit")
        self.assertEqual(tried.returncode, done.returncode)
        self.assertEqual(done.returncode, case.get("exit", 0), done.stdout + done.stderr)
        messages = json.loads(tried.stdout)["messages"]
        if "starts" in case:
            self.assertEqual(len(messages), len(case["starts"]))
            for message, start in zip(messages, case["starts"]):
                self.assertTrue(message.startswith(start), message)
        else:
            self.assertEqual(messages, case["log"])
        self.assertEqual(changes(before, content(root)), case["files"])
        if "then" in case:
            then = call("run", os.path.join(root, "next.tiss"), "--json")
            self.assertEqual(json.loads(then.stdout)["messages"], case["then"])
        if case["files"]:
            call("undo", root)
            self.assertEqual(content(root), before, "undo takes it back")

    def test_scripts_say_and_change_what_they_should(self):
        for name, cases in EXPECTED.items():
            for number, case in enumerate(cases):
                with self.subTest(name=name, case=number), tempfile.TemporaryDirectory() as folder:
                    root = os.path.join(folder, "files")
                    shutil.copytree(os.path.join(EXAMPLES, "files"), root)
                    self.check(name, case, root)


if __name__ == "__main__":
    unittest.main()
