"""Reads NAME.actions, the data of a client: what is done with it, in order, and what must come of it.

    ## run                             a group; its name begins the names of its actions
    [exit-code] the program's own      an action: its name, what it shows
    : needs criu                       it is left out, loudly, where the ground lacks this
    : differs TEXT                     the reference differs for this reason: only the runtime to prove is held to the action
    $ podman run --rm $image …         a command line of bash; "\\" at its end goes on in the next line
    ? 3                                the exit code that both runtimes must give; 0 without this line; "126|127": one of them
    > text                             a line of output that both must give; without such lines any output will do

The outputs of both runtimes, normalised, are compared as well, and whether a command said something on stderr.
"""
import dataclasses, pathlib, re

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Step:
    command: str
    codes: list = dataclasses.field(default_factory=lambda: [0])
    output: list | None = None


@dataclasses.dataclass
class Action:
    name: str
    title: str
    needs: list = dataclasses.field(default_factory=list)
    differs: str = ""
    steps: list = dataclasses.field(default_factory=list)


def read(client):
    """The actions of a client, in order."""
    path, group, actions = HERE / f"{client}.actions", "", []
    text = path.read_text().replace("\\\n", "")
    for number, line in enumerate(text.splitlines(), 1):
        kind, rest = line[:1], line[2:]
        if kind == "#":
            group = line[3:] if line.startswith("## ") else group
        elif kind == "[":
            name, title = re.fullmatch(r"\[([\w.-]+)\] (.+)", line).groups()
            actions.append(Action(f"{group}.{name}", title))
        elif kind == ":":
            word, value = rest.split(" ", 1)
            if word == "needs": actions[-1].needs += value.split()
            elif word == "differs": actions[-1].differs = value
            else: raise SystemExit(f"{path}:{number}: neither needs nor differs: {word}")
        elif kind == "$":
            actions[-1].steps.append(Step(rest))
        elif kind == "?":
            actions[-1].steps[-1].codes = [int(code) for code in rest.split("|")]
        elif kind == ">":
            step = actions[-1].steps[-1]
            step.output = (step.output or []) + [rest]
        elif line.strip():
            raise SystemExit(f"{path}:{number}: not a line of an action: {line}")
    names = [action.name for action in actions]
    doubled = {name for name in names if names.count(name) > 1}
    empty = [action.name for action in actions if not action.steps]
    if doubled or empty: raise SystemExit(f"{path}: twice: {sorted(doubled)}; without a command: {empty}")
    return actions


def clients():
    return sorted(path.stem for path in HERE.glob("*.actions"))
