# SPDX-License-Identifier: MIT
"""The files and folders that a request is about, before and after."""


class World:
    def __init__(self):
        self.files = {}      # path: text
        self.folders = set()

    def copy(self):
        other = World()
        other.files, other.folders = dict(self.files), set(self.folders)
        return other

    def make_folder(self, path):
        """With those it lies in."""
        parts = path.split("/")
        for i in range(1, len(parts) + 1):
            self.folders.add("/".join(parts[:i]))

    def write(self, path, text):
        if "/" in path:
            self.make_folder(path.rsplit("/", 1)[0])
        self.files[path] = text

    def lines(self, path):
        return self.files[path].splitlines()

    def remove(self, path):
        del self.files[path]

    def remove_folder(self, path):
        """With everything in it."""
        inside = path + "/"
        self.files = {p: t for p, t in self.files.items() if not p.startswith(inside)}
        self.folders = {p for p in self.folders if p != path and not p.startswith(inside)}

    def names_in(self, folder):
        """Sorted as `ls` does."""
        inside = folder + "/"
        names = {p[len(inside):].split("/")[0]
                 for p in list(self.files) + list(self.folders) if p.startswith(inside)}
        return sorted(names, key=lambda name: name.encode())

    def to_json(self):
        return {"files": dict(sorted(self.files.items())), "folders": sorted(self.folders)}


def as_text(lines):
    return "".join(line + "\n" for line in lines)
