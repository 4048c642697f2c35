"""crictl with containerd's CRI: the runtime is a handler by name and the default; pods are on a bridge of CNI's."""
import json, pathlib
from . import ground

CONFIG = '''version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "docker.io/library/pause:latest"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "tested"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
        BinaryName = "{runtime}"
'''
NETWORK = {"cniVersion": "0.4.0", "name": "pods", "plugins": [
    {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]],
                                                                    "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": True}}]}
# `pod NAME [JSON]` and `container NAME COMMAND [JSON]` write NAME.json; the JSON is merged in.
WRITER = '''import json, sys
def merge(one, other):
    for key, value in other.items(): one[key] = merge(one.get(key, {}), value) if isinstance(value, dict) else value
    return one
kind, name, *rest = sys.argv[1:]
if kind == "pod":
    document = {"metadata": {"name": name, "uid": name, "namespace": "default", "attempt": 1}, "hostname": name, "log_directory": LOGS, "linux": {}}
else:
    document = {"metadata": {"name": name}, "image": {"image": "docker.io/library/busybox:latest"}, "log_path": name + ".log", "linux": {}}
    document["command"] = ["sh", "-c", rest.pop(0)]
if rest: merge(document, json.loads(rest[0]))
json.dump(document, open(name + ".json", "w"))
'''


def set_up(place):
    folder = place.folder
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, runtime=place.task["runtime"]))
    (folder / "cni").mkdir()
    (folder / "logs").mkdir()
    (folder / "cni/10-pods.conflist").write_text(json.dumps(NETWORK))
    (folder / "writer.py").write_text(WRITER.replace("LOGS", repr(str(folder / "logs"))))
    for kind in ("pod", "container"):
        place.script(kind, f'exec python3 {folder}/writer.py {kind} "$@"')
    address = f"{folder}/containerd.sock"
    (folder / "crictl.yaml").write_text(f"runtime-endpoint: unix://{address}\nimage-endpoint: unix://{address}\ntimeout: 20\n")
    place.environment |= {"CRI_CONFIG_FILE": str(folder / "crictl.yaml"), "runtime": place.task["runtime"]}
    place.daemon("containerd", "--config", folder / "config.toml", ready=["crictl", "info"])
    for name in ("busybox", "pause"):
        place.run("ctr", "--address", address, "-n", "k8s.io", "images", "import", pathlib.Path(place.task["images"], f"{name}.tar"))
    return ground.lacking()


def tear_down(place):
    pods = place.run("crictl", "pods", "-q").stdout.split()
    if pods: place.run("crictl", "rmp", "-f", *pods)
