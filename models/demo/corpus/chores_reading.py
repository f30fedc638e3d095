# SPDX-License-Identifier: MIT
"""Chores that look at files and tell, or save, what they see."""
from chore import Chore, branch, folder_for, log, ran
from world import as_text

ORDINALS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}


class Show(Chore):
    name = "show"
    takes_given = True
    wordings = [
        "(show|print|read) (me|) $a",
        "(show|tell) me (what is in|the contents of) $a",
        "(read|print|log) the (file|contents of) $a",
        "let me see (|what is in) $a",
    ]
    sentences = ["what (is in|does) $a (|say)", "i want to (see|read) $a"]

    def prepare(self, given):
        self.a = self.some_file(given)
        self.slots = {"a": self.a}
        self.title = "Show %s" % self.a
        self.statements = ['READ "%s" AS text' % self.a] + log("{{text}}")

    def effects(self, world):
        return [line for line in world.lines(self.a) if line]


class CountLines(Chore):
    name = "count"
    wordings = [
        "count the lines (of|in) $a",
        "(tell|show) me how many lines $a has",
        "find out how many lines (are in|there are in) $a",
    ]
    sentences = ["how many lines (does $a have|are in $a|are there in $a)"]

    def prepare(self, given):
        self.a = self.some_file()
        self.slots = {"a": self.a}
        self.title = "Count the lines of %s" % self.a
        self.statements = ran("wc -l < %s" % self.a) + log(
            "Lines in %s: {{LAST_RUN.STDOUT}}" % self.a)

    def effects(self, world):
        return [str(len(world.lines(self.a)))]


class SaveCount(Chore):
    name = "save_count"
    wordings = [
        "count the lines (of|in) $a and (save|write|put) the (number|count|result) (in|into|to) $b",
        "(save|write|put) the number of lines (of|in) $a (in|into|to) $b",
        "(save|write|put) how many lines $a has (in|into|to) $b",
    ]
    sentences = ["$b should (hold|have|contain) the number of lines of $a"]

    def prepare(self, given):
        self.a, self.b = self.some_file(), self.names.file()
        self.slots = {"a": self.a, "b": self.b}
        self.title = "Count the lines of %s" % self.a
        self.statements = (folder_for(self.b) + ran("wc -l < %s > %s" % (self.a, self.b)) +
                           log("The number is in %s." % self.b))

    def effects(self, world):
        world.write(self.b, "%d\n" % len(world.lines(self.a)))
        return []


class Searching(Chore):
    """Chores about the lines of a file that have a word."""

    def some_lines(self):
        self.word = self.draw.noun()
        lines = self.lines(2, 5)
        for _ in range(self.draw.whole(1, 3)):
            lines.append(self.draw.pick(["%s %s", "the %s is %s", "%s and %s"])
                         % (self.word, self.draw.noun()))
        return self.draw.shuffled(lines)

    def found(self, world):
        return [line for line in world.lines(self.a) if self.word in line]


class SaveFound(Searching):
    name = "save_found"
    wordings = [
        "(find|take|get) the lines (with|containing) $quoted in $a and (save|put) them (in|into|to) $b",
        "(save|write|put|copy) the lines (with|containing|that contain) $word (from|of|in) $a (to|into) $b",
        "(save|write|put|copy) all lines of $a (with|containing|that contain) $quoted (to|into) $b",
        "(search|filter) $a for $quoted and (save|write) the (matches|result) (to|into) $b",
    ]
    sentences = ["i (need|want) the lines of $a (with|that contain) $quoted in $b"]

    def prepare(self, given):
        self.a = self.file_with(self.some_lines())
        self.b = self.names.file()
        self.slots = {"a": self.a, "b": self.b, "word": self.word, "quoted": self.quoted(self.word)}
        self.title = "Find %s in %s" % (self.word, self.a)
        self.statements = (folder_for(self.b) +
                           ['RUN "grep %s %s > %s"' % (self.word, self.a, self.b)] +
                           log("The lines are in %s." % self.b))
        self.makes = self.b

    def effects(self, world):
        world.write(self.b, as_text(self.found(world)))
        return []


