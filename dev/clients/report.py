"""Results of runs, recorded in docs/compat/clients/NAME.txt, and docs/compat/clients.md, which is made from them."""
import pathlib, re, sys
from . import actions

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDS = ROOT / "docs/compat/clients"
PAGE = ROOT / "docs/compat/clients.md"
RESIDUE = "nothing is left behind"
MARKS = {"same": "=", "differs": "**≠**", "skipped": "·"}


def record(name, title, rows):
    """Writes (client, action, result, detail) rows; a record keeps the clients that this run left out."""
    kept = []
    if (RECORDS / f"{name}.txt").exists():
        kept = [row for row in recorded()[name][1] if row[0] not in {row[0] for row in rows}]
    RECORDS.mkdir(exist_ok=True)
    lines = [f"# {title}"]
    for client, action, result, detail in sorted([*kept, *rows], key=lambda row: row[0]):
        note = detail.splitlines()[0].strip() if result == "differs" else detail
        lines.append(" | ".join([client, action, result, *([note] if note else [])]))
    (RECORDS / f"{name}.txt").write_text("\n".join(lines) + "\n")


def recorded():
    """Name → (title, rows)."""
    found = {}
    for path in sorted(RECORDS.glob("*.txt")):
        title, rows = path.stem, []
        for line in path.read_text().splitlines():
            if line.startswith("# "): title = line[2:]
            else: rows.append((line.split(" | ", 3) + [""])[:4])
        found[path.stem] = (title, rows)
    return found


def page(records, lists):
    lines = ["# Clients", "",
             "What people do with podman, buildah, docker, containerd and crictl, done once with hako-native and once with runc on the",
             "same machine. The same means: the exit codes and the output that the action expects, and no other difference in",
             "either. Written by `dev/compare-clients` from its lists of actions and from the results recorded in",
             "[clients](clients); not by hand. [testing.md](../testing.md) says how to run and record them.", "",
             "| run | client | actions | same | differ | left out |", "|---|---|---|---|---|---|"]
    for title, rows in records.values():
        for client in lists:
            results = [row[2] for row in rows if row[0] == client]
            if results:
                counts = " | ".join(str(results.count(result)) for result in MARKS)
                lines.append(f"| {title} | {client} | {len(results)} | {counts} |")
    lines += ["", "In the tables: = the same, **≠** differs, · left out, for the reason below."]
    for client, known in lists.items():
        names = [name for name, (_, rows) in records.items() if any(row[0] == client for row in rows)]
        lines += ["", f"## {client}", "", "| action | what | " + " | ".join(names) + " |", "|---" * (2 + len(names)) + "|"]
        titles = {action.name: action.title for action in known} | {"residue": RESIDUE}
        for action, title in titles.items():
            cells = []
            for name in names:
                result = [row[2] for row in records[name][1] if row[:2] == [client, action]]
                cells.append(MARKS[result[0]] if result else " ")
            lines.append(f"| `{action}` | {title} | " + " | ".join(cells) + " |")
    notes = [f"- {name}, {client}, `{action}`: {detail}" for name, (_, rows) in records.items()
             for client, action, _, detail in rows if detail]
    if notes: lines += ["", "## Notes", "", *notes]
    return "\n".join(lines) + "\n"


def problems(records, lists):
    """Actions without a result, and results without an action, in what is recorded."""
    for name, (_, rows) in records.items():
        for client in {row[0] for row in rows}:
            known = [action.name for action in lists.get(client, [])] + ["residue"]
            results = [row[1] for row in rows if row[0] == client]
            for action in sorted(set(known) ^ set(results)):
                yield f"docs/compat/clients/{name}.txt: {client} {action}: {'no result: record a run' if action in known else 'no such action'}"


def write():
    PAGE.write_text(page(recorded(), {client: actions.read(client) for client in actions.clients()}))


def check():
    """1 when the page is old or a list and a record don't fit together."""
    records, lists = recorded(), {client: actions.read(client) for client in actions.clients()}
    wrong = list(problems(records, lists))
    if not PAGE.exists() or PAGE.read_text() != page(records, lists):
        wrong.append("docs/compat/clients.md: not what dev/compare-clients --write writes")
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0
