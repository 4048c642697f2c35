"""Decoys of procfs and sysctls that change the host."""
import os, pathlib, subprocess
from .arena import QUIET, attack, broken, held
from .races import unprotected_proc

PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")


def fill_decoy(folder):
    """Files that a runtime writes in procfs."""
    names = ["sys/net/ipv4/ip_forward", *(f"{process}/attr/{name}" for process in ("self", "thread-self", "1")
             for name in ("exec", "apparmor/exec", "keycreate"))]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("decoy")
    return [folder / name for name in names]


def judge(container, files):
    """Broken where a decoy was written or a sysctl was lost without a word."""
    touched = [path for path in files if path.read_text() != "decoy"]
    if touched: return broken(f"written to a decoy: {touched[0].name}")
    if not container: return held(container.outcome.reason)
    value = subprocess.run(["nsenter", "-n", "-t", str(container.pid), "cat", "/proc/sys/net/ipv4/ip_forward"],
                           capture_output=True, text=True).stdout.strip()
    return held("the sysctl reached the kernel") if value == "1" else broken("the sysctl was lost without a word")


@attack("proc-decoy-bind", "CVE-2019-19921, 2019-16884")
def decoy_bind(place):
    """A folder with files that look like procfs is bound over /proc."""
    decoy = place.folder / "decoy"
    bundle = place.bundle("/bin/true")
    files = fill_decoy(decoy)
    bundle.bind(decoy, "/proc", "rbind")
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    with bundle.create() as container:
        return judge(container, files)


@attack("proc-decoy-below", "CVE-2025-52881")
def decoy_below(place):
    """Folders with decoys are bound over /proc/sys and /proc/self/attr."""
    decoy = place.folder / "decoy"
    bundle = place.bundle("/bin/true")
    files = fill_decoy(decoy)
    bundle.bind(decoy / "sys", "/proc/sys", "rbind")
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    bundle.linux["readonlyPaths"] = []
    with bundle.create() as container:
        return judge(container, files)


@attack("label-to-decoy", "CVE-2019-16884")
def label(place):
    """An AppArmor profile is asked for and /proc is a folder of decoys: the label must not be written there."""
    decoy = place.folder / "decoy"
    bundle = place.bundle("/bin/true")
    files = fill_decoy(decoy)
    bundle.bind(decoy, "/proc", "rbind")
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    bundle.config["process"]["apparmorProfile"] = "unconfined-attack"
    with bundle.create() as container:
        if container: container.start()
        touched = [path for path in files if path.read_text() != "decoy"]
        if touched: return broken(f"the label was written to a decoy: {touched[0].name}")
        if container: return broken("the label was lost without a word")
        return held(container.outcome.reason)


@attack("proc-symlink", "CVE-2019-19921, 2023-27561, 2023-28642", without_openat2=True)
def linked_proc(place):
    """The image's /proc, then /sys, is a link to another folder of it."""
    details = []
    for name in ("proc", "sys"):
        bundle = place.bundle("/bin/true")
        (bundle.rootfs / name).rmdir()
        (bundle.rootfs / "elsewhere").mkdir()
        (bundle.rootfs / name).symlink_to("/elsewhere")
        with bundle.create() as container:
            if container:
                fault = unprotected_proc(container)
                return broken(fault or f"{name} was mounted through a link")
            details.append(container.outcome.reason)
    return held(details[0])


INJECTIONS = {
    "kernel.core_pattern": "core.attack",
    "kernel/core_pattern": "core.attack",
    "kernel.shm_rmid_forced": "1+kernel.core_pattern=core.attack",
    "kernel.shm_rmid_forced\nkernel.core_pattern": "core.attack",
    "kernel.msgmax": "65536\nkernel.core_pattern = core.attack",
    "net.ipv4.../../../kernel/core_pattern": "core.attack",
    "net/../kernel/core_pattern": "core.attack",
    "fs/mqueue/../../kernel/core_pattern": "core.attack",
    "net.//kernel/core_pattern": "core.attack",
    "kernel.sem.../core_pattern": "core.attack",
}


@attack("sysctl-injection", "CVE-2022-0811")
def injection(place):
    """Names and values that try to reach kernel.core_pattern."""
    original = PATTERN.read_text()
    refused = 0
    try:
        for key, value in INJECTIONS.items():
            bundle = place.bundle("/bin/true")
            bundle.linux["sysctl"] = {key: value}
            with bundle.create() as container:
                refused += not container
                if container: container.start(), container.wait()
            if PATTERN.read_text() != original: return broken(f"kernel.core_pattern was changed by {key!r}")
    finally:
        PATTERN.write_text(original)
    return held(f"{refused} of {len(INJECTIONS)} refused, the host unchanged")


def current(name): return pathlib.Path("/proc/sys", name.replace(".", "/")).read_text().strip()


@attack("sysctl-of-the-host", "CVE-2022-0811")
def of_the_host(place):
    """Sysctls of no namespace, of namespaces that the container shares with the host, and of ones joined by path."""
    cases = [(name, None, None) for name in ("vm.overcommit_memory", "kernel.panic", "fs.file-max", "kernel.randomize_va_space")]
    cases += [("net.ipv4.ip_forward", "network", None), ("net.ipv4.ip_forward", "network", "/proc/1/ns/net"),
              ("kernel.msgmax", "ipc", None), ("kernel.msgmax", "ipc", "/proc/1/ns/ipc"), ("fs.mqueue.msg_max", "ipc", None),
              ("kernel.domainname", "uts", None)]
    for name, kind, path in cases:
        bundle = place.bundle("/bin/true")
        if kind == "uts": bundle.config.pop("hostname")
        if kind:
            others = [entry for entry in bundle.linux["namespaces"] if entry["type"] != kind]
            bundle.linux["namespaces"] = others + ([{"type": kind, "path": path}] if path else [])
        # The value that it has: a runtime that obeys does no harm.
        bundle.linux["sysctl"] = {name: current(name)}
        with bundle.create() as container:
            if container: return broken(f"{name} of the host is written" + (f", {kind} joined by path" if path else ""))
    return held(f"{len(cases)} refused")