class CountFound(Searching):
    name = "count_found"
    wordings = [
        "count the lines (with|containing|that contain) $quoted in $a",
        "(tell|show) me how many lines of $a (have|contain|mention) $quoted",
        "find out in how many lines of $a $quoted is",
        "count how many lines of $a (have|contain|mention) $word",
    ]
    sentences = ["how many lines of $a (have|contain|mention) $quoted"]

    def prepare(self, given):
        self.a = self.file_with(self.some_lines())
        self.slots = {"a": self.a, "word": self.word, "quoted": self.quoted(self.word)}
        self.title = "Count %s in %s" % (self.word, self.a)
        self.statements = ['RUN "grep -c %s %s"' % (self.word, self.a)] + log(
            "Lines with %s: {{LAST_RUN.STDOUT}}" % self.word)

    def effects(self, world):
        return [str(len(self.found(world)))]


class Mentions(Searching):
    name = "mentions"
    wordings = [
        "(check|see|find out) (if|whether) $a (mentions|contains|has) $quoted",
        "(tell me|let me know) (if|whether) $quoted is in $a",
        "(look for|search for) $quoted in $a and tell me (if|whether) it is there",
        "(check|see|find out) (if|whether) $word is (in|mentioned in) $a",
    ]
    sentences = ["does $a (mention|contain|have) $quoted", "is $quoted in $a"]

    def prepare(self, given):
        lines = self.some_lines()
        if self.draw.chance(0.5):
            lines = [line for line in lines if self.word not in line] or ["nothing"]
        self.a = self.file_with(lines)
        self.slots = {"a": self.a, "word": self.word, "quoted": self.quoted(self.word)}
        self.title = "Look for %s in %s" % (self.word, self.a)
        self.statements = ['READ "%s" AS text' % self.a] + branch(
            'text CONTAINS "%s"' % self.word, log("Yes, %s has %s." % (self.a, self.word)),
            log("No, %s does not have %s." % (self.a, self.word)))

    def effects(self, world):
        return ["Yes" if self.word in world.files[self.a] else "No"]


class Sort(Chore):
    name = "sort"
    KINDS = {  # words in the request: option, order
        "": ("", lambda lines: sorted(lines)),
        "reversed": ("-r ", lambda lines: sorted(lines, reverse=True)),
        "unique": ("-u ", lambda lines: sorted(set(lines))),
        "numeric": ("-n ", lambda lines: sorted(lines, key=int)),
    }
    WORDS = {"": ["", "in alphabetical order", "alphabetically"],
             "reversed": ["in reverse order", "backwards", "in reverse"],
             "unique": ["without repeats", "without duplicates", "and drop duplicates"],
             "numeric": ["by number", "numerically", "as numbers"]}
    wordings = [
        "sort $a $how into $b",
        "sort the lines of $a $how and (save|write|put) them (in|into|to) $b",
        "(save|write|put) the lines of $a sorted $how (in|into|to) $b",
        "sort $a $how, (the result goes|result) to $b",
    ]
    sentences = ["i (need|want) the lines of $a sorted $how in $b"]

    def prepare(self, given):
        kind = self.draw.pick(["", "", "reversed", "unique", "numeric"])
        option, self.order = self.KINDS[kind]
        if kind == "numeric":
            lines = [str(self.draw.whole(1, 300)) for _ in range(self.draw.whole(3, 7))]
            lines = list(dict.fromkeys(lines))
        else:
            lines = [self.draw.noun() for _ in range(self.draw.whole(3, 6))]
            if kind == "unique":
                lines += [self.draw.pick(lines)]
        self.a, self.b = self.file_with(self.draw.shuffled(lines)), self.names.file()
        self.slots = {"a": self.a, "b": self.b, "how": self.draw.pick(self.WORDS[kind])}
        self.title = "Sort %s" % self.a
        self.statements = (folder_for(self.b) + ran("sort %s%s > %s" % (option, self.a, self.b)) +
                           log("The sorted lines are in %s." % self.b))
        self.makes = self.b

    def effects(self, world):
        world.write(self.b, as_text(self.order(world.lines(self.a))))
        return []


