"""The ground of one client with one runtime: namespaces, cgroups and folders of its own, looked over when it leaves.

`dig` runs this package again as the first process of new mount, network, pid, host name, IPC and cgroup namespaces. The
cgroups below the ground's own are all that the client sees, /run and the folders of state are empty, and loopback is the
only network. So whatever is there at the end was left behind, and nothing of the machine can be touched.
"""
import ctypes, errno, json, os, pathlib, shutil, signal, subprocess, sys, tempfile, time, traceback

CGROUPS = pathlib.Path("/sys/fs/cgroup")
# Folders in which clients keep state whatever they are told.
STATE = ["/run", "/var/lib/cni", "/var/lib/containers", "/var/cache/containers", "/var/lib/docker", "/var/lib/containerd", "/etc/cni"]
# For the actions: where a container reads its limits, with cgroup version 1 and 2.
LIMITS = [
    {"memory": f"{CGROUPS}/memory/memory.limit_in_bytes", "pids": f"{CGROUPS}/pids/pids.max", "reserved": f"{CGROUPS}/memory/memory.soft_limit_in_bytes",
     "shares": f"{CGROUPS}/cpu/cpu.shares", "quota": f"{CGROUPS}/cpu/cpu.cfs_quota_us", "cpus": f"{CGROUPS}/cpuset/cpuset.cpus",
     "swap": f"{CGROUPS}/memory/memory.memsw.limit_in_bytes", "frozen": f"{CGROUPS}/freezer"},
    {"memory": f"{CGROUPS}/memory.max", "pids": f"{CGROUPS}/pids.max", "reserved": f"{CGROUPS}/memory.low", "shares": f"{CGROUPS}/cpu.weight",
     "quota": f"{CGROUPS}/cpu.max", "cpus": f"{CGROUPS}/cpuset.cpus", "swap": f"{CGROUPS}/memory.swap.max", "frozen": f"{CGROUPS}"},
]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def hierarchies():
    """Where cgroups are mounted: (mount point, options), version 2 with None."""
    found = []
    for line in open("/proc/self/mountinfo"):
        fields, kind = line.split(" - ")[0].split(), line.split(" - ")[1].split()
        if kind[0] == "cgroup":
            words = [word for word in kind[2].split(",") if word not in ("rw", "ro", "clone_children", "xattr")]
            found.append((fields[4], ",".join(words)))
        elif kind[0] == "cgroup2":
            found.append((fields[4], None))
    return found


