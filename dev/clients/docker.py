"""dockerd with the runtime as one of its own and as its default, in the ground's network, with bridge and iptables."""
import pathlib
from . import ground


def set_up(place):
    place.environment["DOCKER_HOST"] = f"unix://{place.folder}/docker.sock"
    place.environment["image"] = "busybox"
    # Where it still has this option its default needs a right that the machine may not give.
    older = ["--oom-score-adjust", "0"] if "--oom-score-adjust" in place.run("dockerd", "--help").stdout else []
    place.daemon("dockerd", "--data-root", place.folder / "data", "--exec-root", place.folder / "exec", "-p", place.folder / "pid",
                 "-H", f"unix://{place.folder}/docker.sock", "--storage-driver", "overlay2", *older,
                 "--exec-opt", "native.cgroupdriver=cgroupfs", "--add-runtime", f"tested={place.task['runtime']}",
                 "--default-runtime", "tested", "--experimental", ready=["docker", "version"])
    for name in ("busybox", "configured"):
        place.run("docker", "load", "-q", "-i", pathlib.Path(place.task["images"], f"{name}.tar"))
    return ground.lacking()


def tear_down(place):
    left = place.run("docker", "ps", "-aq").stdout.split()
    if left: place.run("docker", "rm", "-f", "-v", *left)
    place.run("docker", "network", "prune", "-f")
    place.run("docker", "volume", "prune", "-f")
