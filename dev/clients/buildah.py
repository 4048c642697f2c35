"""buildah as root, with the runtime for each RUN."""
from .podman import LIMITS


def set_up(place):
    (place.folder / "containers.conf").write_text(LIMITS)
    place.environment |= {"CONTAINERS_CONF": str(place.folder / "containers.conf"), "BUILDAH_RUNTIME": place.task["runtime"],
                          "runtime": place.task["runtime"], "image": "localhost/busybox", "BUILDAH_ISOLATION": "oci"}
    options = f"--storage-driver overlay --root {place.folder}/root --runroot {place.folder}/runroot"
    place.script("buildah", f'exec /usr/bin/buildah {options} "$@"')
    place.run("buildah", "pull", "-q", f"docker-archive:{place.task['images']}/busybox.tar")
    return {}


def tear_down(place):
    place.run("buildah", "rm", "--all")
    place.run("buildah", "rmi", "--all", "--force")
