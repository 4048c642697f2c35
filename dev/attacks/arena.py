"""Where attacks take place: a scratch folder with the runtime's copy, a host to protect, bundles and containers."""
import contextlib, copy, dataclasses, hashlib, json, os, pathlib, re, shutil, signal, stat, subprocess, tempfile, time

HERE = pathlib.Path(__file__).parent
QUIET = ["nosuid", "noexec", "nodev"]
SECRET = "the host's secret"


@dataclasses.dataclass
class Verdict:
    result: str
    detail: str = ""


def held(detail=""): return Verdict("held", detail)
def broken(detail): return Verdict("broken", detail)
def not_applicable(detail): return Verdict("not applicable", detail)


@dataclasses.dataclass
class Outcome:
    """What a call of the runtime left; `hung` where it was killed after its time."""
    code: int
    output: str
    errors: str
    hung: bool = False

    @property
    def reason(self): return (self.errors.strip().splitlines() or ["no message"])[-1][-160:]


class Arena:
    """One attack's surroundings. `host` is what the container must never reach; it is compared with its beginning."""

    def __init__(self, runtime, rounds, wrapper=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hako-attack-"))
        self.folder.chmod(0o755)
        self.rounds, self.number = rounds, 0
        self.programs, self.host, self.state = self.folder / "programs", self.folder / "host", self.folder / "state"
        for folder in (self.programs, self.host, self.state):
            folder.mkdir()
        (self.host / "secret").write_text(SECRET)
        (self.host / "script").write_text("#!/bin/sh\n")
        (self.host / "folder").mkdir()
        self.runtime = self.copy_runtime(pathlib.Path(runtime))
        self.command = [*wrapper, str(self.runtime), "--root", str(self.state)]
        self.begin()

    def copy_runtime(self, source):
        """The runtime's own copy, so that an attack that works ruins nothing else."""
        target = self.programs / source.name
        shutil.copy(source, target)
        if source.suffix == ".py":
            interpreter = self.programs / "python3"
            shutil.copy(os.path.realpath("/usr/bin/python3"), interpreter)
            target.write_text(f"#!{interpreter}\n" + source.read_text().split("\n", 1)[1])
        return target

    def begin(self):
        """Remembers how the host looks; `harm` tells what has changed since."""
        self.before = self.look()

    def look(self):
        files = {}
        for root in (self.host, self.programs):
            for path in sorted(root.rglob("*")):
                status = path.lstat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
                files[str(path)] = (status.st_mode, status.st_uid, status.st_gid, status.st_rdev, content)
        mounts = [line.split()[4] for line in open("/proc/self/mountinfo") if str(self.folder) in line]
        return files, mounts

    def harm(self):
        """What was changed on the host, or nothing."""
        files, mounts = self.look()
        if mounts != self.before[1]:
            return f"the host's mounts changed: {set(mounts) ^ set(self.before[1])}"
        changed = sorted(set(files.items()) ^ set(self.before[0].items()))
        return f"changed on the host: {changed[0][0].removeprefix(str(self.folder))}" if changed else ""

    def call(self, *words, timeout=20, **options):
        """Calls the runtime; its output goes to files, since a container keeps them open."""
        with tempfile.TemporaryFile("w+", errors="replace") as output, tempfile.TemporaryFile("w+", errors="replace") as errors:
            try:
                child = subprocess.Popen([*self.command, *map(str, words)], stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=errors, start_new_session=True, **options)
            except OSError as error:
                # An attack may have ruined the runtime's program.
                return Outcome(127, "", str(error))
            try:
                code, hung = child.wait(timeout), False
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                code, hung = child.wait(), True
            output.seek(0), errors.seek(0)
            return Outcome(code, output.read(), errors.read(), hung)

    def bundle(self, *command, **changes):
        """A new bundle whose process is `command`; changes are members of config.json."""
        self.number += 1
        return Bundle(self, self.folder / f"bundle{self.number}", list(command), changes)

    @contextlib.contextmanager
    def flipping(self, *pairs):
        """Exchanges pairs of paths for ever; the object tells how often so far."""
        file = self.folder / "flips"
        child = subprocess.Popen([tool("flip"), file, *map(str, pairs)])
        try:
            yield Flips(file)
        finally:
            child.kill()
            child.wait()

    def has(self, verb):
        """True where the runtime's help knows the verb."""
        return re.search(rf"^\s+{verb}\b", self.call("--help").output, re.MULTILINE) is not None

    def remove(self):
        # Not shutil: it recurses, and a tree can be thousands of folders deep.
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)


class Flips:
    """How often paths have been exchanged; the exchanging program counts in a file."""

    def __init__(self, file): self.file = file

    @property
    def count(self): return int.from_bytes(self.file.read_bytes()[:8], "little") if self.file.exists() else 0


