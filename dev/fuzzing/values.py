"""Generators of values: each kind of field has plausible values and odd ones."""
import dataclasses, string


class Raw(bytes):
    """JSON text that stands as it is in the document."""


class Pairs(list):
    """An object whose members are given one by one, so that names may be there twice."""


class Kind:
    """What a field holds. `good` gives a value that the specification allows, `edge` one at or beyond its bounds."""

    def good(self, dice): raise NotImplementedError
    def edge(self, dice): return self.good(dice)


NUMBERS = [0, 1, -1, 2, 127, 128, 255, 256, 1023, 4096, 32767, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**32 - 1, 2**32,
           2**53, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64 - 1, 2**64, 10**30,
           Raw(b"1.0"), Raw(b"1e3"), Raw(b"-0"), Raw(b"0.5"), Raw(b"1e400"), Raw(b"007"), Raw(b"+1"), Raw(b"0x10"), Raw(b"NaN"),
           Raw(b"-"), Raw(b"1" * 400), Raw(b"1e-9999999999999999999")]


@dataclasses.dataclass
class Number(Kind):
    """An integer; `usual` are values that a container can have, `strange` ones that may be refused."""
    usual: tuple
    strange: tuple = ()
    def good(self, dice): return dice.choice(self.usual)
    def edge(self, dice): return dice.choice(self.strange if self.strange and dice.random() < 0.5 else NUMBERS)


ODD_TEXTS = ["", " ", "/", ".", "..", "../../..", "a" * 255, "a" * 256, "a" * 4096, "é" * 300, "\u202e", "\ufeff", "a\nb", "a\rb", "\x1b[2J",
             "a\tb", "%s%n", "${PATH}", "-", "--help", "a=b", "a,b", "a:b", "🧨", "\x7f", "\x00", "a\x00b", "\ufffd", "A", "0", "true", "null"]
RAW_TEXTS = [b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u00"', b'"\\x41"', b'"\xff\xfe"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"',
             b'"\x01"', b'"a\nb"', b'"\\ud83d\\ude00"', b'"open', b"'single'", b'"\\/\\b\\f"', b'"\\u0000"']


@dataclasses.dataclass
class Text(Kind):
    """A string; `usual` are values that a container can have, `strange` ones that may be refused."""
    usual: tuple
    strange: tuple = ()
    def good(self, dice): return dice.choice(self.usual)

    def edge(self, dice):
        roll = dice.random()
        if self.strange and roll < 0.5: return dice.choice(self.strange)
        if roll < 0.5: return dice.choice(ODD_TEXTS)
        if roll < 0.7: return Raw(dice.choice(RAW_TEXTS))
        if roll < 0.8: return dice.choice(self.usual) + dice.choice(ODD_TEXTS)
        return "".join(dice.choice(string.printable) for _ in range(dice.randrange(1, 40)))


class Word(Text):
    """One of a closed set of words."""
    def edge(self, dice):
        if self.strange and dice.random() < 0.4: return dice.choice(self.strange)
        word = dice.choice(self.usual)
        return dice.choice([word.lower(), word.upper(), word + " ", word + "\0", word[:-1], "UNKNOWN", super().edge(dice)])


class Switch(Kind):
    """A boolean."""
    def good(self, dice): return dice.random() < 0.5
    def edge(self, dice): return dice.choice([0, 1, "true", Raw(b"True"), Raw(b"tru"), None, []])


@dataclasses.dataclass
class Several(Kind):
    """An array."""
    of: Kind
    most: int = 3
    def good(self, dice): return [self.of.good(dice) for _ in range(dice.randrange(0, self.most + 1))]

    def edge(self, dice):
        one = self.of.good(dice)
        return dice.choice([[], [one] * 2, [one] * 300, [self.of.edge(dice)], [one, None], [[one]], [one, self.of.edge(dice)], [{}]])


@dataclasses.dataclass
class Table(Kind):
    """An object whose member names are free."""
    keys: Text
    of: Kind
    def good(self, dice): return {self.keys.good(dice): self.of.good(dice) for _ in range(dice.randrange(0, 3))}

    def edge(self, dice):
        key = self.keys.edge(dice)
        key = key if isinstance(key, str) else "raw"
        return dice.choice([{}, {key: self.of.good(dice)}, {self.keys.good(dice): self.of.edge(dice)}, Pairs([(key, self.of.good(dice))] * 2),
                            {f"key{number}": self.of.good(dice) for number in range(500)}])


class Record(Kind):
    """An object of the specification. Members named in `needed` are always in a good value."""

    def __init__(self, needed="", **members):
        self.needed, self.members = needed.split(), members

    def good(self, dice):
        chosen = [name for name in self.members if name in self.needed or dice.random() < 0.35]
        return {name: self.members[name].good(dice) for name in chosen}

    def edge(self, dice):
        value = self.good(dice)
        if not self.members: return value
        name = dice.choice(list(self.members))
        roll = dice.random()
        if roll < 0.5: value[name] = self.members[name].edge(dice)
        elif roll < 0.7: value.pop(name, None)
        elif roll < 0.85: return Pairs([*value.items(), (name, self.members[name].good(dice))])
        else: value["unknownMember"] = dice.choice([1, "a", None, {"deep": [1, {"er": True}]}])
        return value


def wrong(dice):
    """A value of any type."""
    return dice.choice([None, True, False, 0, -1, 1.5, "", "text", [], [[]], {}, {"a": 1}, [None], Raw(b"nul"), Raw(b""), Raw(b"[,]"), Raw(b"{,}"),
                        Raw(b'{"a"}'), Raw(b'{"a":1,}'), Raw(b"[1,]"), Raw(b"[1 2]"), Raw(b"undefined")])


def deep(dice):
    """A value that is nested very deeply, closed or not."""
    depth = dice.choice([60, 120, 130, 500, 5000, 100_000])
    opening, closing = dice.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
    middle = b"" if opening == b"[" else b"1"
    return Raw(opening * depth + middle + closing * dice.choice([depth, depth, depth - 1, 0]))


def huge(dice):
    """A value with very much text or very many elements."""
    size = dice.choice([5_000, 70_000, 1_100_000])
    return dice.choice([lambda: "h" * size, lambda: Raw(b"[" + b"1," * (size // 2) + b"1]"), lambda: Raw(b'["' + b"\\u0041" * (size // 6) + b'"]'),
                        lambda: Raw(b" " * size + b"1"), lambda: ["x"] * (size // 10), lambda: Raw(b"9" * size),
                        lambda: {f"k{number}": "v" for number in range(size // 100)}])()
