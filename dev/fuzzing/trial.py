"""One document on the runtime: what was called, what it said, what it left."""
import dataclasses, json, os, re, signal, socket, time
from . import place
from .place import SCRATCH

MEMORY = 128 << 10  # KiB that a runtime may have at most
PARENTS = ("/fuzz", "/parent")
CRASH_WORDS = re.compile(r"Fatal error|Illegal instruction|stack backtrace|panic:|SIGSEGV|goroutine \d|has died")
SUBJECT = re.compile(r"[a-z]\.[a-zA-Z]|[\"'`/\[]|config\.json|[a-z]+:")


def above(text):
    """The names of the cgroups above the document's, where they are others than the grammar's."""
    try:
        steps = json.loads(text)["linux"]["cgroupsPath"].split("/")
        return tuple(f"/{step}" for step in steps[:-1] if step)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ()


def root_in_bundle(text):
    """Whether the container's root, if the document names one, is the bundle's rootfs folder."""
    try:
        path = json.loads(text)["root"]["path"]
        return (SCRATCH / "bundle" / path).resolve() == SCRATCH / "bundle/rootfs"
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        return True


class Alarm(Exception): pass


def alarm(*_): raise Alarm


@dataclasses.dataclass
class Call:
    """How a call of the runtime ended."""
    words: tuple
    code: int
    errors: str
    hung: bool
    memory: int


