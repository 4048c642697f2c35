"""Where documents are tried: namespaces in which nothing that a document names is the host's.

The root is an overlay whose upper layer is in memory, the cgroup hierarchies begin at a group of this place's own, /dev,
/proc and the network are new, and the process that tries the documents is the first of its pid namespace: whatever is
left behind shows in one of these, and ends with them.
"""
import ctypes, os, pathlib, shutil, time

NEW_PID, NEW_CGROUP, NEW_OTHERS = 0x20000000, 0x2000000, 0x20000 | 0x4000000 | 0x8000000 | 0x40000000  # mount, uts, ipc, network
RECURSIVE, PRIVATE, SHARED, DETACH = 0x4000, 0x40000, 0x100000, 2
LIBC = ctypes.CDLL(None, use_errno=True)
SCRATCH = pathlib.Path("/scratch")
NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
PROGRAMS = ("sh", "cat", "true", "false", "sleep")


def require(result, what):
    if result < 0: raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind="", flags=0, data=""):
    require(LIBC.mount(str(source).encode(), str(target).encode(), kind.encode(), flags, data.encode()), f"mount {target}")


class Groups:
    """One cgroup in each hierarchy of the machine, which becomes the root of the hierarchies in the place."""

    def __init__(self):
        self.mounts, name = [], f"hako-fuzz-{os.getpid()}"
        for line in open("/proc/self/mountinfo"):
            fields = line.split()
            kind, options = fields[fields.index("-") + 1], fields[-1]
            if kind == "cgroup" or (kind == "cgroup2" and fields[4] == "/sys/fs/cgroup"):
                self.mounts.append((fields[4], kind, ",".join(word for word in options.split(",") if word not in ("rw", "ro"))))
        self.folders = [pathlib.Path(point, name) for point, _, _ in self.mounts]

    def enter(self):
        for folder in self.folders:
            folder.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (folder / file).exists() and (folder.parent / file).exists(): (folder / file).write_text((folder.parent / file).read_text())
            (folder / "cgroup.procs").write_text("0")
        require(LIBC.unshare(NEW_CGROUP), "unshare")

    def remake(self):
        """Mounts the hierarchies anew, seen from the group."""
        if [point for point, kind, _ in self.mounts if kind == "cgroup2"]:
            mount("cgroup2", "/sys/fs/cgroup", "cgroup2")
            # A group with processes of its own hands no controllers down.
            pathlib.Path("/sys/fs/cgroup/place").mkdir()
            return pathlib.Path("/sys/fs/cgroup/place/cgroup.procs").write_text("0")
        mount("tmpfs", "/sys/fs/cgroup", "tmpfs", 0, "mode=755")
        for point, _, options in self.mounts:
            os.mkdir(point)
            mount("cgroup", point, "cgroup", 0, options)

    def remove(self):
        """From outside, when all is over: the last process may still be on its way out."""
        for folder in self.folders:
            for path in (*sorted(folder.rglob("*"), reverse=True), folder):
                if path.is_dir(): persist(path.rmdir)


def persist(action, seconds=3):
    """Tries it until the kernel lets go."""
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except OSError:
            if time.monotonic() > end: raise
            time.sleep(0.01)


def enter(runtime, base):
    """Moves the calling process, and it alone, into a place on top of the empty folder `base`; returns the runtime's copy there."""
    require(LIBC.unshare(NEW_OTHERS), "unshare")
    mount("none", "/", "", RECURSIVE | PRIVATE)
    mount("scratch", base, "tmpfs", 0, "mode=755,size=512m")
    for name in ("upper", "work", "root", "scratch"): (base / name).mkdir()
    # Now: a mount that the program lies on is not in the overlay.
    name = pathlib.Path(runtime).name
    shutil.copy(runtime, base / "scratch" / name)
    mount("overlay", base / "root", "overlay", 0, f"lowerdir=/,upperdir={base}/upper,workdir={base}/work")
    root = base / "root"
    for folder in ("proc", "sys", "dev", "scratch"): (root / folder).mkdir(exist_ok=True)
    mount("proc", root / "proc", "proc")
    mount("sysfs", root / "sys", "sysfs")
    mount("dev", root / "dev", "tmpfs", 0, "mode=755")
    for node, (major, minor) in NODES.items(): os.mknod(root / "dev" / node, 0o20666, os.makedev(major, minor))
    (root / "dev/net").mkdir()
    os.mknod(root / "dev/net/tun", 0o20666, os.makedev(10, 200))
    (root / "dev/pts").mkdir()
    mount("devpts", root / "dev/pts", "devpts", 0, "newinstance,ptmxmode=0666")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    mount(base / "scratch", root / "scratch", "", 4096)
    (root / "scratch/upper").mkdir()
    mount(base / "upper", root / "scratch/upper", "", 4096)
    os.chdir(root)
    require(LIBC.pivot_root(b".", b"."), "pivot_root")
    require(LIBC.umount2(b".", DETACH), "umount2")
    os.chdir("/")
    return SCRATCH / name


def furnish():
    """The scratch folder's content; the loopback is up, and all mounts are shared as systemd has them."""
    (SCRATCH / "source").mkdir()
    (SCRATCH / "source/file").write_text("x")
    (SCRATCH / "loop").symlink_to("loop")
    for name in ("state", "bundle", "output"): (SCRATCH / name).mkdir()
    make_root(SCRATCH / "bundle/rootfs")
    mount("none", "/", "", RECURSIVE | SHARED)
    os.umask(0o22)


def make_root(root):
    """A root with busybox; also what a changed one is replaced by."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "proc", "dev", "sys", "tmp", "etc", "link-target"): (root / name).mkdir(parents=True)
    busybox = SCRATCH / "busybox"
    if not busybox.exists(): shutil.copy("/bin/busybox", busybox)
    os.link(busybox, root / "bin/busybox")
    for name in PROGRAMS: (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (root / "link").symlink_to("/link-target")
    (root / "tmp").chmod(0o1777)


def tree(root):
    """What a folder has, cheaply: names, kinds and owners."""
    found, folders = [], [str(root)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                found.append((entry.path, status.st_mode, status.st_uid))
                if entry.is_dir(follow_symlinks=False): folders.append(entry.path)
    return sorted(found)
