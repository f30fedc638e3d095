# SPDX-License-Identifier: MIT
"""Chores that copy, move and remove."""
from chore import Chore, branch, folder_for, log, ran
from world import as_text


class Copy(Chore):
    name = "copy"
    takes_given = True
    wordings = [
        "(copy|duplicate) $a (to|as|into) $b",
        "make a copy of $a (called|named|as) $b",
        "(copy|duplicate) $a and call the copy $b",
        "(copy|duplicate) (the file|the contents of) $a (to|into) $b",
        "make $b a copy of $a",
    ]
    sentences = ["i (need|want) a copy of $a (called|named|as) $b", "$b should be a copy of $a"]

    def prepare(self, given):
        self.a, self.b = self.some_file(given), self.names.file()
        self.slots = {"a": self.a, "b": self.b}
        self.title = "Copy %s to %s" % (self.a, self.b)
        self.statements = (folder_for(self.b) + ran("cp %s %s" % (self.a, self.b)) +
                           log("Copied %s to %s." % (self.a, self.b)))
        self.makes = self.b

    def effects(self, world):
        world.write(self.b, world.files[self.a])
        return []


class Backup(Chore):
    name = "backup"
    takes_given = True
    wordings = [
        "(back up|backup) $a",
        "make a backup (copy|) of $a",
        "(keep|save|make) a (safety|backup) copy of $a",
    ]
    sentences = ["i (need|want) a backup of $a", "$a needs a backup"]

    def prepare(self, given):
        self.a = self.some_file(given)
        self.slots = {"a": self.a}
        self.title = "Back up %s" % self.a
        self.statements = ran("cp %s %s.bak" % (self.a, self.a)) + log(
            "The backup is %s.bak." % self.a)

    def effects(self, world):
        world.write(self.a + ".bak", world.files[self.a])
        return []


class Rename(Chore):
    name = "rename"
    takes_given = True
    wordings = [
        "(rename|move) $a to $b",
        "(change the name of|rename) $a (to|into) $b",
        "give $a the (new|) name $b",
        "call $a $b (from now on|instead)",
    ]
    sentences = ["$a should be (called|named) $b", "the new name of $a is $b"]

    def prepare(self, given):
        self.a, self.b = self.some_file(given), self.names.file()
        self.slots = {"a": self.a, "b": self.b}
        self.title = "Rename %s to %s" % (self.a, self.b)
        self.statements = (folder_for(self.b) + ran("mv %s %s" % (self.a, self.b)) +
                           log("%s is now %s." % (self.a, self.b)))
        self.makes = self.b

    def effects(self, world):
        text = world.files[self.a]
        world.remove(self.a)
        world.write(self.b, text)
        return []


class MoveInto(Chore):
    name = "move"
    takes_given = True
    wordings = [
        "(move|put|take) $a (into|in|to) the (folder|directory) $b",
        "(move|put) $a (into|inside) $b",
        "(move|put) the file $a (into|in) (the folder|folder) $b",
    ]
    sentences = ["$a belongs (into|in) the (folder|directory) $b"]

    def prepare(self, given):
        while True:
            self.a = self.some_file(given)
            if given or "/" not in self.a:
                break
            self.world.remove(self.a)
        self.b = self.names.folder()
        if self.draw.chance(0.5):
            self.world.make_folder(self.b)
        self.slots = {"a": self.a, "b": self.b}
        self.title = "Move %s into %s" % (self.a, self.b)
        self.statements = (['MKDIR "%s"' % self.b] + ran("mv %s %s" % (self.a, self.b)) +
                           log("%s is in %s." % (self.a, self.b)))

    def effects(self, world):
        text = world.files[self.a]
        world.remove(self.a)
        world.write(self.b + "/" + self.a.rsplit("/", 1)[-1], text)
        return []


class Delete(Chore):
    name = "delete"
    wordings = [
        "(delete|remove|erase) $a",
        "(delete|remove|erase) the file $a",
        "(get rid of|throw away) (|the file) $a",
    ]
    sentences = ["i (do not need|no longer need) $a, (delete|remove) it", "$a can go"]

    def prepare(self, given):
        self.a = self.some_file()
        self.slots = {"a": self.a}
        self.title = "Delete %s" % self.a
        self.statements = ['DELETE "%s"' % self.a] + log("Deleted %s." % self.a)

    def effects(self, world):
        world.remove(self.a)
        return []


class DeleteIfThere(Chore):
    name = "delete_if"
    wordings = [
        "(delete|remove|erase) $a if it (exists|is there)",
        "make sure (that|) $a is (gone|not there)",
        "make sure there is no $a",
    ]
    sentences = ["if $a (exists|is there), (delete|remove|erase) it",
                 "if there is a file $a, (delete|remove|erase) it",
                 "$a should not (exist|be there)"]

    def prepare(self, given):
        self.a = self.names.file()
        if self.draw.chance(0.5):
            self.world.write(self.a, as_text(self.lines()))
        self.slots = {"a": self.a}
        self.title = "Delete %s if it is there" % self.a
        self.statements = branch('FILE "%s" EXISTS' % self.a,
                                 ['DELETE "%s"' % self.a] + log("Deleted %s." % self.a),
                                 log("There is no %s." % self.a))

    def effects(self, world):
        world.files.pop(self.a, None)
        return []


class DeleteAsking(Chore):
    name = "delete_asking"
    asks = True
    wordings = [
        "ask me (first|before), then (delete|remove|erase) $a",
        "(delete|remove|erase) $a (but|and) ask me (first|before)",
        "(delete|remove|erase) $a if i (agree|approve|say so)",
        "(delete|remove|erase) $a (only after|after) i (agree|approve)",
        "let me (approve|confirm|check) it, then (delete|remove|erase) $a",
    ]

    def prepare(self, given):
        self.a = self.some_file()
        self.slots = {"a": self.a}
        self.title = "Delete %s after a review" % self.a
        self.statements = ['REQUEST_REVIEW "May I delete %s?"' % self.a,
                           'DELETE "%s"' % self.a] + log("Deleted %s." % self.a)

    def effects(self, world):
        world.remove(self.a)
        return []


class DeleteFolder(Chore):
    name = "delete_folder"
    wordings = [
        "(delete|remove|erase) the (folder|directory) $a",
        "(delete|remove|erase) the (folder|directory) $a (with|and) (everything|all) in it",
        "(delete|remove|erase) $a and (everything|all files) in it",
        "get rid of the (folder|directory) $a",
    ]
    sentences = ["the (folder|directory) $a can go"]

    def prepare(self, given):
        self.a = self.names.folder()
        for _ in range(self.draw.whole(1, 3)):
            self.world.write(self.a + "/" + self.draw.stem() + ".txt", as_text(self.lines()))
        self.slots = {"a": self.a}
        self.title = "Delete the folder %s" % self.a
        self.statements = ran("rm -r %s" % self.a) + log("The folder %s is gone." % self.a)

    def effects(self, world):
        world.remove_folder(self.a)
        return []


CHORES = [Copy, Copy, Backup, Rename, MoveInto, Delete, DeleteIfThere, DeleteAsking, DeleteFolder]
