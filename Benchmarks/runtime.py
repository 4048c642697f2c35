#!/usr/bin/env python3
"""Start-up of OCI runtimes on one bundle, side by side: create+start+wait+delete, and run, of `true`.

The bundle has all namespaces but user, cgroup limits (memory, cpu, pids, devices) and a seccomp profile of some 370
names. The runtimes take turns, round by round; each figure is a median with its minimum, and the ratio to the first
runtime's rival is the median of the rounds' ratios, so that a machine that speeds up or slows down does not decide.

usage: runtime.py [-n ROUNDS] [--json] RUNTIME...      (root; default: hako-native crun runc)
crun refuses cgroup v1 hosts that also have an empty v2 hierarchy at /sys/fs/cgroup/unified, so every runtime runs in a
mount namespace of its own from which that is taken away.
"""
import argparse, ctypes, json, os, pathlib, resource, shutil, statistics, subprocess, sys, tempfile, time

PROFILE = "/usr/share/containers/seccomp.json"


def seccomp():
    """The containers project's default profile, flattened for a container with default capabilities on x86-64."""
    profile = json.load(open(PROFILE))
    rules = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if includes.get("caps") or includes.get("minKernel") or (includes.get("arches") and "amd64" not in includes["arches"]):
            continue
        if "amd64" in (excludes.get("arches") or []):
            continue
        flat = {"names": rule["names"], "action": rule["action"], "args": rule.get("args") or []}
        if rule["action"] == "SCMP_ACT_ERRNO":
            flat["errnoRet"] = rule.get("errnoRet", 1)
        rules.append(flat)
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules}


def make_bundle(folder):
    root = folder / "rootfs"
    for name in ("bin", "proc", "dev", "sys", "tmp", "etc"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    (root / "bin/true").symlink_to("busybox")
    caps = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
            "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"]
    quiet = ["nosuid", "noexec", "nodev"]
    config = {
        "ociVersion": "1.0.2", "hostname": "bench", "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
                    "capabilities": {"bounding": caps, "effective": caps, "permitted": caps}, "oomScoreAdj": 0},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": quiet + ["ro"]},
            {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": quiet + ["relatime", "ro"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": quiet},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": quiet + ["mode=1777", "size=65536k"]},
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("mount", "pid", "network", "ipc", "uts", "cgroup")],
            "resources": {"devices": [{"allow": False, "access": "rwm"}], "memory": {"limit": 268435456},
                          "cpu": {"quota": 50000, "period": 100000}, "pids": {"limit": 100}},
            "seccomp": seccomp(),
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                            "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    return sum(len(rule["names"]) for rule in config["linux"]["seccomp"]["syscalls"])


def call(*words):
    # A file, not a pipe: the container keeps it open while it waits for start.
    with tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, timeout=60)
        if done.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}: {errors.read().strip()}")


def adopted():
    """Waits for the container's process, which was left to us as the subreaper."""
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def cycle(runtime, state, bundle, name):
    prefix = (runtime, "--root", state)
    call(*prefix, "create", "--bundle", bundle, "--pid-file", f"{state}/pid", name)
    call(*prefix, "start", name)
    adopted()
    call(*prefix, "delete", name)


def run(runtime, state, bundle, name):
    call(runtime, "--root", state, "run", "--bundle", bundle, name)


def measure(work, *arguments):
    """Wall and CPU milliseconds, children included."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work(*arguments)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def isolate():
    """A mount namespace without the empty v2 hierarchy, and the place where orphans land."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None):
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())} (root is needed)")
    libc.umount2(b"/sys/fs/cgroup/unified", 2)
    libc.mount(b"none", b"/", None, 0x4000 | 0x100000, None)
    libc.prctl(36, 1, 0, 0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=50, help="rounds (default 50)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("runtimes", nargs="*", default=["hako-native", "crun", "runc"])
    options = parser.parse_args()
    isolate()
    runtimes = [shutil.which(name) or sys.exit(f"no program {name}") for name in options.runtimes]
    results = {kind: {runtime: [] for runtime in runtimes} for kind in ("create+start+wait+delete", "run")}
    with tempfile.TemporaryDirectory() as scratch:
        bundle, folder = f"{scratch}/bundle", pathlib.Path(scratch)
        names = make_bundle(folder / "bundle")
        states = {runtime: tempfile.mkdtemp(dir=scratch) for runtime in runtimes}
        for round_number in range(-2, options.n):
            for kind, work in (("create+start+wait+delete", cycle), ("run", run)):
                for runtime in runtimes:
                    figures = measure(work, runtime, states[runtime], bundle, f"bench{os.getpid()}-{round_number + 2}")
                    if round_number >= 0:
                        results[kind][runtime].append(figures)
    report(results, runtimes, names, options)


def report(results, runtimes, names, options):
    table = []
    for kind, by_runtime in results.items():
        for runtime in runtimes:
            wall, cpu = zip(*by_runtime[runtime])
            ratios = [[a[i] / b[i] for a, b in zip(by_runtime[runtimes[0]], by_runtime[runtime])] for i in (0, 1)]
            table.append({"work": kind, "runtime": runtime, "wall_ms": statistics.median(wall), "wall_min_ms": min(wall),
                          "cpu_ms": statistics.median(cpu), "wall_ratio": statistics.median(ratios[0]), "cpu_ratio": statistics.median(ratios[1])})
    if options.json:
        return print(json.dumps(table, indent=2))
    first = os.path.basename(runtimes[0])
    print(f"{options.n} rounds, a profile of {names} names; ratios are {first} / the row's runtime, round by round")
    print(f"{'work':26}{'runtime':14}{'wall ms':>9}{'min':>8}{'cpu ms':>9}{'wall ratio':>12}{'cpu ratio':>11}")
    for row in table:
        print(f"{row['work']:26}{os.path.basename(row['runtime']):14}{row['wall_ms']:9.2f}{row['wall_min_ms']:8.2f}"
              f"{row['cpu_ms']:9.2f}{row['wall_ratio']:12.3f}{row['cpu_ratio']:11.3f}")


main()