class Burrow:
    """The ground seen from outside: the cgroups and the folder, and the process that works in them."""

    def __init__(self, task):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hako-clients-"))
        self.folder.chmod(0o755)
        self.cgroups = [pathlib.Path(point) / self.folder.name for point, _ in hierarchies()]
        (self.folder / "task.json").write_text(json.dumps(task | {"folder": str(self.folder)}))
        log = open(self.folder / "log", "w")
        stage = [sys.executable, sys.argv[0], "--ground", str(self.folder)]
        words = ["unshare", "-C", "-m", "-n", "-p", "-f", "-u", "-i", "--kill-child", "--propagation", "private", *stage]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.enter,
                                        env={"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"} | passed_on(), start_new_session=True)
        self.step_aside()

    def enter(self):
        """The child goes into cgroups of the ground's own, which its cgroup namespace then starts from, and dies with us."""
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        for folder in self.cgroups:
            folder.mkdir(exist_ok=True)
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (folder / name).exists() and not (folder / "cgroup.controllers").exists():
                    (folder / name).write_text((folder.parent / name).read_text())
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def step_aside(self):
        """Version 2: unshare(1), which waits outside of the namespaces, must not be beside cgroups with controllers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for _ in range(500):
            if self.process.poll() is not None or children.read_text(): break
            time.sleep(0.01)
        for folder in self.cgroups:
            if self.process.poll() is None and (folder / "cgroup.controllers").exists():
                (folder / "outer").mkdir()
                (folder / "outer/cgroup.procs").write_text(str(self.process.pid))

    def result(self, seconds):
        """What the inside wrote; everything is taken away, whatever happened."""
        try:
            self.process.wait(seconds)
            return json.loads((self.folder / "result.json").read_text())
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            tail = (self.folder / "log").read_text()[-2000:]
            return {"actions": [], "residue": [], "failed": f"{type(error).__name__}: {error}\n{tail}"}
        finally:
            self.fill_in()

    def fill_in(self):
        self.process.kill()
        self.process.wait()
        for folder in self.cgroups:
            remove_cgroups(folder)
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)


def passed_on():
    return {name: os.environ[name] for name in ("HAKO_TEST_CRIU", "HAKO_TEST_CRICTL") if name in os.environ}


def remove_cgroups(top):
    """Removes a tree of cgroups; the processes in it are ending."""
    for _ in range(200):
        for folder in sorted(top.rglob("*/"), key=lambda path: -len(path.parts)):
            if folder.is_dir(): remove(folder)
        if not top.exists() or remove(top): return
        time.sleep(0.05)


def remove(folder):
    try:
        folder.rmdir()
        return True
    except OSError:
        return False


class Ground:
    """The ground seen from inside."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.task = json.loads((self.folder / "task.json").read_text())
        self.bin = self.folder / "bin"
        self.environment = dict(os.environ)
        self.daemons = []

    def prepare(self):
        """Mounts, loopback and the programs' folder."""
        mount = lambda *words: subprocess.run(["mount", *words], check=True)
        points = hierarchies()
        mount("--make-rshared", "/")
        mount("-t", "proc", "proc", "/proc")
        for place in STATE:
            if not os.path.isdir(place): continue
            mount("-t", "tmpfs", "-o", "mode=755", "state", place)
        os.makedirs("/run/lock", exist_ok=True)
        subprocess.run(["umount", "-R", CGROUPS], check=True)
        if not any(point == str(CGROUPS) for point, _ in points): mount("-t", "tmpfs", "-o", "mode=755", "cgroups", str(CGROUPS))
        for point, options in points:
            os.makedirs(point, exist_ok=True)
            mount("-t", *(("cgroup", "-o", options) if options else ("cgroup2",)), "cgroup", point)
            if options is None: self.delegate(pathlib.Path(point))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.bin.mkdir()
        for tool in ("iptables", "ip6tables"):  # the kernel may have no nftables for iptables
            legacy = shutil.which(f"{tool}-legacy")
            if legacy: (self.bin / tool).symlink_to(legacy)
        self.script("terminal", f"exec {sys.executable} {pathlib.Path(__file__).parent}/terminal.py \"$@\"")
        others = [os.environ[name] for name in ("HAKO_TEST_CRIU", "HAKO_TEST_CRICTL") if os.environ.get(name)]
        self.environment |= LIMITS[(CGROUPS / "cgroup.controllers").exists()]
        self.environment["PATH"] = ":".join([str(self.bin), *others, PATH])
        os.environ["PATH"] = self.environment["PATH"]
        self.before = self.look()

    @staticmethod
    def delegate(top):
        """Version 2: no process beside cgroups with controllers."""
        controllers = (top / "cgroup.controllers").read_text().split()
        if not controllers: return
        (top / "client").mkdir(exist_ok=True)
        for pid in (top / "cgroup.procs").read_text().split():
            (top / "client/cgroup.procs").write_text(pid)
        for _ in range(500):
            try:
                return (top / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
            except OSError as error:
                if error.errno != errno.EBUSY: raise
                time.sleep(0.01)  # until the last process has stepped aside
        raise SystemExit(f"{top}: processes are left in it")

    def script(self, name, text):
        """A program in the ground's PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def run(self, *words, check=True, **options):
        done = subprocess.run([str(word) for word in words], env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, **options)
        if check and done.returncode: raise SystemExit(f"{' '.join(map(str, words))}: {done.returncode}: {done.stderr}")
        return done

    def daemon(self, *words, ready):
        """Starts a daemon and waits until the command `ready` succeeds."""
        log = open(self.folder / f"{pathlib.Path(words[0]).name}.log", "w")
        process = subprocess.Popen([str(word) for word in words], env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
        self.daemons.append(process)
        end = time.time() + 60
        while self.run(*ready, check=False).returncode:
            if time.time() > end or process.poll() is not None:
                raise SystemExit(f"{words[0]} doesn't start: {pathlib.Path(log.name).read_text()[-1500:]}")
            time.sleep(0.1)

    def stop_daemons(self):
        for process in reversed(self.daemons):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def look(self):
        """What a container could leave: cgroups, processes, mounts, network devices, state of runtimes."""
        found = {f"cgroup {folder}" for point, _ in hierarchies() for folder in pathlib.Path(point).rglob("*/")}
        links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True).stdout
        found |= {f"network device {line.split('@')[0].split()[0]}" for line in links.splitlines()}
        found |= {"mount " + line.split()[4] for line in open("/proc/self/mountinfo")}
        for state in ("hako", "runc", "user/1000/hako", "user/1000/runc"):
            found |= {f"file {path}" for path in pathlib.Path("/run", state).glob("*") if path.is_dir()}
        mine = {1, os.getpid()}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int(entry.name) not in mine: found.add("process " + (entry / "cmdline").read_text().replace("\0", " ").strip())
            except OSError:
                pass
        return found

    def residue(self):
        """What is there and was not before, once it has had time to go."""
        time.sleep(1)
        return sorted(self.look() - self.before)


def lacking():
    """What the machine has not, of the words after `: needs` in lists of actions: {word: why}."""
    found = {}
    if not shutil.which("criu"):
        found["criu"] = "no criu is installed, see HAKO_TEST_CRIU"
    elif subprocess.run(["criu", "check"], capture_output=True, check=False).returncode:
        found["criu"] = "criu check fails on this kernel, see HAKO_TEST_CRIU"
    if not (CGROUPS / "cgroup.controllers").exists(): found["cgroup2"] = "cgroup version 1 has it not"
    return found


def become_init(work):
    """Runs `work` in a child and reaps what is orphaned, since the ground's processes are adopted by this one."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    while True:
        pid, status = os.wait()
        if pid == child: return os.waitstatus_to_exitcode(status)
