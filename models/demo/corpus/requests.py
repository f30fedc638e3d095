# SPDX-License-Identifier: MIT
"""Requests: one chore or two in a frame of words, with the plan and its effects."""
import re
import zlib

import chores_moving
import chores_reading
import chores_writing
from draw import Names
from world import World

CHORES = chores_writing.CHORES + chores_moving.CHORES + chores_reading.CHORES

# Around an order.
FRAMES = ["%s", "%s", "please %s", "%s please", "can you %s?", "could you %s?",
          "could you please %s?", "would you %s?", "i want you to %s", "i need you to %s",
          "i would like you to %s", "%s, thanks", "hi, %s", "%s for me", "go ahead and %s",
          "your task: %s", "let us %s", "now %s", "%s now", "%s, please", "you have to %s",
          "hello, please %s", "next, %s", "it is time to %s"]
# Around an order that ends in a bare text.
OPEN_FRAMES = ["%s", "please %s", "hi, %s", "now %s", "i want you to %s", "your task: %s",
               "next, %s"]
# Around a sentence.
SENTENCE_FRAMES = ["%s", "hi, %s", "%s, thanks", "hello, %s", "%s, please"]
# Between two orders.
JOINTS = ["%s and %s", "%s and then %s", "%s, then %s", "first %s, then %s", "%s; after that %s",
          "%s, and also %s"]
# What a second order calls the file that the first one made.
PRONOUNS = ["it", "that file", "the result"]


class Request:
    """What a line of the corpus says."""

    def __init__(self, prompt, structure, chores, start):
        self.prompt, self.structure, self.start = prompt, structure, start
        self.chores = [chore.name for chore in chores]
        self.answer = plan(chores)
        self.asks = any(chore.asks for chore in chores)
        self.after, self.said = start.copy(), []
        for chore in chores:
            self.said += chore.effects(self.after)

    def to_json(self):
        return {"prompt": self.prompt + "\n", "answer": self.answer, "chores": self.chores,
                "structure": self.structure, "start": self.start.to_json(),
                "expect": {**self.after.to_json(), "said": self.said, "asks": self.asks}}


def plan(chores):
    """In TissLang."""
    titles = [chore.title for chore in chores]
    titles[1:] = [title[0].lower() + title[1:] for title in titles[1:]]
    lines = ['TASK "%s"' % " and ".join(titles)]
    for chore in chores:
        lines.append('STEP "%s" {' % chore.name.replace("_", " "))
        lines += ["    " + line for line in chore.statements]
        lines.append("}")
    return "\n".join(lines) + "\n"


def part_of(structure):
    """train, validation or test: all requests of a structure are in one of them."""
    bucket = zlib.crc32(structure.encode()) % 100
    return "test" if bucket < 8 else "validation" if bucket < 12 else "train"


def fill(text, slots):
    return re.sub(r"\$([a-z]+)", lambda slot: slots[slot.group(1)], text)


def spell(draw, text, slots):
    """Fills `text`; with capitals and full stops, as some people set them and others do not. A
    name in front stays as it is."""
    if draw.chance(0.5):
        text = text[0].upper() + text[1:]
    text = fill(text, slots)
    if text[-1].isalnum() and draw.chance(0.2):
        text += "."
    return text


def single(draw):
    world = World()
    chore = draw.pick(CHORES)(draw, Names(draw), world)
    kind = draw.whole(0, 9)
    if chore.sentences and kind < 2:
        texts, frames, label = chore.sentences, SENTENCE_FRAMES, "sentence"
    elif chore.trailing and kind < 4:
        texts, frames, label = chore.trailing, OPEN_FRAMES, "trailing"
    else:
        texts, frames, label = chore.wordings, FRAMES, "order"
    index, frame = draw.whole(0, len(texts) - 1), draw.pick(frames)
    structure = "%s/%s%d/%s" % (chore.name, label, index, frame)
    text = frame % draw.wording(texts[index])
    asked = label == "sentence" and texts[index].split()[0] in (
        "how", "is", "are", "does", "what", "which")
    if asked and not text.endswith(("thanks", "please")) and draw.chance(0.8):
        text += "?"
    # What ends in a bare text ends there.
    text = fill(text, chore.slots) if label == "trailing" else spell(draw, text, chore.slots)
    return Request(text, structure, [chore], world)


def double(draw):
    """Two orders; at times the second is about what the first made."""
    world, names = World(), Names(draw)
    first = draw.pick(CHORES)(draw, names, world)
    kinds, given = CHORES, None
    if first.makes and draw.chance(0.4):
        kinds, given = [kind for kind in CHORES if kind.takes_given], first.makes
    second = draw.pick(kinds)(draw, names, world, given)
    joint, frame = draw.pick(JOINTS), draw.pick(FRAMES)
    texts = [draw.wording(draw.pick(chore.wordings)) for chore in (first, second)]
    slots = dict(second.slots)
    if given and draw.chance(0.6):
        slots["a"] = draw.pick(PRONOUNS)
        texts[1] = texts[1].replace("the file $a", "$a")
    slots = {**first.slots, **{"second" + key: value for key, value in slots.items()}}
    texts[1] = texts[1].replace("$", "$second")
    structure = "%s+%s%s" % (first.name, second.name, "/given" if given else "")
    text = spell(draw, frame % (joint % tuple(texts)), slots)
    return Request(text, structure, [first, second], world)


def draw_request(draw):
    return double(draw) if draw.chance(0.25) else single(draw)
