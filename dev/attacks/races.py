"""Paths that another container exchanges while the runtime uses them."""
import itertools, os, pathlib, stat, time
from .arena import SECRET, attack, broken, held
from .terminals import terminals

TAG = "attackers-mount"


def until_enough(place, flips, least=50, patience=900):
    """Counts containers until the paths have been exchanged as often as asked for, and `least` containers were tried."""
    end = time.time() + patience
    for number in itertools.count():
        if number >= least and flips.count >= place.rounds: return
        if time.time() > end: raise TimeoutError(f"{flips.count} exchanges of {place.rounds} in {patience} s")
        yield number


class Refusals:
    """How many containers were refused, and the last one's reason."""
    count, reason = 0, ""

    def add(self, outcome): self.count, self.reason = self.count + 1, outcome.reason
    def __str__(self): return f"{self.count} refused" + (f" ({self.reason})" if self.reason else "")


def volume(place, name="volume"):
    """A host folder that two containers share: `swap` is a folder, `link` leads to the host's."""
    folder = place.folder / name
    (folder / "swap").mkdir(parents=True)
    (folder / "link").symlink_to(place.host)
    return folder


@attack("mount-target-race", "CVE-2021-30465, 2024-45310", without_openat2=True)
def mount_targets(place):
    """Targets of mounts, nodes and the working folder lie below a name that is exchanged with a link to the host."""
    shared, seen, refused = volume(place), 0, Refusals()
    place.begin()
    with place.flipping(shared / "swap", shared / "link") as flips:
        for _ in until_enough(place, flips):
            bundle = place.bundle("/bin/true")
            bundle.bind(shared, "/volume", "rbind")
            bundle.mounts.append({"destination": "/volume/swap/folder", "type": "tmpfs", "source": TAG, "options": []})
            bundle.bind("/bin/busybox", "/volume/swap/file", "ro")
            bundle.linux["devices"] = [{"path": "/volume/swap/node", "type": "c", "major": 1, "minor": 3}]
            bundle.config["process"]["cwd"] = "/volume/swap/cwd"
            with bundle.create() as container:
                if place.harm(): return broken(place.harm())
                if not container:
                    if container.outcome.hung: return broken("the runtime hung")
                    refused.add(container.outcome)
                    continue
                seen += 1
                inside = [point for point, rest in container.mounts() if TAG in rest]
                if len(inside) != 1: return broken("the mount landed outside of the container")
    return held(f"{flips.count} exchanges, {seen} created, {refused}")


@attack("masked-path-race", "CVE-2025-31133", without_openat2=True)
def masked_paths(place):
    """/dev lies in a shared folder; its null is exchanged with a link to a file that is to be hidden elsewhere."""
    return mask(place, lambda shared: (shared / "null", shared / "other"))


@attack("masked-path-without-null", "CVE-2025-31133")
def masked_paths_without_null(place):
    """/dev lies in a shared folder that has no null at all: masking must fail rather than be skipped."""
    return mask(place, lambda shared: ())


def mask(place, pairs):
    shared, seen, refused = place.folder / "dev", 0, Refusals()
    (shared / "pts").mkdir(parents=True)
    names = pairs(shared)
    if names:
        os.mknod(names[0], stat.S_IFCHR | 0o666, os.makedev(1, 3))
        names[1].symlink_to("/leak")
    with place.flipping(*names) as flips:
        for _ in until_enough(place, flips) if names else range(3):
            bundle = place.bundle("/bin/true")
            bundle.config["mounts"] = [entry for entry in bundle.mounts if not entry["destination"].startswith("/dev")]
            bundle.bind(shared, "/dev", "rbind")
            (bundle.rootfs / "leak").write_text("a leak")
            (bundle.rootfs / "hidden").write_text("to be hidden")
            bundle.linux["maskedPaths"] += ["/hidden"]
            with bundle.create() as container:
                if not container:
                    if container.outcome.hung: return broken("the runtime hung")
                    refused.add(container.outcome)
                    continue
                seen += 1
                status = os.stat(container.path("/hidden"))
                if (stat.S_ISCHR(status.st_mode), status.st_rdev) != (True, os.makedev(1, 3)):
                    return broken(f"a masked path shows: {container.read('/hidden')!r}")
    return held(f"{flips.count} exchanges, {seen} created, {refused}")


