"""The runtime's own program, overwritten from inside a container."""
import os, pathlib, shutil, time
from . import arena
from .arena import attack, broken, capabilities, held, not_applicable


def arm(bundle):
    """Puts the attacking programs into a root."""
    shutil.copy(arena.tool("overwrite"), bundle.rootfs / "overwrite")
    shutil.copy(arena.tool("loader"), bundle.rootfs / "lib64/ld-linux-x86-64.so.2")
    # Where the runtime's program has its loader elsewhere, that path leads to ours too.
    loader = interpreter(bundle.arena.runtime)
    if loader and not (bundle.rootfs / loader[1:]).exists():
        (bundle.rootfs / loader[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(arena.tool("loader"), bundle.rootfs / loader[1:])
    entry = bundle.rootfs / "entry"
    entry.write_text("#!/proc/self/exe\n")
    entry.chmod(0o755)


def interpreter(program):
    """The loader that an ELF file asks for."""
    head = program.read_bytes()[:4096]
    start = head.find(b"/", 64) if head.startswith(b"\x7fELF") else -1
    text = head[start:head.find(b"\0", start)].decode(errors="replace") if start > 0 else ""
    return text if "ld-" in text else None


def verdict(bundle, outcome=None):
    """What the programs in the container wrote, and what is left of the runtime's."""
    time.sleep(0.3)
    result = bundle.rootfs / "result"
    for _ in range(40):
        text = result.read_text() if result.exists() else ""
        if "overwritten" in text or "refused" in text or "nothing" in text: break
        time.sleep(0.1)
    harm = bundle.arena.harm()
    if harm: return broken(harm)
    last = (text.strip().splitlines() or [outcome.reason if outcome else "the program never ran"])[-1]
    return held(last)


@attack("exe-overwrite-entrypoint", "CVE-2019-5736")
def entrypoint(place):
    """The container's program is a script whose interpreter is /proc/self/exe: the runtime, with the image's loader."""
    bundle = place.bundle("/entry")
    arm(bundle)
    with bundle.create() as container:
        outcome = container.start() if container else container.outcome
        return verdict(bundle, outcome)


def watcher(place):
    """A running container that looks for foreign programs, with every right it could have been given."""
    bundle = place.bundle("/overwrite", "watch", "8")
    arm(bundle)
    bundle.config["process"]["capabilities"] = capabilities("CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH")
    bundle.config["process"]["noNewPrivileges"] = False
    return bundle


@attack("exe-overwrite-joined-pid", "CVE-2019-5736")
def joined(place):
    """A container is created in the pid namespace of another, which watches for the runtime's program."""
    bundle = watcher(place)
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        for _ in range(20):
            second = place.bundle("/entry")
            arm(second)
            kinds = [entry for entry in second.linux["namespaces"] if entry["type"] != "pid"]
            second.linux["namespaces"] = kinds + [{"type": "pid", "path": f"/proc/{container.pid}/ns/pid"}]
            with second.create() as other:
                if other: other.start()
            if "overwritten" in text(bundle): break
        return verdict(bundle)


@attack("exe-overwrite-exec", "CVE-2019-5736")
def execute(place):
    """A second process enters a container whose first one watches for the runtime's program."""
    if not place.has("exec"): return not_applicable("the runtime has no exec")
    bundle = watcher(place)
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        for _ in range(20):
            place.call("exec", bundle.id, "/bin/true", timeout=5)
            if "overwritten" in text(bundle): break
        return verdict(bundle)


def text(bundle):
    file = bundle.rootfs / "result"
    return file.read_text() if file.exists() else ""
