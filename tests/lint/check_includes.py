#!/usr/bin/env python3
"""Checks every #include of the source tree against layers.txt.

usage: check_includes.py REPOSITORY

Prints one line per include that crosses a layer, and exits with 1 if there is one.
"""
import fnmatch
import os
import re
import sys

SOURCES = ("runtime", "converter", "tiss_lite", "train_host")
SUFFIXES = (".h", ".cc", ".c", ".inc")
INCLUDE_ROOTS = ("", "runtime/include")
DIRECTIVE = re.compile(r'\s*#\s*include\s*(?:"(?P<quoted>[^"]+)"|<(?P<angled>[^>]+)>)')

# Headers of C and C++20.
STANDARD = set("""
algorithm any array atomic barrier bit bitset charconv chrono codecvt compare complex concepts
condition_variable coroutine deque exception execution filesystem format forward_list fstream
functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges
ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack
stdexcept stop_token streambuf string string_view strstream syncstream system_error thread tuple
type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
""".split())
C_HEADERS = """
assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
stdarg stdatomic stdbool stddef stdint stdio stdlib string tgmath time uchar wchar wctype
""".split()
STANDARD.update(f"c{name}" for name in C_HEADERS)
STANDARD.update(f"{name}.h" for name in C_HEADERS)


def matches(path, pattern):
    return fnmatch.fnmatchcase(path, pattern)


class Layers:
    def __init__(self, file):
        self.libraries, self.rows = [], []
        with open(file, encoding="utf-8") as text:
            lines = text.read().replace("\\\n", " ").splitlines()
        for line in lines:
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            if len(words) < 2 or words[0] not in ("library", "layer"):
                sys.exit(f"{file}: expected 'library NAME ...' or 'layer PATH ...': {line}")
            rows = self.libraries if words[0] == "library" else self.rows
            rows.append((words[1], words[2:]))

    def allowed(self, path):
        found = None
        for pattern, names in self.rows:
            if matches(path, pattern):
                found = names
        return found

    def library(self, header):
        for name, patterns in self.libraries:
            if any(matches(header, p) for p in patterns):
                return name
        return None


def locate(root, folder, header):
    """Path of a header of this repository, relative to its root, or None."""
    for base in (folder, *INCLUDE_ROOTS):
        path = os.path.normpath(os.path.join(base, header))
        if not path.startswith("..") and os.path.isfile(os.path.join(root, path)):
            return path
    return None


def problem(root, layers, path, header, is_angled):
    """What is wrong with this include, or None."""
    permitted = layers.allowed(path)
    if permitted is None:
        return None
    folder = os.path.dirname(path)
    own = locate(root, "runtime/include" if is_angled else folder, header)
    library = layers.library(header)
    if own and not library:
        if any(own.startswith(name + "/") for name in (folder, *permitted)):
            return None
        return f"may not include {own}"
    if library:
        return None if library in permitted else f"may not include {header} ({library})"
    if header in STANDARD:
        return None
    return f"includes {header}, which layers.txt does not know"


def source_files(root):
    for top in SOURCES:
        for folder, names, files in os.walk(os.path.join(root, top)):
            names.sort()
            for file in sorted(files):
                if file.endswith(SUFFIXES):
                    yield os.path.relpath(os.path.join(folder, file), root)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__.split("\n\n")[1])
    root = arguments[0]
    layers = Layers(os.path.join(root, "tests/lint/layers.txt"))
    errors = files = 0
    for path in source_files(root):
        files += 1
        with open(os.path.join(root, path), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                found = DIRECTIVE.match(line)
                if not found:
                    continue
                header = found["quoted"] or found["angled"]
                message = problem(root, layers, path, header, bool(found["angled"]))
                if message:
                    errors += 1
                    print(f"{path}:{number}: {message}")
    print(f"{files} files, {errors} includes across layers")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