class Ends(Chore):
    name = "ends"
    wordings = [
        "(save|write|put|copy) the $end $n (of|from) $a (in|into|to) $b",
        "(take|get) the $end $n (of|from) $a and (save|put) (it|them) (in|into|to) $b",
        "(make|create) $b (from|out of) the $end $n of $a",
    ]
    sentences = ["i (need|want) the $end $n of $a in $b"]

    def prepare(self, given):
        self.end = self.draw.pick(["first", "last"])
        self.count = self.draw.whole(1, 12)
        self.a, self.b = self.file_with(self.lines(1, 15)), self.names.file()
        number = str(self.count)
        if self.count in ORDINALS and self.draw.chance(0.4):
            number = ORDINALS[self.count]
        n = "line" if self.count == 1 else number + " lines"
        self.slots = {"a": self.a, "b": self.b, "end": self.end, "n": n}
        tool = "head" if self.end == "first" else "tail"
        self.title = "Take the %s lines of %s" % (self.end, self.a)
        self.statements = (folder_for(self.b) +
                           ran("%s -n %d %s > %s" % (tool, self.count, self.a, self.b)) +
                           log("The lines are in %s." % self.b))
        self.makes = self.b

    def effects(self, world):
        lines = world.lines(self.a)
        kept = lines[:self.count] if self.end == "first" else lines[-self.count:]
        world.write(self.b, as_text(kept))
        return []


class Join(Chore):
    name = "join"
    wordings = [
        "(join|combine|merge) $a and $b (into|to|as) $c",
        "(put|write|copy) $a and $b together (into|in) $c",
        "(append|add) $b to $a and (save|write) (the result|that) as $c",
        "(make|create) $c (from|out of) $a and $b",
    ]
    sentences = ["$c should be $a followed by $b"]

    def prepare(self, given):
        self.a, self.b, self.c = self.some_file(), self.some_file(), self.names.file()
        self.slots = {"a": self.a, "b": self.b, "c": self.c}
        self.title = "Join %s and %s" % (self.a, self.b)
        self.statements = (folder_for(self.c) + ran("cat %s %s > %s" % (self.a, self.b, self.c)) +
                           log("Both are in %s." % self.c))
        self.makes = self.c

    def effects(self, world):
        world.write(self.c, world.files[self.a] + world.files[self.b])
        return []


class ChangeCase(Chore):
    name = "case"
    wordings = [
        "(save|write|put) $a in $case (in|into|to|as) $b",
        "(turn|convert|change) $a (to|into) $case and (save|write) it as $b",
        "make $b a copy of $a in $case",
        "make a copy of $a in $case (called|named) $b",
    ]
    sentences = ["i (need|want) $a in $case as $b"]

    def prepare(self, given):
        self.upper = self.draw.chance(0.5)
        lines = self.lines()
        if not self.upper:
            lines = [line.upper() for line in lines]
        self.a, self.b = self.file_with(lines), self.names.file()
        case = ["upper case", "capitals", "capital letters"] if self.upper else [
            "lower case", "small letters"]
        self.slots = {"a": self.a, "b": self.b, "case": self.draw.pick(case)}
        sets = "a-z A-Z" if self.upper else "A-Z a-z"
        self.title = "Change the case of %s" % self.a
        self.statements = (folder_for(self.b) +
                           ran("tr %s < %s > %s" % (sets, self.a, self.b)) +
                           log("The result is in %s." % self.b))
        self.makes = self.b

    def effects(self, world):
        text = world.files[self.a]
        world.write(self.b, text.upper() if self.upper else text.lower())
        return []