class Bundle:
    """A bundle: a busybox root and a config.json to change before `create` or `run`."""

    def __init__(self, arena, folder, command, changes):
        self.arena, self.folder, self.rootfs = arena, folder, folder / "rootfs"
        self.id = f"{arena.folder.name}-{arena.number}"
        for name in ("bin", "proc", "dev", "sys", "tmp", "etc", "lib64"):
            (self.rootfs / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", self.rootfs / "bin/busybox")
        for name in ("sh", "cat", "true", "sleep", "ls", "readlink", "touch"):
            (self.rootfs / "bin" / name).symlink_to("busybox")
        (self.rootfs / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
        self.config = standard(self.id, command or ["/bin/true"])
        self.config.update(changes)

    @property
    def linux(self): return self.config["linux"]

    @property
    def mounts(self): return self.config["mounts"]

    def bind(self, source, destination, *options):
        self.mounts.append({"destination": destination, "type": "bind", "source": str(source), "options": ["bind", *options]})

    def write(self):
        (self.folder / "config.json").write_text(json.dumps(self.config))

    def run(self, *options, timeout=20, **more):
        """Runs the container to its end."""
        self.write()
        outcome = self.arena.call("run", "--bundle", self.folder, *options, self.id, timeout=timeout, **more)
        self.delete()
        return outcome

    def create(self, *options, timeout=20, **more):
        """Creates the container; the outcome's `container` is None where it was refused."""
        self.write()
        file = self.folder / "pid"
        outcome = self.arena.call("create", "--bundle", self.folder, "--pid-file", file, *options, self.id,
                                  timeout=timeout, **more)
        pid = int(file.read_text()) if outcome.code == 0 and file.exists() else None
        return Container(self, pid, outcome) if pid else Container(self, None, outcome)

    def delete(self):
        # A zombie of ours in its process namespace would keep the container from ending.
        reap()
        self.arena.call("delete", "--force", self.id)


class Container:
    """A created container as the host sees it; `with` removes it."""

    def __init__(self, bundle, pid, outcome):
        self.bundle, self.pid, self.outcome = bundle, pid, outcome

    def __enter__(self): return self
    def __exit__(self, *_): self.bundle.delete()
    def __bool__(self): return self.pid is not None

    def start(self): return self.bundle.arena.call("start", self.bundle.id)

    def mounts(self):
        """Pairs of the mount point and the rest of each line of mountinfo."""
        lines = [line.split() for line in open(f"/proc/{self.pid}/mountinfo")]
        return [(fields[4], " ".join(fields[3:4] + fields[5:])) for fields in lines]

    def path(self, inside): return f"/proc/{self.pid}/root{inside}"

    def read(self, inside):
        try:
            with open(os.open(self.path(inside), os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                return file.read(4096).decode(errors="replace")
        except OSError:
            return ""

    def wait(self, seconds=10):
        """Waits until the process is gone."""
        end = time.time() + seconds
        while time.time() < end and os.path.exists(f"/proc/{self.pid}") and "State:\tZ" not in status(self.pid):
            time.sleep(0.005)


def reap():
    """Collects the orphans of containers so far, which come to this process."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError:
        pass


def status(pid):
    try:
        return open(f"/proc/{pid}/status").read()
    except OSError:
        return "State:\tZ"


def tool(name):
    """A helper program."""
    return str(TOOLS / name)


TOOLS = None


def compile_tools(folder):
    """Compiles the helper programs, static, since they run in containers too."""
    global TOOLS
    TOOLS = pathlib.Path(folder)
    for source in sorted((HERE / "programs").glob("*.c")):
        flags = ["-nostdlib", "-fno-stack-protector"] if source.stem == "loader" else []
        subprocess.run(["gcc", "-static", "-O1", "-Wall", "-Werror", *flags, "-o", TOOLS / source.stem, source], check=True)


def standard(name, command):
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": QUIET},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": QUIET + ["ro"]},
    ]
    return copy.deepcopy({
        "ociVersion": "1.0.2", "hostname": "attack", "root": {"path": "rootfs"},
        "process": {"args": command, "cwd": "/", "env": ["PATH=/bin", "HOME=/"], "user": {"uid": 0, "gid": 0},
                    "noNewPrivileges": True, "capabilities": capabilities()},
        "mounts": mounts,
        "linux": {"cgroupsPath": f"/{name}", "resources": {"devices": [{"allow": False, "access": "rwm"}]},
                  "namespaces": [{"type": kind} for kind in ("mount", "pid", "network", "ipc", "uts", "cgroup")],
                  "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
                  "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"]},
    })


DEFAULT = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
           "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"]


def capabilities(*more):
    names = [*DEFAULT, *more]
    return {"bounding": names, "effective": names, "permitted": names}


CATALOGUE = []


def attack(name, cve, without_openat2=False):
    """Registers an attack; with `without_openat2` it is tried a second time where the kernel refuses openat2."""
    def register(function):
        CATALOGUE.append((name, cve, function, False))
        if without_openat2:
            CATALOGUE.append((f"{name}-without-openat2", cve, function, True))
        return function
    return register
