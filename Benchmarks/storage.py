"""Image tools side by side: each with a store of its own on a fresh file system, and what it took."""
import contextlib, os, pathlib, re, shutil, signal, subprocess, tempfile, time


class Usage:
    """Wall and CPU seconds, and the largest process's peak memory in MiB."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory


def run(*command, env=None):
    """Runs a client to its end; (CPU seconds, peak MiB) of it and its children."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}\n{output.read().decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Daemon:
    """A daemon and its children, started with a private root and ended by its process id."""

    def __init__(self, command, probe, log):
        self.log = open(log, "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        for _ in range(600):
            if self.process.poll() is not None:
                raise SystemExit(f"{command[0]} ended: {pathlib.Path(log).read_text()[-2000:]}")
            if subprocess.run(probe, capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        raise SystemExit(f"{command[0]} does not answer: {pathlib.Path(log).read_text()[-2000:]}")

    def tree(self):
        """The daemon and all below it."""
        parents = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                parents[int(stat.parent.name)] = (int(fields[1]), sum(int(field) for field in fields[11:15]))
        found, cpu = [self.process.pid], 0
        for pid in found:
            cpu += parents.get(pid, (0, 0))[1]
            found += [child for child, (parent, _) in parents.items() if parent == pid]
        return found, cpu / os.sysconf("SC_CLK_TCK")

    def cpu(self):
        return self.tree()[1]

    def memory(self):
        """The largest process's peak, in MiB."""
        peaks = [0]
        for pid in self.tree()[0]:
            with contextlib.suppress(OSError):
                peaks += [int(kib) / 1024 for kib in re.findall(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())]
        return max(peaks)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class FileSystem:
    """An ext4 in a file, made anew for each run: neither what others left dirty nor inodes they deleted weigh on it."""

    def __init__(self, folder, size):
        self.image, self.path = f"{folder}/store.img", f"{folder}/store"
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["fallocate", "-l", size, self.image], check=True)

    def __enter__(self):
        make = ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", self.image]
        subprocess.run(make, check=True)
        attach = ["losetup", "--direct-io=on", "-f", "--show", self.image]
        self.device = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["mount", self.device, self.path], check=True)
        os.sync()
        return self.path

    def __exit__(self, *_):
        for _ in range(100):
            if subprocess.run(["umount", self.path], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        subprocess.run(["losetup", "-d", self.device], check=False)


class Tool:
    """An image tool; `folder` is on the fresh file system."""

    def __init__(self, program):
        self.program = program

    daemon = None

    def start(self, folder):
        pass

    def stop(self):
        if self.daemon:
            self.daemon.stop()

    def measure(self, work):
        """What `work`, which runs clients and returns what they took, costs with the daemon's part."""
        before = self.daemon.cpu() if self.daemon else 0
        start = time.monotonic()
        cpu, memory = work()
        wall = time.monotonic() - start
        if self.daemon:
            cpu += self.daemon.cpu() - before
            memory = max(memory, self.daemon.memory())
        return Usage(wall, cpu, memory)


class Hako(Tool):
    def start(self, folder):
        self.command = [self.program, "--root", f"{folder}/root", "--state", f"{folder}/state"]

    def pull(self, reference):
        return run(*self.command, "pull", reference)

    def load(self, archive):
        return run(*self.command, "pull", f"docker-archive:{archive}")


class Containerd(Tool):
    def start(self, folder):
        config = f"{folder}/config.toml"
        pathlib.Path(config).write_text(
            'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            f'root = "{folder}/root"\nstate = "{folder}/run"\n[grpc]\naddress = "{folder}/sock"\n')
        self.client = [str(pathlib.Path(self.program).with_name("ctr")), "--address", f"{folder}/sock"]
        self.daemon = Daemon([self.program, "--config", config], [*self.client, "version"], f"{folder}/log")

    def pull(self, reference):
        return run(*self.client, "images", "pull", "--plain-http", reference)

    def load(self, archive):
        return run(*self.client, "images", "import", archive)


class Docker(Tool):
    def start(self, folder):
        socket = f"unix://{folder}/sock"
        self.client = ["docker", "-H", socket]
        self.daemon = Daemon(
            [self.program, "--data-root", f"{folder}/root", "--exec-root", f"{folder}/run", "-p", f"{folder}/pid", "-H", socket,
             "--storage-driver", "overlay2", "--bridge", "none", "--iptables=false", "--ip-forward=false", "--oom-score-adjust", "0",
             "--exec-opt", "native.cgroupdriver=cgroupfs"],
            [*self.client, "version"], f"{folder}/log")

    def pull(self, reference):
        return run(*self.client, "pull", "-q", reference)

    def load(self, archive):
        return run(*self.client, "load", "-i", archive)


class Podman(Tool):
    def start(self, folder):
        self.command = [self.program, "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--storage-driver", "overlay",
                        "--cgroup-manager", "cgroupfs", "--events-backend", "file"]

    def pull(self, reference):
        return run(*self.command, "pull", "-q", "--tls-verify=false", reference)

    def load(self, archive):
        return run(*self.command, "load", "-q", "-i", archive)


class Skopeo(Tool):
    """skopeo downloads, umoci unpacks; the memory is skopeo's."""

    def start(self, folder):
        self.folder = folder

    def both(self, source):
        cpu, memory = run(self.program, "copy", "-q", "--src-tls-verify=false", source, f"oci:{self.folder}/layout:latest")
        more, _ = run("umoci", "unpack", "--image", f"{self.folder}/layout:latest", f"{self.folder}/bundle")
        return cpu + more, memory

    def pull(self, reference):
        return self.both(f"docker://{reference}")

    def load(self, archive):
        return self.both(f"docker-archive:{archive}")


KINDS = {"hako": Hako, "containerd": Containerd, "dockerd": Docker, "podman": Podman, "skopeo": Skopeo}


def tool(path):
    """A tool by its program's path or name."""
    program = shutil.which(path) or path
    kind = KINDS.get(pathlib.Path(program).name)
    if kind is None or not os.access(program, os.X_OK):
        raise SystemExit(f"{path}: no program, or none of {', '.join(KINDS)}")
    return kind(os.path.realpath(program) if "/" in path else program)
