"""Performs a client's actions inside of a ground, and compares what came of them with two runtimes."""
import importlib, json, os, pathlib, re, signal, subprocess, tempfile
from . import actions, ground

SECONDS = 60
VARIABLE = [
    (r"\b[0-9a-f]{64}\b", "ID64"), (r"\b[0-9a-f]{12}\b", "ID12"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?[+-]\d{4}| ?Z)?( [A-Z]{3,4})?", "TIME"),
    (r"(About (a|an) |Less than a |\d+ )(second|minute|hour)s?( ago)?", "SPAN"),
]


def normalised(text, task):
    """Output without what differs from run to run: the ground's folder, the runtime, ids, times."""
    for part, word in ((task["runtime"], "RUNTIME"), (task["folder"], "FOLDER")):
        text = text.replace(part, word)
    text = re.sub(rf"\b{re.escape(pathlib.Path(task['runtime']).name)}\b", "RUNTIME", text)
    for pattern, word in VARIABLE:
        text = re.sub(pattern, word, text)
    return text


def shell(command, place):
    """Runs one command line; its output goes to files, since a container in the background keeps them open."""
    with tempfile.TemporaryFile("w+", errors="replace", newline="") as output, tempfile.TemporaryFile("w+", errors="replace", newline="") as errors:
        child = subprocess.Popen(["bash", "-o", "pipefail", "-c", command], cwd=place.folder, env=place.environment,
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True)
        try:
            code = child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            code = f"none in {SECONDS} s; killed {child.wait()}"
        output.seek(0), errors.seek(0)
        return {"command": command, "code": code, "output": normalised(output.read(), place.task),
                "errors": normalised(errors.read(), place.task)}


def inside(folder):
    """The first process's work: the client's whole list, its end, and the look over the ground."""
    place = ground.Ground(folder)
    client = importlib.import_module("clients." + place.task["client"].replace("-", "_"))
    result = {"actions": [], "residue": [], "failed": ""}
    try:
        place.prepare()
        lacking = client.set_up(place)
        for action in actions.read(place.task["client"]):
            if place.task["names"] and not any(action.name.startswith(name) for name in place.task["names"]): continue
            missing = [f"{need}: {lacking[need]}" for need in action.needs if need in lacking]
            steps = [] if missing else [shell(step.command, place) for step in action.steps]
            result["actions"].append({"name": action.name, "skipped": "; ".join(missing), "steps": steps})
        client.tear_down(place)
        place.stop_daemons()
        result["residue"] = [normalised(thing, place.task) for thing in place.residue()]
    except (SystemExit, OSError, subprocess.CalledProcessError) as error:
        result["failed"] = f"{type(error).__name__}: {error}"
    (place.folder / "result.json").write_text(json.dumps(result))
    return 0


def judged(action, ours, reference):
    """(result, detail): same, differs or skipped; `ours` and `reference` are what `inside` noted for the action."""
    if ours["skipped"] or reference["skipped"]: return "skipped", ours["skipped"] or reference["skipped"]
    lines = []
    for step, one, other in zip(action.steps, ours["steps"], reference["steps"]):
        found = []
        for name, outcome in (("ours", one), ("reference", other))[:1 if action.differs else 2]:
            found += [f"  {name}: {fault}" for fault in faults(step, outcome)]
        if one["code"] != other["code"] and not action.differs: found.append("  the exit codes differ")
        if one["output"] != other["output"] and not action.differs:
            found += ["  output, ours:      " + repr(one["output"]), "  output, reference: " + repr(other["output"])]
        if bool(one["errors"].strip()) != bool(other["errors"].strip()) and not action.differs:
            found.append("  only one says something on stderr")
        if found:
            found += [f"  stderr, {name}: {outcome['errors'].strip()[-600:]}" for name, outcome in
                      (("ours", one), ("reference", other)) if outcome["errors"].strip()]
            lines += ["$ " + step.command, *found]
    return ("differs", "\n".join(lines)) if lines else ("same", action.differs)


def faults(step, outcome):
    """What is not as the action expects it."""
    if outcome["code"] not in step.codes: yield f"exit code {outcome['code']}, not {' or '.join(map(str, step.codes))}"
    lines = outcome["output"].replace("\r", "").splitlines()
    if step.output is not None and lines != step.output: yield f"output {lines}, not {step.output}"
