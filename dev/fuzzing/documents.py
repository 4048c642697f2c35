"""Documents: a valid base, changed at some of its fields, as text that may be broken too."""
import copy, dataclasses, json, random
from . import grammar
from .values import Pairs, Raw, Record, Several, Table, deep, huge, wrong

QUIET = ["nosuid", "noexec", "nodev"]
BASE = {
    "ociVersion": "1.0.2", "hostname": "fuzz", "root": {"path": "rootfs"},
    "process": {"args": ["/bin/true"], "cwd": "/", "env": ["PATH=/bin", "HOME=/"], "user": {"uid": 0, "gid": 0},
                "capabilities": {name: ["CAP_KILL", "CAP_CHOWN"] for name in ("bounding", "effective", "permitted")}},
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": QUIET},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]}],
    "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "network", "ipc", "uts", "cgroup")],
              "cgroupsPath": "/fuzz/base", "resources": {"memory": {"limit": 64 << 20}, "pids": {"limit": 100}},
              "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"]},
}
EMPTY_OF = {Record: dict, Table: dict, Several: list}


@dataclasses.dataclass
class Change:
    """One change: the field at `path` becomes `value`; `how` may also delete it or give it twice."""
    path: tuple
    how: str
    value: object = None


@dataclasses.dataclass
class Document:
    """Changes of the base, and what is done to the text at the end."""
    changes: list
    scar: tuple = None

    def text(self):
        tree = copy.deepcopy(BASE)
        for change in self.changes: perform(tree, change)
        return scarred(dump(tree), self.scar)

    def without(self, number):
        """The document with one change less; the scar counts as the last."""
        if number == len(self.changes): return Document(self.changes, None)
        return Document(self.changes[:number] + self.changes[number + 1:], self.scar)

    @property
    def parts(self): return len(self.changes) + (self.scar is not None)


def make(seed, index):
    """The document of this number; the same for the same seed."""
    dice = random.Random(f"{seed}:{index}")
    changes = features(dice) + [change(dice) for _ in range(dice.choice([0, 1, 1, 1, 2, 2, 3, 5]))]
    scar = (dice.choice(list(SCARS)), dice.random(), dice.randrange(256)) if dice.random() < 0.08 or not changes else None
    return Document(changes, scar)


def features(dice):
    """Parts of a configuration that make sense only together."""
    chosen = []
    if dice.random() < 0.15:
        whole = [{"containerID": 0, "hostID": dice.choice([0, 1000]), "size": 65536}]
        chosen += [Change(("linux", name), "set", whole) for name in ("uidMappings", "gidMappings")]
        chosen += [Change(("linux", "namespaces"), "append", {"type": "user"})]
    if dice.random() < 0.1: chosen += [Change(("linux", "namespaces"), "append", {"type": "time"})]
    if dice.random() < 0.02: chosen += [Change(("linux", "sysctl"), "set", grammar.host_sysctls.good(dice))]
    if dice.random() < 0.05: chosen += [Change(("process", "terminal"), "set", True)]
    if dice.random() < 0.15:
        chosen += [Change(("linux", "seccomp"), "set", grammar.seccomp.good(dice)), Change(("linux", "seccomp", "defaultAction"), "set",
            "SCMP_ACT_ALLOW")]
    if dice.random() < 0.1: chosen += [Change(("mounts",), "append", {**grammar.mount.good(dice), "uidMappings": [], "gidMappings": []})]
    if dice.random() < 0.05:
        mapped = [{"containerID": 0, "hostID": 1000, "size": 1000}]
        chosen += [Change(("mounts",), "append", {"destination": "/mnt", "type": "bind", "source": "rootfs", "options": ["bind", "idmap"],
                                                  "uidMappings": mapped, "gidMappings": mapped})]
    return chosen


