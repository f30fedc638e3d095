# SPDX-License-Identifier: MIT
"""Whether a plan parses, is clean, and does exactly what was asked: told by tiss-lite."""
import json
import os
import re
import subprocess
import tempfile


class Verdict:
    """What parses may be clean (nothing for the linter to say) or exact (does what was asked, no
    more and no less), or both. why: the first thing that is wrong, or nothing."""

    def __init__(self, parses, clean, exact, why):
        self.parses, self.clean, self.exact, self.why = parses, clean, exact, why


class Checker:
    """Runs plans in folders of their own, with the program `tiss_lite`."""

    def __init__(self, tiss_lite):
        self.tiss_lite = tiss_lite

    def check(self, plan, start, expect):
        """`start`: {files, folders}. `expect`: the same afterwards, and said, asks."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "plan.tiss")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(plan)
            lint = self._call("lint", path, "--json")
            found = json.loads(lint.stdout)["diagnostics"]
            parses = lint.returncode != 2
            why = "%s: %s" % (found[0]["code"], found[0]["message"]) if found else ""
            if not parses:
                return Verdict(False, False, False, why)
            wrong = self._run(path, folder, start, expect)
            return Verdict(True, not found, not wrong, wrong or why)

    def _run(self, path, folder, start, expect):
        """What is wrong with what the plan does, or nothing."""
        reviews = {"approve": expect, "reject": start} if expect["asks"] else {"reject": expect}
        for review, after in reviews.items():
            root = os.path.join(folder, review)
            lay_out(root, start)
            done = self._call("run", path, "--root", root, "--commit", "--json", "--review", review)
            result = json.loads(done.stdout)
            refused = result["error"] and result["error"]["code"] == "R309"
            if expect["asks"] and review == "reject":
                wrong = "" if refused else "does not ask first"
            elif result["status"] != "ok":
                wrong = "%(code)s: %(message)s" % result["error"]
            else:
                wrong = unsaid(result["messages"], expect["said"])
            wrong = wrong or differences(root, after)
            if wrong:
                return wrong
        return ""

    def _call(self, *arguments):
        return subprocess.run([self.tiss_lite, *arguments], capture_output=True, text=True,
                              check=False, timeout=60)


def lay_out(root, world):
    os.makedirs(root)
    for folder in world["folders"]:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for path, text in world["files"].items():
        with open(os.path.join(root, path), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def differences(root, world):
    """The first difference between a folder and what it should hold, or nothing."""
    files, folders = {}, set()
    for place, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".tiss-lite")]
        relative = os.path.relpath(place, root)
        folders.update(os.path.normpath(os.path.join(relative, name)) for name in inner)
        for name in names:
            with open(os.path.join(place, name), encoding="utf-8", newline="") as file:
                files[os.path.normpath(os.path.join(relative, name))] = file.read()
    for path in sorted(set(files) | set(world["files"])):
        if path not in files:
            return "%s is not there" % path
        if path not in world["files"]:
            return "%s should not be there" % path
        if files[path] != world["files"][path]:
            return "%s holds %r, not %r" % (path, files[path][:80], world["files"][path][:80])
    for path in sorted(folders ^ set(world["folders"])):
        return "the folder %s should %sbe there" % (path, "not " if path in folders else "")
    return ""


def unsaid(messages, said):
    """The first text that no message has, as words of its own; or nothing."""
    for text in said:
        words = re.compile(r"(?<![\w.])%s(?!\w)" % re.escape(text))
        if not any(words.search(message) for message in messages):
            return "the log does not say %r" % text
    return ""
