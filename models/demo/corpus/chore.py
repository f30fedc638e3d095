# SPDX-License-Identifier: MIT
"""What all chores have in common."""


class Chore:
    """One thing to do with files: how people ask for it, a plan that does it, and, apart from
    the plan, what it comes to.

    Wordings use $slots and (one|of|several) words. `wordings` are orders that may stand in any
    frame; `trailing` are orders whose last words are a bare text, so that nothing can follow;
    `sentences` are no orders.
    """
    name = ""
    wordings = []
    trailing = []
    sentences = []
    asks = False         # the plan has to ask before it acts
    takes_given = False  # may go on with a file that another chore has made

    def __init__(self, draw, names, world, given=None):
        """Draws what it is about; puts the files it needs into `world`, but for `given`."""
        self.draw, self.names, self.world = draw, names, world
        self.slots = {}
        self.title = ""       # of the TASK
        self.statements = []  # of the STEP
        self.makes = None     # a file that is there afterwards
        self.prepare(given)

    def prepare(self, given):
        raise NotImplementedError

    def effects(self, world):
        """Does the chore to `world`; returns what the log must then say."""
        raise NotImplementedError

    # --- For prepare() ----------------------------------------------------------------

    def quoted(self, text):
        return "'%s'" % text if self.draw.chance(0.25) else '"%s"' % text

    def lines(self, low=2, high=6):
        return [self.draw.phrase() for _ in range(self.draw.whole(low, high))]

    def file_with(self, lines, extension=None):
        """A file that is there from the start."""
        path = self.names.file(extension)
        self.world.write(path, "".join(line + "\n" for line in lines))
        return path

    def some_file(self, given=None):
        return given or self.file_with(self.lines())


def ran(command):
    """A command that must not fail."""
    return ['RUN "%s"' % command, "ASSERT LAST_RUN.EXIT_CODE == 0"]


def folder_for(path):
    return ['MKDIR "%s"' % path.rsplit("/", 1)[0]] if "/" in path else []


def log(text):
    return ['LOG "%s"' % text]


def branch(condition, then, otherwise):
    return (["IF %s {" % condition] + ["    " + line for line in then] + ["} ELSE {"] +
            ["    " + line for line in otherwise] + ["}"])
