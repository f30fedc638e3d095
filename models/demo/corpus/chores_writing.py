# SPDX-License-Identifier: MIT
"""Chores that put new text somewhere."""
from chore import Chore, branch, folder_for, log, ran
from world import as_text


class Write(Chore):
    name = "write"
    wordings = [
        "(write|save|put|store) $quoted (in|into|to) $a",
        "(write|save|put|store) the (text|words|note) $quoted (in|into|to) $a",
        "(create|make|write) (|a file|the file) $a (with|containing) $quoted",
        "(create|make) a file (called|named) $a (that says|with the text|containing) $quoted",
        "make $a (say|contain) $quoted",
        "in $a write $quoted",
    ]
    trailing = [
        "(write|save|put|store) (in|into|to) $a: $bare",
        "(write|save) this (in|into|to) $a: $bare",
        "(create|make) (|a file|the file) $a with this text: $bare",
    ]
    sentences = ["$a should (say|contain) $quoted", "i (need|want) $quoted in $a",
                 "i (need|want) a file $a that says $quoted"]

    def prepare(self, given):
        self.path, self.text = self.names.file(), self.draw.phrase()
        if self.draw.chance(0.15):
            self.world.write(self.path, as_text(self.lines()))
        self.slots = {"a": self.path, "quoted": self.quoted(self.text), "bare": self.text}
        self.title = "Write %s" % self.path
        self.statements = ['WRITE "%s" "%s"' % (self.path, self.text)] + log(
            "Wrote %s." % self.path)
        self.makes = self.path

    def effects(self, world):
        world.write(self.path, self.text)
        return []


class WriteList(Chore):
    name = "list"
    wordings = [
        "(write|save|put) a list of $items (in|into|to) $a",
        "(make|create) a list (called|named|in) $a with $items",
        "(write|put|save) $items in $a, one (per|on each|a) line",
        "(write|put|save) the lines $items (in|into|to) $a",
        "(create|make) $a with (a line|one line) (each for|for each of) $items",
    ]
    trailing = ["(make|write) a list in $a: $items", "$a is a list of these: $items"]
    sentences = ["i need a list $a with $items", "$a should list $items"]

    def prepare(self, given):
        self.path = self.names.file()
        self.items = [self.draw.noun() for _ in range(self.draw.whole(2, 5))]
        self.slots = {"a": self.path,
                      "items": ", ".join(self.items[:-1]) + " and " + self.items[-1]}
        self.title = "Write a list to %s" % self.path
        self.statements = (['WRITE "%s" <<END' % self.path] +
                           ["    " + item for item in self.items] + ["END"] +
                           log("The list is in %s." % self.path))
        self.makes = self.path

    def effects(self, world):
        world.write(self.path, "\n".join(self.items))
        return []


class Touch(Chore):
    name = "touch"
    wordings = [
        "(create|make|add) (an empty|a blank|an empty new) file (|called|named) $a",
        "(create|make|add) $a as (an empty|a blank) file",
        "(create|make) $a and leave it (empty|blank)",
    ]
    sentences = ["i (need|want) an empty file (called|named) $a"]

    def prepare(self, given):
        self.path = self.names.file()
        self.slots = {"a": self.path}
        self.title = "Create %s" % self.path
        self.statements = ['WRITE "%s" ""' % self.path] + log("%s is there, and empty." % self.path)
        self.makes = self.path

    def effects(self, world):
        world.write(self.path, "")
        return []


class MakeFolder(Chore):
    name = "folder"
    wordings = [
        "(create|make|add) (a|the) (folder|directory) (|called|named) $a",
        "(create|make|add) a new (folder|directory) (|called|named) $a",
        "set up (a|the) (folder|directory) $a",
    ]
    sentences = ["i (need|want) a (folder|directory) (called|named) $a",
                 "there should be a (folder|directory) (called|named) $a"]

    def prepare(self, given):
        self.path = self.names.folder()
        if self.draw.chance(0.3):
            self.path += "/" + self.names.folder()
        self.slots = {"a": self.path}
        self.title = "Make the folder %s" % self.path
        self.statements = ['MKDIR "%s"' % self.path] + log("The folder %s is there." % self.path)

    def effects(self, world):
        world.make_folder(self.path)
        return []


class Append(Chore):
    name = "append"
    wordings = [
        "(add|append) $quoted (to|at the end of) $a",
        "(add|append) the line $quoted to $a",
        "add a line (saying|that says|with) $quoted to $a",
        "put $quoted at the (end|bottom) of $a",
    ]
    trailing = ["(add|append) (|a line) to $a: $bare", "(add|append) this to $a: $bare"]
    sentences = ["$a needs (another|one more) line, $quoted"]

    def prepare(self, given):
        self.path, self.text = self.some_file(), self.draw.phrase()
        self.slots = {"a": self.path, "quoted": self.quoted(self.text), "bare": self.text}
        self.title = "Add a line to %s" % self.path
        self.statements = ['RUN "echo %s >> %s"' % (self.text, self.path)] + log(
            "Added a line to %s." % self.path)

    def effects(self, world):
        world.files[self.path] += self.text + "\n"
        return []


