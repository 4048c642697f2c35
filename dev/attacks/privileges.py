"""What a container's program, or one that runs in its name, may do."""
import os, pathlib
from .arena import SECRET, attack, broken, capabilities, held, not_applicable


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@attack("hooks-of-the-image", "CVE-2025-23266 kin")
def hooks(place):
    """Every hook that belongs to the host has a twin of the same path in the image, which must not run."""
    real = place.folder / "hooks/hook"
    script(real, f"echo host >> {place.folder}/ran")
    bundle = place.bundle("/bin/true")
    script(bundle.rootfs / str(real)[1:], "echo image > /image-ran")
    kinds = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
    bundle.config["hooks"] = {kind: [{"path": str(real)}] for kind in kinds}
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        container.wait()
    if (bundle.rootfs / "image-ran").exists(): return broken("a program of the image ran as a hook of the host")
    count = len((place.folder / "ran").read_text().split()) if (place.folder / "ran").exists() else 0
    return held(f"{count} hooks of the host ran")


@attack("start-hook-privileges", "CVE-2022-29162 kin")
def start_hook(place):
    """startContainer hooks are programs of the image: they must not have more rights than the container's program."""
    bundle = place.bundle("/bin/true")
    script(bundle.rootfs / "hook", "cat /proc/self/status > /hook-status")
    bundle.config["process"]["capabilities"] = {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]}
    bundle.config["hooks"] = {"startContainer": [{"path": "/hook"}]}
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        container.wait()
    report = bundle.rootfs / "hook-status"
    if not report.exists(): return held("the hook did not run")
    fields = dict(line.split(":\t") for line in report.read_text().splitlines() if ":\t" in line)
    if int(fields["CapBnd"], 16) & ~(1 << 5): return broken(f"a hook of the image has the capabilities {fields['CapEff'].strip()}")
    return held(f"capabilities {fields['CapEff'].strip()}")


@attack("user-that-means-no-change", "CVE-2024-40635 kin")
def user_without_change(place):
    """User and group numbers that setresuid(2) takes for no change at all, or that come to 0 in 32 bits."""
    refused = 0
    for number in (2**32 - 1, 2**32, -1, 2**64, 2**64 - 1):
        for name in ("uid", "gid"):
            bundle = place.bundle("/bin/busybox", "id", "-u" if name == "uid" else "-g")
            bundle.config["process"]["user"] = {"uid": 1000, "gid": 1000, name: number}
            outcome = bundle.run()
            refused += outcome.code != 0
            if outcome.code == 0 and outcome.output.strip() == "0": return broken(f"process.user.{name} {number} runs as root")
    return held(f"{refused} of 10 refused")


@attack("abstract-socket", "CVE-2020-15257 kin")
def abstract_socket(place):
    """A waiting container shares the host's network: nothing of the runtime may listen where anybody can connect."""
    before = listening()
    bundle = place.bundle("/bin/true")
    bundle.linux["namespaces"] = [entry for entry in bundle.linux["namespaces"] if entry["type"] != "network"]
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        more = listening() - before
        if any(name.startswith("@") and bundle.id in name for name in more): return broken(f"an abstract socket: {sorted(more)[0]}")
        for path in place.state.rglob("*"):
            if (path.is_socket() or path.is_fifo()) and reachable(path, place.state): return broken(f"everybody may open {path.name}")
    return held("no abstract socket, nothing that others may open")


def listening():
    return {line.split()[7] for line in open("/proc/net/unix") if len(line.split()) > 7}


def reachable(path, top):
    """Whether another user could connect to the socket, or read the pipe, which releases a container that writes to it."""
    folders = [folder for folder in path.parents if folder == top or top in folder.parents]
    return path.stat().st_mode & (0o002 if path.is_socket() else 0o004) and all(folder.stat().st_mode & 0o001 for folder in folders)


@attack("release-agent", "CVE-2022-0492")
def release_agent(place):
    """The container looks for a release_agent that it may write, with and without a cgroup namespace."""
    text = """
      for file in $(busybox find /sys/fs/cgroup -name release_agent); do
        if : >> $file; then echo "WRITABLE $file"; fi
      done 2>/dev/null
      busybox mkdir -p /tmp/cgroup
      if busybox mount -t cgroup -o rdma cgroup /tmp/cgroup 2>/dev/null; then
        if [ -e /tmp/cgroup/release_agent ]; then echo "MOUNTED"; fi
      fi
      if busybox mkdir /sys/fs/cgroup/memory/made 2>/dev/null || busybox mkdir /sys/fs/cgroup/made 2>/dev/null; then echo "WRITABLE hierarchy"; fi
      true"""
    for private in (True, False):
        bundle = place.bundle("/bin/sh", "-c", text)
        bundle.mounts.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                              "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]})
        if not private:
            bundle.linux["namespaces"] = [entry for entry in bundle.linux["namespaces"] if entry["type"] != "cgroup"]
        outcome = bundle.run()
        for word in ("WRITABLE", "MOUNTED"):
            if word in outcome.output: return broken(outcome.output.strip().splitlines()[0])
    return held("read-only, and no right to mount" if outcome.code == 0 else outcome.reason)


@attack("root-of-the-joining", "CVE-2016-9962 kin")
def root_of_the_joining(place):
    """A container looks through /proc/PID/root of processes that are being created in its pid namespace."""
    secret, executes = f"root{place.host}/secret", place.has("exec")
    text = f"""echo watching > /result
      while true; do for process in /proc/[0-9]*; do
        if busybox cat $process/{secret} > /found 2>/dev/null; then busybox cp /found /taken; fi
        if busybox cat $process/cwd/../../../../../..{place.host}/secret > /found 2>/dev/null; then busybox cp /found /taken; fi
      done; done"""
    watcher = place.bundle("/bin/sh", "-c", text)
    with watcher.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        for _ in range(15):
            second = place.bundle("/bin/true")
            others = [entry for entry in second.linux["namespaces"] if entry["type"] != "pid"]
            second.linux["namespaces"] = others + [{"type": "pid", "path": f"/proc/{container.pid}/ns/pid"}]
            with second.create() as other:
                if other: other.start()
            if executes: place.call("exec", watcher.id, "/bin/true", timeout=5)
            if (watcher.rootfs / "taken").exists(): return broken("the host's files were read through /proc/PID")
    return held("created" if other.outcome.code == 0 else other.outcome.reason)


@attack("host-namespaces", "-")
def host_namespaces(place):
    """What is the host's stays the host's: the name of a joined uts namespace, mounts in a joined one."""
    name = os.uname().nodename
    bundle = place.bundle("/bin/true")
    others = [entry for entry in bundle.linux["namespaces"] if entry["type"] != "uts"]
    bundle.linux["namespaces"] = others
    bundle.config["hostname"] = "attacked"
    with bundle.create() as container:
        changed = os.uname().nodename != name
        if changed:
            pathlib.Path("/proc/sys/kernel/hostname").write_text(name)
            return broken("the host was renamed")
        return held("created" if container else container.outcome.reason)
