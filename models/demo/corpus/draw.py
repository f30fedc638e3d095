# SPDX-License-Identifier: MIT
"""Seeded choices: names, contents, wordings.

Everything comes from random.Random(seed).random(), whose numbers Python keeps the same for good.
"""
import random
import re

import words

GROUP = re.compile(r"\(([^()]*)\)")


class Draw:
    def __init__(self, seed):
        self._random = random.Random(seed)

    def chance(self, share):
        return self._random.random() < share

    def whole(self, low, high):
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, choices):
        return choices[int(self._random.random() * len(choices))]

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.whole(0, i)
            items[i], items[j] = items[j], items[i]
        return items

    def wording(self, text):
        """`text` with one alternative of every (this|that) group; an empty one takes no room."""
        while GROUP.search(text):
            text = GROUP.sub(lambda group: self.pick(group.group(1).split("|")), text, count=1)
        return " ".join(text.split())

    # --- Words and names --------------------------------------------------------------

    def invented(self):
        syllables = [self.pick(words.ONSETS) + self.pick(words.VOWELS)
                     for _ in range(self.whole(1, 3))]
        return "".join(syllables) + self.pick(words.CODAS)

    def noun(self):
        return self.invented() if self.chance(0.1) else self.pick(words.NOUNS)

    def stem(self):
        """The name of a file without its extension."""
        kind = self.whole(0, 19)
        if kind < 11:
            return self.pick(words.NOUNS)
        if kind < 14:
            return self.invented()
        if kind < 15:
            return self.noun() + str(self.whole(1, 99))
        if kind < 16:
            return self.noun() + "_" + str(self.whole(2015, 2029))
        if kind < 18:
            return self.noun() + "_" + self.noun()
        if kind < 19:
            return self.noun() + "-" + self.noun()
        return self.pick(words.NOUNS).capitalize()

    def phrase(self):
        """Something worth noting down; letters, digits and single spaces."""
        kind = self.whole(0, 11)
        noun, other = self.noun(), self.noun()
        if kind < 3:
            return self.pick(words.ACTIONS) + self.pick([" ", " the ", " my ", " a "]) + noun
        if kind < 4:
            return "%s %s %s" % (self.pick(words.ACTIONS), noun, self.pick(words.DAYS))
        if kind < 5:
            return "call %s at %d" % (self.pick(words.PEOPLE), self.whole(1, 12))
        if kind < 6:
            return "meet %s at the %s" % (self.pick(words.PEOPLE), self.pick(words.PLACES))
        if kind < 7:
            return "the %s is %s" % (noun, self.pick(words.ADJECTIVES))
        if kind < 8:
            return "%d %s and %d %s" % (self.whole(2, 30), noun, self.whole(2, 30), other)
        if kind < 9:
            return "%s %d" % (noun, self.whole(1, 2030))
        if kind < 10:
            return "%s %s" % (self.pick(words.ADJECTIVES), noun)
        if kind < 11:
            return " ".join(self.noun() for _ in range(self.whole(2, 4)))
        return noun

    def sentence(self):
        """For the log."""
        return "%s %s is %s" % (self.pick(words.OWNERS), self.noun(), self.pick(words.ADJECTIVES))


class Names:
    """Paths for one request: none is given twice, none lies in a file."""

    def __init__(self, draw):
        self._draw = draw
        self._used = set()

    def _fresh(self, make):
        while True:
            name = make()
            if name not in self._used:
                self._used.add(name)
                return name

    def folder(self):
        return self._fresh(self._draw.stem)

    def file(self, extension=None):
        draw = self._draw

        def make():
            name = draw.stem() + "." + (extension or draw.pick(words.EXTENSIONS))
            return self.folder() + "/" + name if draw.chance(0.15) else name

        return self._fresh(make)