class Laboratory:
    """Tries documents in the place; `fault` is what the last one did wrong."""

    def __init__(self, runtime, seconds):
        self.seconds = seconds
        self.runtime, self.id, self.faults, self.parents, self.above = runtime, "fuzz", [], [], PARENTS
        self.output, self.errors = SCRATCH / "output/stdout", SCRATCH / "output/stderr"
        signal.signal(signal.SIGALRM, alarm)
        self.root = place.tree(SCRATCH / "bundle/rootfs")
        (SCRATCH / "bundle/config.json").touch()
        self.console()
        self.call("--version")
        self.baseline = self.look()

    def console(self):
        """A console socket whose terminals are taken and dropped later."""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(SCRATCH / "console"))
        self.listener.listen(64)
        self.listener.setblocking(False)

    def call(self, *words):
        writing = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, str(self.output), writing, 0o600),
                   (os.POSIX_SPAWN_OPEN, 2, str(self.errors), writing, 0o600)]
        command = [str(self.runtime), "--root", str(SCRATCH / "state"), *words]
        pid = os.posix_spawn(self.runtime, command, os.environ, file_actions=actions, setpgroup=0)
        hung, usage = False, None
        for limit in (self.seconds, self.seconds):
            signal.setitimer(signal.ITIMER_REAL, limit)
            try:
                _, status, usage = os.wait4(pid, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
                break
            except Alarm:
                # A container's program may wait for ever, the runtime with it; without its containers it has to end.
                if hung: break
                hung = self.end_containers(pid)
        if usage is None:
            os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            return self.note(Call(words, -9, self.said(), True, usage.ru_maxrss))
        return self.note(Call(words, os.waitstatus_to_exitcode(status), self.said(), False, usage.ru_maxrss))

    def end_containers(self, spared):
        """Kills every process but the runtime; true."""
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in (1, spared):
                try:
                    os.kill(int(name), signal.SIGKILL)
                except ProcessLookupError:
                    pass
        return True

    def said(self):
        with open(self.errors, "rb") as file: return file.read(1 << 20).decode("utf-8", "replace")

    def note(self, call):
        """Judges a call by itself."""
        verb = call.words[0]
        if call.hung: self.faults.append(f"{verb} waits for ever")
        elif call.code < 0: self.faults.append(f"{verb} was ended by {signal.Signals(-call.code).name}")
        if call.memory > MEMORY: self.faults.append(f"{verb} took {call.memory} KiB")
        crash = CRASH_WORDS.search(call.errors)
        if crash: self.faults.append(f"{verb} crashed: {call.errors.strip()[-300:]!r}")
        return call

    def judge_message(self, call):
        """A failure is told in one line that names something."""
        lines = self.own_lines(call)
        if not lines: return self.faults.append(f"{call.words[0]} failed with {call.code} and without a word")
        if any(not self.is_own(line) for line in lines): self.faults.append(f"{call.words[0]} said {len(lines)} lines: {call.errors[:300]!r}")
        if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", "".join(lines)): self.faults.append(f"{call.words[0]} said control characters: {lines!r}"[:400])
        if len(lines[-1]) > 8192: self.faults.append(f"{call.words[0]} said {len(lines[-1])} characters")
        if not SUBJECT.search(lines[-1].partition(": ")[2]): self.faults.append(f"{call.words[0]} names nothing: {lines[-1][:300]!r}")

    def own_lines(self, call):
        """The lines without warnings and without what hooks and the container's program said before."""
        lines = [line for line in re.split(r"[\n\r\x0b\x0c\x85\u2028\u2029]", call.errors) if line]
        first = next((number for number, line in enumerate(lines) if self.is_own(line) and "warning" not in line), len(lines))
        return [line for line in lines[first:] if not re.search(r"applet not found|ld\.so|^warning: ", line)]

    def is_own(self, line): return line.startswith((f"{self.runtime.name}: ", "time=", "20"))

    def attempt(self, text, runs):
        """Tries one document; returns (what came of it, faults, the last message)."""
        self.faults = []
        (SCRATCH / "bundle/config.json").write_bytes(text)
        self.add_device(text)
        socket_too = b'"terminal":true' in text and (not runs or len(text) % 2)
        words = ["--bundle", str(SCRATCH / "bundle"), *(["--console-socket", str(SCRATCH / "console")] if socket_too else []), self.id]
        # Of earlier documents too, whose parents may still be there.
        before, self.above = self.parents, tuple(dict.fromkeys((*(self.above if self.parents else PARENTS), *above(text))))
        result, message = self.whole(words) if runs else self.steps(words)
        self.settle(elsewhere=not root_in_bundle(text))
        more = set(self.parents) - set(before)
        # One whose poststart hooks fail was a container before.
        if result == "refused" and more and "poststart" not in message: self.faults.append(f"left: cgroups: {sorted(more)[:2]} above that of a refused container")
        if len(self.parents) > 40: self.clear()
        return result, self.faults, message

    def whole(self, words):
        call = self.call("run", *words)
        # The container's program has its own codes; what the runtime says is on stderr.
        refused = call.code != 0 and self.own_lines(call)
        if refused: self.judge_message(call)
        return "refused" if refused else "ran", call.errors

    def steps(self, words):
        pid_file = SCRATCH / "output/pid"
        call = self.call("create", "--pid-file", str(pid_file), *words)
        if call.code:
            self.judge_message(call)
            return "refused", call.errors
        state = self.call("state", self.id)
        if state.code: self.faults.append(f"state of a created container: {state.errors.strip()[:200]}")
        start = self.call("start", self.id)
        if start.code: self.judge_message(start)
        gone = self.call("delete", "--force", self.id)
        if gone.code: self.faults.append(f"delete: {gone.errors.strip()[:200]}")
        pid_file.unlink(missing_ok=True)
        return "created", start.errors

    def add_device(self, text):
        """A network device to move away, where the document names it."""
        if b"fuzz0" not in text: return
        try:
            socket.if_nametoindex("fuzz0")
        except OSError:
            pid = os.posix_spawnp("ip", ["ip", "tuntap", "add", "fuzz0", "mode", "tap"], os.environ)
            os.waitpid(pid, 0)

    def settle(self, elsewhere):
        """Compares with the beginning, and makes it so again. The targets of mounts stay in a root, wherever it is."""
        if elsewhere: self.baseline["files"] = self.look()["files"]
        left = self.left(patience=min(3, self.seconds))
        if not left: return
        self.faults += left
        self.call("delete", "--force", self.id)
        if self.left(patience=1): self.clear()

    def left(self, patience):
        end = time.monotonic() + patience
        while True:
            found = [f"left: {kind}: {sorted(set(now) - set(before))[:3]} (gone: {sorted(set(before) - set(now))[:2]})"
                     for (kind, now), before in zip(self.look().items(), self.baseline.values()) if now != before]
            if not found or time.monotonic() > end: return found
            time.sleep(0.002)

    def look(self):
        """All that a container could leave."""
        while True:
            try:
                if not os.waitpid(-1, os.WNOHANG)[0]: break
            except ChildProcessError:
                break
        self.drop_terminals()
        if place.tree(SCRATCH / "bundle/rootfs") != self.root: place.make_root(SCRATCH / "bundle/rootfs")
        return {"processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
            "mounts": open("/proc/self/mountinfo").read().splitlines(),
                "state": os.listdir(SCRATCH / "state"), "files": self.files(), "cgroups": self.groups()}

    def files(self):
        top = [f"{name}/{entry}" for name in ("source", "bundle") for entry in os.listdir(SCRATCH / name)]
        return sorted(top + os.listdir(SCRATCH) + os.listdir("/dev")) + [path for path, _, _ in place.tree(SCRATCH / "upper")]

    def groups(self):
        """The cgroups, but for those that only lead to a container's: like other runtimes ours leaves them once it was there."""
        found = [path for path, mode, _ in place.tree("/sys/fs/cgroup") if mode & 0o170000 == 0o040000]
        self.parents = [path for path in found if path.endswith(self.above)]
        return [path for path in found if not path.endswith(self.above)]

    def drop_terminals(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except BlockingIOError:
                return
            with peer:
                peer.settimeout(1)
                try:
                    _, descriptors, _, _ = socket.recv_fds(peer, 4096, 4)
                    for number in descriptors: os.close(number)
                except OSError:
                    pass

    def clear(self):
        """Takes away by hand what the runtime can't."""
        self.end_containers(1)
        for name in os.listdir(SCRATCH / "state"):
            place.shutil.rmtree(SCRATCH / "state" / name, ignore_errors=True)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            left = [path for path, mode, _ in reversed(place.tree("/sys/fs/cgroup")) if mode & 0o170000 == 0o040000]
            for path in left:
                if path in self.baseline["cgroups"]: continue
                try:
                    os.rmdir(path)
                except OSError:
                    pass
            if not self.left(patience=0): return
            time.sleep(0.02)
        self.baseline = self.look()