class Ensure(Chore):
    name = "ensure"
    wordings = [
        "(write|put|save) $quoted (in|into|to) $a (unless it is|if it is not) there (yet|already)",
        "make sure (that|) $a (exists|is there), (else|or|otherwise) write $quoted (in|to) it",
        "(create|make) $a with $quoted (unless|only if not) (it exists|there already)",
    ]
    sentences = ["if there is no $a, (create|make|write) it with $quoted",
                 "if $a (is missing|does not exist), it should (be made with|get) $quoted"]

    def prepare(self, given):
        self.path, self.text = self.names.file(), self.draw.phrase()
        if self.draw.chance(0.5):
            self.world.write(self.path, as_text(self.lines()))
        self.slots = {"a": self.path, "quoted": self.quoted(self.text)}
        self.title = "Make sure of %s" % self.path
        self.statements = branch('FILE "%s" EXISTS' % self.path,
                                 log("%s is there already." % self.path),
                                 ['WRITE "%s" "%s"' % (self.path, self.text)] +
                                 log("Wrote %s." % self.path))

    def effects(self, world):
        if self.path not in world.files:
            world.write(self.path, self.text)
        return []


class WriteAsking(Chore):
    name = "write_asking"
    asks = True
    wordings = [
        "ask me (first|before), then (write|save|put) $quoted (in|into|to) $a",
        "(write|save|put) $quoted (in|into|to) $a (but|and) ask me (first|before)",
        "(write|save|put) $quoted (in|into|to) $a if i (agree|approve|say so)",
        "(write|save|put) $quoted (in|into|to) $a (only after|after) i (agree|approve)",
        "let me (approve|confirm|check) it, then (write|save|put) $quoted (in|into|to) $a",
    ]

    def prepare(self, given):
        self.path, self.text = self.names.file(), self.draw.phrase()
        if self.draw.chance(0.5):
            self.world.write(self.path, as_text(self.lines()))
        self.slots = {"a": self.path, "quoted": self.quoted(self.text)}
        self.title = "Write %s after a review" % self.path
        self.statements = ['REQUEST_REVIEW "May I write %s to %s?"' % (self.text, self.path),
                           'WRITE "%s" "%s"' % (self.path, self.text)] + log(
                               "Wrote %s." % self.path)

    def effects(self, world):
        world.write(self.path, self.text)
        return []


class Sequence(Chore):
    name = "sequence"
    wordings = [
        "(write|put|save) the numbers (from|) $first to $last (in|into|to) $a",
        "(write|put|save) $first to $last (in|into|to) $a, one number (per|a) line",
        "count from $first to $last in $a",
        "fill $a with the numbers (from|) $first to $last",
        "(create|make) $a with the numbers $first to $last",
    ]
    sentences = ["$a should hold the numbers (from|) $first to $last"]

    def prepare(self, given):
        self.path = self.names.file()
        self.first = self.draw.pick([1, 1, 1, 0, 2, 5, 10, self.draw.whole(1, 60)])
        self.last = self.first + self.draw.whole(2, 30)
        self.slots = {"a": self.path, "first": str(self.first), "last": str(self.last)}
        self.title = "Write numbers to %s" % self.path
        self.statements = (folder_for(self.path) +
                           ran("seq %d %d > %s" % (self.first, self.last, self.path)) +
                           log("The numbers are in %s." % self.path))
        self.makes = self.path

    def effects(self, world):
        world.write(self.path, as_text(str(n) for n in range(self.first, self.last + 1)))
        return []


class Say(Chore):
    name = "say"
    wordings = [
        "(say|log|report) $quoted",
        "(write|put) $quoted (in|into) the log",
        "(tell me|let me know) that $that",
        "(note|put|write) in the log that $that",
    ]
    trailing = ["(say|log|tell me): $bare"]
    sentences = ["the log should say $quoted"]

    def prepare(self, given):
        self.text = self.draw.sentence()
        that = self.text[0].lower() + self.text[1:]
        self.slots = {"quoted": self.quoted(self.text), "bare": self.text, "that": that}
        self.title = "Say something"
        self.statements = log(self.text)

    def effects(self, world):
        return [self.text]


CHORES = [Write, Write, WriteList, Touch, MakeFolder, Append, Ensure, WriteAsking, Sequence, Say]
