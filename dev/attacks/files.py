"""Files and folders that an image, a container or its caller lays out to mislead the runtime."""
import os, stat, threading
from .arena import SECRET, attack, broken, held, not_applicable


@attack("device-node-links", "CVE-2026-41579, 2018-15664 kin", without_openat2=True)
def device_links(place):
    """The image's /dev holds links to the host where nodes go, or is itself a link to the host."""
    details = []
    # A name that runtimes replace in /dev.
    (place.host / "folder/ptmx").write_text("the host's")
    for case in ("nodes", "folder", "pts"):
        bundle = place.bundle("/bin/true")
        bundle.config["mounts"] = [entry for entry in bundle.mounts if not entry["destination"].startswith("/dev")]
        if case == "nodes":
            for name in ("null", "zero", "tty", "console"): (bundle.rootfs / "dev" / name).symlink_to(place.host / "secret")
        elif case == "folder":
            (bundle.rootfs / "dev").rmdir()
            (bundle.rootfs / "dev").symlink_to(place.host / "folder")
        else:
            bundle.mounts.append({"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance"]})
            (bundle.rootfs / "dev/pts").symlink_to(place.host / "folder")
        place.begin()
        with bundle.create() as container:
            if place.harm(): return broken(place.harm())
            if container and case == "nodes":
                status = os.lstat(container.path("/dev/null"))
                if stat.S_ISLNK(status.st_mode): return broken("/dev/null of the container is the image's link")
            details.append("created" if container else container.outcome.reason)
    return held("; ".join(details)[-160:])


@attack("mount-target-links", "CVE-2021-30465 kin", without_openat2=True)
def target_links(place):
    """Mounts go below links of the image: to the host, upwards, and through magic links of procfs."""
    targets = [place.host, "../" * 20 + str(place.host)[1:], f"/proc/self/root{place.host}", f"/proc/1/root{place.host}",
               "/proc/self/cwd", "/proc/self/fd/3", "/proc/thread-self/root"]
    for target in targets:
        for kind in ("folder", "file"):
            bundle = place.bundle("/bin/true")
            (bundle.rootfs / "link").symlink_to(target)
            if kind == "folder":
                bundle.mounts.append({"destination": "/link/below", "type": "tmpfs", "source": "attackers", "options": []})
            else:
                bundle.bind("/bin/busybox", "/link/below")
            bundle.config["process"]["cwd"] = "/link/cwd"
            with bundle.create() as container:
                if place.harm(): return broken(f"link to {target}: {place.harm()}")
                if not container: continue
                marks = [point for point, rest in container.mounts() if ("attackers" in rest if kind == "folder" else "busybox" in rest)]
                if not marks: return broken(f"link to {target}: the mount landed outside of the container")
    return held(f"{2 * len(targets)} links")


@attack("pid-file-link", "-")
def pid_file(place):
    """--pid-file lies in a folder of the container's: a link to the host, and names that were guessed."""
    folder = place.folder / "shared"
    folder.mkdir()
    (folder / "pid").symlink_to(place.host / "secret")
    # Other names of the host's file, for the process numbers that come next.
    latest = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(latest, 0)
    for number in range(latest, latest + 5000):
        for name in (f"pid.tmp.{number}", f".pid.{number}"): os.link(place.host / "secret", folder / name)
    (folder / ".pid").symlink_to(place.host / "secret")
    bundle = place.bundle("/bin/true")
    bundle.write()
    outcome = place.call("create", "--bundle", bundle.folder, "--pid-file", folder / "pid", bundle.id)
    bundle.delete()
    return broken(place.harm()) if place.harm() else held("created" if outcome.code == 0 else outcome.reason)


@attack("state-folder-link", "-")
def state_folder(place):
    """The folder of the container's state is a link to the host already."""
    bundle = place.bundle("/bin/true")
    (place.state / bundle.id).symlink_to(place.host / "folder")
    bundle.write()
    outcome = place.call("create", "--bundle", bundle.folder, bundle.id)
    harm = place.harm()
    bundle.delete()
    return broken(harm or place.harm()) if harm or place.harm() else held(outcome.reason)


