# SPDX-License-Identifier: MIT
"""What the tests of the demo model's parts share. The program tiss-lite is their argument."""
import os
import subprocess
import sys
import unittest

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models/demo")
TISS_LITE = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else None
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "corpus")]
sys.dont_write_bytecode = True


def run(script, *arguments):
    return subprocess.run([sys.executable, os.path.join(FOLDER, script), *map(str, arguments)],
                          capture_output=True, text=True, check=False)


def main():
    if TISS_LITE is None:
        sys.exit("usage: %s TISS-LITE [unittest's options]" % sys.argv[0])
    unittest.main()
