#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the scripts, commands and tables of docs/tisslang.md against the program.

usage: docs.py TISS-LITE DOCUMENT FILES

The first words of a block's fence say what it is:
  ```tiss              a script: no warnings, formatted, runs over FILES with exit code 0
  ```tiss step         what stands in a STEP of such a script
  ```tiss error E107   does not parse, for this reason
  ```tiss warns L204   lint says this
  ```tiss fails R301   the run ends with this error
  (and options of `run`, e.g. --agent echo)
  ```text prints       what the LOGs of the script before it say
  ```sh                lines that begin with tiss-lite name commands and options that there are
"""
import json
import re
import subprocess
import sys
import unittest

PROGRAM, DOCUMENT, FILES = sys.argv[1:4]
del sys.argv[1:4]
with open(DOCUMENT, encoding="utf-8") as file:
    TEXT = file.read()
BLOCKS = [(m.group(1).split(), m.group(2), TEXT[:m.start()].count("\n") + 1)
          for m in re.finditer(r"^```(\w[^\n]*)\n(.*?)^```$", TEXT, re.M | re.S)]


def call(*args, script=None):
    return subprocess.run([PROGRAM, *args], input=script, capture_output=True, text=True,
                          timeout=60, check=False)


class Document(unittest.TestCase):
    maxDiff = None

    def lint(self, script):
        found = json.loads(call("lint", "-", "--json", script=script).stdout)["diagnostics"]
        return [d["code"] for d in found if d["level"] != "info"]

    def run_script(self, script, options):
        done = call("run", "-", "--json", "--root", FILES, *options, script=script)
        return done.returncode, json.loads(done.stdout)

    def check(self, words, script):
        options = words[next((i for i, w in enumerate(words) if w.startswith("--")), len(words)):]
        kind, code = (words[1:3] + [None, None])[:2]
        if kind == "step":
            body = "".join(f"    {line}\n" if line else "\n" for line in script.splitlines())
            script = f'TASK "t"\n\nSTEP "s" {{\n{body}}}\n'
        if kind == "error":
            done = call("parse", "-", "--json", script=script)
            self.assertEqual(json.loads(done.stdout)["diagnostics"][0]["code"], code)
            return None
        self.assertEqual(self.lint(script), [code] if kind == "warns" else [])
        self.assertEqual(call("fmt", "-", script=script).stdout.replace("\n\n", "\n"),
                         script.replace("\n\n", "\n"))
        exit_code, result = self.run_script(script, options)
        if kind == "fails":
            self.assertEqual(result["error"]["code"], code)
        else:
            self.assertEqual(exit_code, 0, result)
        return result["messages"]

    def test_every_script_does_what_is_said(self):
        said, scripts, outputs = None, 0, 0
        for words, body, line in BLOCKS:
            with self.subTest(line=line, words=words):
                if words[0] == "tiss":
                    said = self.check(words, body)
                    scripts += 1
                elif words[:2] == ["text", "prints"]:
                    self.assertEqual("".join(text + "\n" for text in said), body)
                    outputs += 1
        self.assertGreater(scripts, 14)
        self.assertGreater(outputs, 8)

    def test_every_command_line_is_one_that_there_is(self):
        checked = 0
        for words, body, line in BLOCKS:
            if words[0] != "sh":
                continue
            for command in re.findall(r"^tiss-lite (\w+)([^#\n]*)", body, re.M):
                with self.subTest(line=line, command=command):
                    done = call(command[0], "--help")
                    self.assertEqual(done.returncode, 0)
                    for option in re.findall(r"--[a-z-]+", command[1]):
                        self.assertIn(option, done.stdout)
                    checked += 1
        self.assertGreater(checked, 5)

    def test_every_code_is_explained(self):
        codes = [f"E{n}" for n in range(101, 116)]
        codes += [f"L{n}" for n in (201, 202, 203, 204, 205, 206, 207, 209, 210, 212, 213, 215, 216,
                                    217, 218, 219, 220, 221, 222, 224, 225)]
        codes += [f"R{n}" for n in range(301, 315)]
        for code in codes:
            self.assertIn(code, TEXT)


if __name__ == "__main__":
    unittest.main()