def change(dice):
    path = dice.choice(grammar.FIELDS)
    kind, roll = grammar.kind_at(path), dice.random()
    if roll < 0.68: return Change(path, "set", kind.good(dice))
    if roll < 0.80: return Change(path, "set", kind.edge(dice))
    if roll < 0.87: return Change(path, "set", wrong(dice))
    if roll < 0.91: return Change(path, "delete")
    if roll < 0.95: return Change(path, "twice", kind.good(dice))
    if roll < 0.97: return Change(path, "unknown", wrong(dice))
    return Change(path, "set", deep(dice) if roll < 0.985 else huge(dice))


def perform(tree, change):
    """Changes the tree; what is missing on the way is made."""
    kind, place = grammar.DOCUMENT, tree
    for step in change.path[:-1]:
        inner = enter(place, name_of(place, step, kind), inside(kind, step))
        kind = inside(kind, step)
        if isinstance(inner, Pairs) or not isinstance(inner, (dict, list)): return
        place = inner
    last = change.path[-1]
    if isinstance(place, list): return perform_in_list(place, change)
    if not isinstance(place, dict): return
    last = name_of(place, last, kind)
    if change.how == "set": place[last] = change.value
    elif change.how == "delete": place.pop(last, None)
    elif change.how == "append": place.setdefault(last, []).append(change.value)
    elif change.how == "unknown": place[f"{last}X"] = change.value
    elif last in place: place[Twice(last)] = change.value
    else: place[last] = change.value


def inside(kind, step): return kind.members[step] if isinstance(kind, Record) else kind.of


def name_of(place, step, kind):
    """A table's members have names of their own: the first that is there, or a usual one."""
    return next(iter(place), kind.keys.usual[0]) if step is None and isinstance(place, dict) else step


def perform_in_list(place, change):
    if change.how == "delete": del place[:1]
    elif change.how == "set" and place and not isinstance(place[0], dict): place[0] = change.value
    else: place.append(change.value)


def enter(place, step, kind):
    """The value at a step, made empty or from the kind's needed members where it is missing."""
    empty = EMPTY_OF.get(type(kind), dict)()
    if isinstance(kind, Record):
        dice = random.Random(0)
        empty = {name: kind.members[name].good(dice) for name in kind.needed}
    if isinstance(place, list):
        if not place: place.append(empty)
        return place[-1]
    return place.setdefault(step, empty)


class Twice(str):
    """A member name that is there already: equal in the text, another key in the tree."""
    def __hash__(self): return id(self)
    def __eq__(self, other): return self is other


def dump(value):
    """JSON text; raw parts stand as they are."""
    if isinstance(value, Raw): return bytes(value)
    if isinstance(value, Pairs): return b"{" + b",".join(member(*pair) for pair in value) + b"}"
    if isinstance(value, dict): return b"{" + b",".join(member(*pair) for pair in value.items()) + b"}"
    if isinstance(value, list): return b"[" + b",".join(map(dump, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def member(key, value): return json.dumps(str(key), ensure_ascii=False).encode() + b":" + dump(value)


def cut(text, place, _): return text[:place]
def flip(text, place, byte): return text[:place] + bytes([text[place] ^ (byte or 1)]) + text[place + 1:] if text else text
def insert(text, place, byte): return text[:place] + bytes([byte]) + text[place:]
def remove(text, place, byte): return text[:place] + text[place + 1 + byte % 8:]
def repeat(text, place, byte): return text[:place] + text[max(0, place - byte):]
def mark(text, _, __): return b"\xef\xbb\xbf" + text
def trail(text, _, byte): return text + [b"{}", b"\0", b"x", b"]", b"\n\n", b"//c", b"\xff", b" " * 5000][byte % 8]
def sixteen(text, _, __): return text.decode("utf-8", "replace").encode("utf-16")
def nothing(_, __, byte): return [b"", b" ", b"\0", b"null", b"[]", b"{}", b'""', b"0"][byte % 8]


SCARS = {function.__name__: function for function in (cut, flip, insert, remove, repeat, mark, trail, sixteen, nothing)}


def scarred(text, scar):
    """The text after a change of its bytes."""
    if scar is None: return text
    name, part, byte = scar
    return SCARS[name](text, int(part * len(text)), byte)
