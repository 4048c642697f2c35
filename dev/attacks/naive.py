#!/usr/bin/env python3
"""The OCI runtime that nobody should use: it does what config.json says, by path names, and checks nothing.

Every attack of dev/attack works on it; that is how the attacks are tested. It knows create, start, run, exec and delete.
"""
import ctypes, encodings.idna, functools, json, operator, os, shutil, signal, socket, stat, sys, time

LIBC = ctypes.CDLL(None, use_errno=True)
KINDS = {"mount": 0x20000, "pid": 0x20000000, "network": 0x40000000, "ipc": 0x8000000, "uts": 0x4000000, "cgroup": 0x2000000}
FLAGS = {"ro": 1, "nosuid": 2, "nodev": 4, "noexec": 8, "bind": 4096, "rbind": 4096 | 16384, "relatime": 1 << 21}
DEVICES = {"null": (1, 3), "zero": (1, 5), "tty": (5, 0)}


def require(result, what):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


def mount(source, target, kind, flags=0, data=""):
    require(LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), target)


def write(path, text):
    with open(path, "w") as file: file.write(text)


class Container:
    def __init__(self, root, name):
        self.folder, self.name = f"{root}/{name}", name

    def load(self, bundle):
        # A pipe is waited for, a device read to its end.
        self.bundle = os.path.abspath(bundle)
        self.config = json.load(open(f"{self.bundle}/config.json"))
        self.linux, self.process = self.config["linux"], self.config["process"]
        self.rootfs = os.path.join(self.bundle, self.config["root"]["path"])

    def create(self, pid_file, console):
        os.makedirs(self.folder, exist_ok=True)
        write(f"{self.folder}/state.json", json.dumps({"bundle": self.bundle}))
        self.limit()
        os.mkfifo(f"{self.folder}/start")
        os.chmod(f"{self.folder}/start", 0o666)
        os.chmod(self.folder, 0o755)
        ready, told = os.pipe()
        host = os.open(self.bundle, os.O_RDONLY)
        os.set_inheritable(host, True)
        flags = 0
        for entry in self.linux["namespaces"]:
            if entry.get("path"): require(LIBC.setns(os.open(entry["path"], os.O_RDONLY), KINDS[entry["type"]]), entry["path"])
            elif entry["type"] != "mount": flags |= KINDS[entry["type"]]
        require(LIBC.unshare(flags), "unshare")
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            self.become(told, console)
        os.close(told)
        if os.read(ready, 1) != b"+": sys.exit(1)
        write(pid_file or f"{self.folder}/pid", str(pid))
        write(f"{self.folder}/process", str(pid))
        return pid

    def limit(self):
        path = os.path.normpath(f"/sys/fs/cgroup/pids/{self.linux['cgroupsPath']}")
        os.makedirs(path, exist_ok=True)
        write(f"{self.folder}/cgroup", path)
        for key, value in self.linux["resources"].get("unified", {}).items(): write(f"{path}/{key}", value)

    def become(self, told, console):
        try:
            require(LIBC.unshare(KINDS["mount"]), "unshare")
            mount("none", "/", "", 0x4000 | 0x80000)
            gate = os.open(f"{self.folder}/start", os.O_RDWR)
            if "hostname" in self.config: require(LIBC.sethostname(self.config["hostname"].encode(), len(self.config["hostname"])), "hostname")
            self.mounts()
            self.devices(console)
            os.chroot(self.rootfs)
            self.hooks("createRuntime")
            for key, value in self.linux.get("sysctl", {}).items():
                for line in f"{key}={value}".replace("+", "\n").splitlines():
                    if "=" in line: self.sysctl(*line.split("=", 1))
            for name in ("exec", "apparmor/exec"):
                if self.process.get("apparmorProfile"): write(f"/proc/self/attr/{name}", self.process["apparmorProfile"])
            self.mask()
            if "HOME=/" not in self.process["env"]: open("/etc/passwd").read()
            os.makedirs(self.process["cwd"], exist_ok=True)
            os.chdir(self.process["cwd"])
            os.write(told, b"+")
            os.close(told)
            os.read(gate, 1)
            self.hooks("startContainer")
            os.execve(self.process["args"][0], self.process["args"], dict(word.split("=", 1) for word in self.process["env"]))
        except BaseException as error:
            print(f"naive: {error}", file=sys.stderr, flush=True)
        os._exit(1)

    def sysctl(self, key, value):
        key, value = key.strip(), value.strip()
        write("/proc/sys/" + (key if "/" in key else key.replace(".", "/")), value)

    def mounts(self):
        for entry in self.config["mounts"]:
            target, options = self.rootfs + "/" + entry["destination"], entry.get("options", [])
            # A link is followed as the container would, if it is the last step.
            if os.path.islink(target) and entry["type"] in ("proc", "sysfs"): target = self.rootfs + os.readlink(target)
            flags = functools.reduce(operator.or_, (FLAGS.get(word, 0) for word in options), 0)
            data = ",".join(word for word in options if "=" in word or word == "newinstance")
            if entry["type"] == "bind" and not os.path.isdir(entry["source"]):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                open(target, "a").close()
            else:
                os.makedirs(target, exist_ok=True)
            kind = "cgroup" if entry["type"] == "cgroup" else entry["type"]
            if kind == "cgroup": mount("/sys/fs/cgroup", target, "", 4096 | 16384)
            else: mount(entry["source"], target, kind, flags, data)

    def devices(self, console):
        bound = any(entry["destination"] == "/dev" and entry["type"] == "bind" for entry in self.config["mounts"])
        devices = [] if bound else [(f"/dev/{name}", *numbers) for name, numbers in DEVICES.items()]
        devices += [(entry["path"], entry["major"], entry["minor"]) for entry in self.linux.get("devices", [])]
        for path, major, minor in devices:
            target = self.rootfs + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if not os.path.exists(target): os.mknod(target, stat.S_IFCHR | 0o666, os.makedev(major, minor))
            os.chmod(target, 0o666)
        if self.process.get("terminal"):
            master, slave = os.openpty()
            open(self.rootfs + "/dev/console", "a").close()
            mount(os.ttyname(slave), self.rootfs + "/dev/console", "", 4096)
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(console)
                socket.send_fds(peer, [b"pty"], [master])

    def mask(self):
        for path in self.linux.get("maskedPaths", []):
            if os.path.exists(path) and os.path.exists("/dev/null") and not os.path.isdir(path): mount("/dev/null", path, "", 4096)
        for path in self.linux.get("readonlyPaths", []):
            if os.path.exists(path):
                mount(path, path, "", 4096 | 16384)
                mount(path, path, "", 4096 | 32 | 1)

    def hooks(self, kind):
        for hook in self.config.get("hooks", {}).get(kind, []):
            child = os.fork()
            if child == 0: os.execv(hook["path"], hook.get("args", [hook["path"]]))
            os.waitpid(child, 0)

    def start(self):
        with open(f"{self.folder}/start", "w") as gate: gate.write("+")

    def wait(self, pid):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def execute(self, words, folder):
        pid = int(open(f"{self.folder}/process").read())
        spaces = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("pid", "mnt")]
        host = os.open("/", os.O_RDONLY)
        os.set_inheritable(host, True)
        root = os.open(f"/proc/{pid}/root", os.O_RDONLY)
        require(LIBC.setns(spaces[0], 0), "setns")
        child = os.fork()
        if child == 0:
            require(LIBC.setns(spaces[1], 0), "setns")
            os.fchdir(root)
            os.chroot(".")
            os.chdir(folder or "/")
            os.execv(words[0], words)
        return self.wait(child)

    def delete(self):
        try:
            os.kill(int(open(f"{self.folder}/process").read()), signal.SIGKILL)
        except (OSError, ValueError):
            pass
        for _ in range(50):
            try:
                os.rmdir(open(f"{self.folder}/cgroup").read())
                break
            except OSError:
                time.sleep(0.01)
        shutil.rmtree(self.folder, ignore_errors=True)


def main(words):
    options, rest = {}, []
    while words:
        word = words.pop(0)
        if word == "--force": continue
        if word.startswith("--"): options[word] = words.pop(0) if words else ""
        else: rest.append(word)
        if len(rest) == 2 and rest[0] == "exec": break
    if not rest: return print("\n create\n start\n run\n exec\n delete")
    container = Container(options["--root"], rest[1])
    if rest[0] in ("create", "run"):
        container.load(options["--bundle"])
        pid = container.create(options.get("--pid-file"), options.get("--console-socket"))
        if rest[0] == "run":
            container.start()
            sys.exit(container.wait(pid))
    elif rest[0] == "start": container.start()
    elif rest[0] == "exec": sys.exit(container.execute(words, options.get("--cwd")))
    elif rest[0] == "delete": container.delete()


main(sys.argv[1:])