class ListFolder(Chore):
    name = "list_folder"
    wordings = [
        "(list|show) (me|) the files in (|the folder) $a",
        "(list|show) (me|) what is in the (folder|directory) $a",
        "(tell|show) me which files are in (|the folder) $a",
    ]
    sentences = ["which files are in (|the folder|the directory) $a",
                 "what is in the (folder|directory) $a"]

    def prepare(self, given):
        self.a = self.fill_folder()
        self.slots = {"a": self.a}
        self.title = "List %s" % self.a
        self.statements = ran("ls %s" % self.a) + log("{{LAST_RUN.STDOUT}}")

    def fill_folder(self):
        folder = self.names.folder()
        for _ in range(self.draw.whole(1, 4)):
            name = self.draw.stem() + "." + self.draw.pick(["txt", "md", "log"])
            self.world.write(folder + "/" + name, as_text(self.lines(1, 3)))
        return folder

    def effects(self, world):
        return world.names_in(self.a)


class SaveList(ListFolder):
    name = "save_list"
    wordings = [
        "(save|write|put) a list of the files in (|the folder) $a (in|into|to) $b",
        "list the files in (|the folder) $a and (save|write|put) (the list|that|it) (in|into|to) $b",
        "(save|write|put) the names of the files in $a (in|into|to) $b",
    ]
    sentences = ["i (need|want) a list of the files in $a in $b"]

    def prepare(self, given):
        self.a, self.b = self.fill_folder(), self.names.file()
        self.slots = {"a": self.a, "b": self.b}
        self.title = "List %s" % self.a
        self.statements = (folder_for(self.b) + ran("ls %s > %s" % (self.a, self.b)) +
                           log("The list is in %s." % self.b))

    def effects(self, world):
        world.write(self.b, as_text(world.names_in(self.a)))
        return []


class Compare(Chore):
    name = "compare"
    wordings = [
        "(check|see|find out) (if|whether) $a and $b are (the same|equal|identical)",
        "compare $a (and|with|to) $b",
        "(tell me|let me know) (if|whether) $a and $b (differ|are different)",
    ]
    sentences = ["are $a and $b (the same|equal|identical)", "is $a the same as $b"]

    def prepare(self, given):
        lines = self.lines()
        self.a = self.file_with(lines)
        self.b = self.file_with(lines if self.draw.chance(0.5) else self.lines())
        self.slots = {"a": self.a, "b": self.b}
        self.title = "Compare %s and %s" % (self.a, self.b)
        self.statements = ['RUN "cmp %s %s"' % (self.a, self.b)] + branch(
            "LAST_RUN.EXIT_CODE == 0", log("%s and %s are the same." % (self.a, self.b)),
            log("%s and %s differ." % (self.a, self.b)))

    def effects(self, world):
        return ["are the same" if world.files[self.a] == world.files[self.b] else "differ"]


class Column(Chore):
    name = "column"
    wordings = [
        "(save|write|put|copy) column $n of $a (in|into|to) $b",
        "(take|get) column $n (of|from) $a and (save|put) it (in|into|to) $b",
        "(take|get) the $nth column (of|from) $a and (save|put) it (in|into|to) $b",
        "(save|write|put|copy) the $nth column of $a (in|into|to) $b",
    ]
    sentences = ["i (need|want) column $n of $a in $b"]

    def prepare(self, given):
        columns = self.draw.whole(2, 4)
        self.column = self.draw.whole(1, columns)
        lines = [",".join(self.draw.noun() for _ in range(columns))
                 for _ in range(self.draw.whole(2, 4))]
        self.a, self.b = self.file_with(lines, "csv"), self.names.file()
        self.slots = {"a": self.a, "b": self.b, "n": str(self.column),
                      "nth": ["first", "second", "third", "fourth"][self.column - 1]}
        self.title = "Take column %d of %s" % (self.column, self.a)
        self.statements = (folder_for(self.b) +
                           ran("cut -d , -f %d %s > %s" % (self.column, self.a, self.b)) +
                           log("The column is in %s." % self.b))
        self.makes = self.b

    def effects(self, world):
        world.write(self.b, as_text(line.split(",")[self.column - 1]
                                    for line in world.lines(self.a)))
        return []


CHORES = [Show, CountLines, SaveCount, SaveFound, CountFound, Mentions, Sort, Ends, Join,
          ChangeCase, ListFolder, SaveList, Compare, Column]