@attack("console-race", "CVE-2025-52565", without_openat2=True)
def console(place):
    """/dev lies in a shared folder; its console and pts/ are exchanged with links to the host while a terminal is made."""
    shared, seen, refused = place.folder / "dev", 0, Refusals()
    (shared / "pts").mkdir(parents=True)
    (shared / "console").touch()
    os.mknod(shared / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (shared / "elsewhere").symlink_to(place.host / "secret")
    (shared / "folder").symlink_to(place.host / "folder")
    place.begin()
    with terminals(place.folder / "socket") as socket:
        pairs = (shared / "console", shared / "elsewhere", shared / "pts", shared / "folder")
        with place.flipping(*pairs) as flips:
            for _ in until_enough(place, flips):
                bundle = place.bundle("/bin/true")
                bundle.config["process"]["terminal"] = True
                bundle.config["mounts"] = [entry for entry in bundle.mounts if entry["destination"] != "/dev"]
                bundle.mounts.insert(0, {"destination": "/dev", "type": "bind", "source": str(shared), "options": ["rbind"]})
                with bundle.create("--console-socket", socket) as container:
                    if place.harm(): return broken(place.harm())
                    if not container:
                        if container.outcome.hung: return broken("the runtime hung")
                        refused.add(container.outcome)
                        continue
                    seen += 1
                    points = [point for point, rest in container.mounts() if "devpts" in rest and not rest.startswith("/ ")]
                    if len(points) != 1: return broken(f"the console was mounted outside of the container: {points}")
    return held(f"{flips.count} exchanges, {seen} created, {refused}")


@attack("proc-target-race", "CVE-2025-52881, 2023-27561", without_openat2=True)
def proc_targets(place):
    """Two containers share a root; its /proc is exchanged with a link to a folder of decoys."""
    seen, refused = 0, Refusals()
    base = place.bundle("/bin/true")
    decoy = base.rootfs / "decoy"
    for name in ("sys/net/ipv4/ip_forward", "self/attr/exec", "self/attr/apparmor/exec", "thread-self/attr/exec", "keys"):
        (decoy / name).parent.mkdir(parents=True, exist_ok=True)
        (decoy / name).write_text("decoy")
    (base.rootfs / "link").symlink_to("/decoy")
    with place.flipping(base.rootfs / "proc", base.rootfs / "link") as flips:
        for _ in until_enough(place, flips):
            bundle = place.bundle("/bin/true")
            bundle.config["root"]["path"] = str(base.rootfs)
            bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
            with bundle.create() as container:
                touched = [path for path in decoy.rglob("*") if path.is_file() and path.read_text() != "decoy"]
                if touched: return broken(f"written to a decoy: {touched[0].relative_to(decoy)}")
                if not container:
                    refused.add(container.outcome)
                    continue
                seen += 1
                fault = unprotected_proc(container)
                if fault: return broken(fault)
    return held(f"{flips.count} exchanges, {seen} created, {refused}")


def unprotected_proc(container):
    """A procfs in which the configuration's paths are neither masked nor read-only; by the mounts' numbers, since their
    names change while they are read."""
    mounts = [line.split() for line in open(f"/proc/{container.pid}/mountinfo")]
    for mount in mounts:
        if mount[mount.index("-") + 1] != "proc" or mount[3] != "/": continue
        if not any(other[1] == mount[0] and other[3] == "/sys" and "ro" in other[5].split(",") for other in mounts):
            return f"procfs at {mount[4]} is writable: sys is not read-only there"
    return None
