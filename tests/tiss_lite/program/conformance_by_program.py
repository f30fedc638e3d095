#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs conformance cases through the `tiss-lite` program: the tree and lint of scripts that
parse, the error of those that do not, the result of runs that need nothing set up.

usage: conformance_by_program.py TISS-LITE DIR
"""
import json
import subprocess
import sys

LISTED = {f"L{n}" for n in (201, 204, 206, 207, 212, 213, 215, 217, 218, 219, 221, 224, 225)}
EXIT_CODES = {"ok": 0, "failed": 1, "denied": 3, "exhausted": 4, "suspended": 5}


def differs(expected, actual):
    if isinstance(expected, dict):
        return any(key not in actual or differs(value, actual[key])
                   for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) != len(actual) or any(map(differs, expected, actual))
    return expected != actual


def call(program, command, path, *options):
    done = subprocess.run([program, command, path, "--json", *options], capture_output=True,
                          timeout=60, check=False)
    return done.returncode, json.loads(done.stdout)


def check_parse(program, path, expected):
    code, result = call(program, "parse", path)
    if code != 0 or differs(expected.get("ast", []), result.get("ast", [])) and "ast" in expected:
        return f"parse: exit code {code}, {result}"
    if differs(expected.get("meta", {}), result["meta"]):
        return f"meta: {result['meta']}"
    code, result = call(program, "lint", path)
    found = [[d["code"], d["line"]] for d in result["diagnostics"] if d["code"] in LISTED]
    if "lint" in expected and found != expected["lint"]:
        return f"lint: {found}"
    return None


def check_error(program, path, expected, strict):
    code, result = call(program, "parse", path, *(["--strict"] if strict else []))
    first = (result.get("diagnostics") or [{}])[0]
    same = first.get("code") == expected["code"] and first.get("line") == expected["line"]
    return None if code == 2 and same else f"exit code {code}, {first}"


def check_run(program, path, expected):
    code, result = call(program, "run", path)
    for key in ("status", "error", "vars", "last_run", "choices"):
        if key in expected and differs(expected[key], result[key]):
            return f"{key}: {result[key]}"
    if "log" in expected and expected["log"] != result["messages"]:
        return f"log: {result['messages']}"
    return None if code == EXIT_CODES[expected["status"]] else f"exit code {code}"


def main(program, folder):
    with open(f"{folder}/INDEX.json", encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    checked, failed = 0, 0
    for test in tests:
        path, expected = f"{folder}/{test['file']}", test["expected"]
        if test["kind"] == "parse":
            wrong = check_parse(program, path, expected)
        elif test["kind"] == "error":
            wrong = check_error(program, path, expected, test.get("mode") == "strict")
        elif test.get("setup"):
            continue
        else:
            wrong = check_run(program, path, expected)
        checked += 1
        if wrong:
            failed += 1
            print(f"FAIL {test['name']}: {wrong}")
    print(f"{checked} cases, {failed} failed")
    return 1 if failed or checked < 100 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
