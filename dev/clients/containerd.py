"""containerd with ctr: `--runc-binary` is the option BinaryName of the shim io.containerd.runc.v2."""
import pathlib
from . import ground

CONFIG = '''version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{folder}/containerd.sock"
'''


def set_up(place):
    (place.folder / "config.toml").write_text(CONFIG.format(folder=place.folder))
    address = f"{place.folder}/containerd.sock"
    place.environment |= {"CONTAINERD_ADDRESS": address, "runtime": place.task["runtime"], "image": "docker.io/library/busybox:latest"}
    place.script("ctr", f'exec /usr/bin/ctr --address {address} "$@"')
    place.daemon("containerd", "--config", place.folder / "config.toml", ready=["ctr", "version"])
    place.run("ctr", "images", "import", pathlib.Path(place.task["images"], "busybox.tar"))
    return ground.lacking()


def tear_down(place):
    for name in place.run("ctr", "tasks", "ls", "-q").stdout.split():
        place.run("ctr", "tasks", "rm", "-f", name)
    left = place.run("ctr", "containers", "ls", "-q").stdout.split()
    if left: place.run("ctr", "containers", "rm", *left)
