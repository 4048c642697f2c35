"""What the benchmarks of OCI runtimes share: the bundle, the place where they run, and how a runtime is called.

The bundle has all namespaces but user, cgroup limits (memory, cpu, pids, devices) and a seccomp profile of some 370
names. crun refuses cgroup v1 hosts that also have an empty v2 hierarchy at /sys/fs/cgroup/unified, so every runtime runs
in a mount namespace of its own from which that is taken away.
"""
import ctypes, json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile

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
    """Writes the bundle; returns how many names its seccomp profile has."""
    root = folder / "rootfs"
    for name in ("bin", "proc", "dev", "sys", "tmp", "etc"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for name in ("true", "sleep"):
        (root / "bin" / name).symlink_to("busybox")
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
    """Runs a program that must succeed."""
    # A file, not a pipe: the container keeps it open while it waits for start.
    with tempfile.TemporaryFile("w+") as errors:
        # No timeout of subprocess's: it would look for the end at 1, 2, 4, 8 ... ms only.
        signal.alarm(60)
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        signal.alarm(0)
        if done.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(words)}: exit code {done.returncode}: {errors.read().strip()}")


def isolate():
    """A mount namespace without the empty v2 hierarchy, and the place where orphans land."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None):
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())} (root is needed)")
    libc.umount2(b"/sys/fs/cgroup/unified", 2)
    libc.mount(b"none", b"/", None, 0x4000 | 0x100000, None)
    libc.prctl(36, 1, 0, 0, 0)


def label(runtime):
    """The runtime's name and version."""
    words = subprocess.run((runtime, "--version"), stdout=subprocess.PIPE, text=True).stdout
    number = re.search(r"[0-9]+\.[0-9][0-9A-Za-z.]*", words.split("\n")[0])
    return os.path.basename(runtime) + (f" {number.group()}" if number else "")


def found(names):
    """The programs of these names."""
    return [shutil.which(name) or sys.exit(f"no program {name}") for name in names]
