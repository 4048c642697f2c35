"""podman as root, with cgroupfs, the limits that the machine may set, and CNI's bridge in the ground's network."""
import resource
from . import ground

# podman wants limits that need a right to raise them; these are the machine's own.
LIMITS = "[containers]\ndefault_ulimits = [{}]\n".format(", ".join(
    f'"{name}={most}:{most}"' for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
    for most in [resource.getrlimit(kind)[1]] if most != resource.RLIM_INFINITY))


def options(place):
    words = ["--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--root", place.folder / "root",
             "--runroot", place.folder / "runroot", "--tmpdir", place.folder / "tmp", "--runtime", place.task["runtime"]]
    return " ".join(str(word) for word in words)


def set_up(place):
    (place.folder / "containers.conf").write_text(LIMITS)
    place.environment["CONTAINERS_CONF"] = str(place.folder / "containers.conf")
    place.environment["runtime"] = place.task["runtime"]
    place.environment["image"] = "localhost/busybox"
    place.script("podman", f'exec /usr/bin/podman {options(place)} "$@"')
    for name in ("busybox", "configured"):
        place.run("podman", "pull", "-q", f"docker-archive:{place.task['images']}/{name}.tar")
    lacking = ground.lacking()
    if "--pids-limit" not in place.run("podman", "update", "--help").stdout:
        lacking["update-pids"] = "this podman updates no limit of processes"
    return lacking


def tear_down(place):
    place.run("podman", "pod", "rm", "--all", "--force", "--time", "0", check=False)
    place.run("podman", "rm", "--all", "--force", "--time", "0")