@attack("container-id", "CVE-2018-10892 kin")
def container_id(place):
    """Ids that are paths."""
    bundle = place.bundle("/bin/true")
    bundle.write()
    names = ["../host/made", "a/../../host/made", "/" + str(place.host / "made"), ".", "..", "", "a/b", "a\nb", "x" * 5000, "..%2f", "a b", "ü"]
    accepted = []
    for name in names:
        outcome = place.call("create", "--bundle", bundle.folder, name)
        if outcome.code == 0: accepted.append(name)
        if place.harm(): return broken(f"id {name[:40]!r}: {place.harm()}")
        place.call("delete", "--force", name)
        if place.harm() or not place.host.exists(): return broken(f"delete {name[:40]!r}: {place.harm()}")
    return broken(f"accepted as an id: {accepted[0][:40]!r}") if accepted else held(f"{len(names)} refused")


@attack("cgroup-path", "-")
def cgroup_path(place):
    """cgroupsPath and the keys of resources.unified that lead out of the hierarchy."""
    up = "../" * 20
    for path in (up + str(place.host)[1:] + "/made", "/" + up + str(place.host)[1:] + "/made"):
        bundle = place.bundle("/bin/true")
        bundle.linux["cgroupsPath"] = path
        bundle.linux["resources"] = {"unified": {up + str(place.host / "secret")[1:]: "written"}} if path.startswith("/") else {}
        with bundle.create():
            if place.harm(): return broken(place.harm())
    return held("the host unchanged")


@attack("hostile-config", "CVE-2022-31030 kin")
def hostile_config(place):
    """config.json is a pipe, a device without end, a folder, a link to one; the runtime must not wait or swell."""
    def pipe(path): os.mkfifo(path)
    def device(path): path.symlink_to("/dev/zero")
    def terminal(path): path.symlink_to("/dev/ptmx")
    def folder(path): path.mkdir()
    def loop(path): path.symlink_to(path)
    for make in (pipe, device, terminal, folder, loop):
        bundle = place.bundle("/bin/true")
        make(bundle.folder / "config.json")
        outcome = place.call("create", "--bundle", bundle.folder, bundle.id, timeout=5)
        if outcome.hung: return broken(f"config.json is a {make.__name__}: waits for ever")
        if outcome.code < 0: return broken(f"config.json is a {make.__name__}: killed by signal {-outcome.code}")
        if outcome.code == 0: return broken(f"config.json is a {make.__name__}: accepted")
    return held(outcome.reason)


@attack("hostile-root", "CVE-2021-41103 kin")
def hostile_root(place):
    """The image's passwd is a pipe or a device without end; targets are pipes, loops and 4096 folders deep."""
    details = []
    for case in ("passwd pipe", "passwd device", "passwd terminal", "target pipe", "target loop", "deep"):
        bundle = place.bundle("/bin/true")
        passwd = bundle.rootfs / "etc/passwd"
        bundle.config["process"]["env"] = ["PATH=/bin"]
        if case.startswith("passwd"):
            passwd.unlink()
            if case.endswith("pipe"): os.mkfifo(passwd)
            else: os.mknod(passwd, stat.S_IFCHR | 0o666, os.makedev(1, 5) if case.endswith("device") else os.makedev(5, 2))
        elif case == "target pipe":
            os.mkfifo(bundle.rootfs / "pipe")
            bundle.bind("/bin/busybox", "/pipe")
        elif case == "target loop":
            (bundle.rootfs / "loop").symlink_to("/loop")
            bundle.bind("/bin/busybox", "/loop")
        else:
            bundle.mounts.append({"destination": "/d" * 2000, "type": "tmpfs", "source": "tmpfs", "options": []})
        with bundle.create(timeout=8) as container:
            if container.outcome.hung: return broken(f"{case}: waits for ever")
            if container.outcome.code < 0: return broken(f"{case}: killed by signal {-container.outcome.code}")
            details.append(f"{case}: {'created' if container else 'refused'}")
    return held(", ".join(details))
