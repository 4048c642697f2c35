"""podman as an ordinary user, who exists in the ground only, with subordinate ids."""
import os, pathlib, subprocess
from . import ground
from .podman import LIMITS

USER, ID = "hakouser", 1000
FILES = {"/etc/passwd": f"{USER}:x:{ID}:{ID}::{{home}}:/bin/bash\n", "/etc/group": f"{USER}:x:{ID}:\n",
         "/etc/subuid": f"{USER}:200000:65536\n", "/etc/subgid": f"{USER}:200000:65536\n"}


def set_up(place):
    home = place.folder / "home"
    home.mkdir()
    for path, line in FILES.items():
        old = pathlib.Path(path).read_text() if os.path.exists(path) else ""
        kept = [entry for entry in old.splitlines() if entry.split(":")[2:3] != [str(ID)] and "sub" not in path]
        changed = place.folder / pathlib.Path(path).name
        changed.write_text("\n".join(kept) + "\n" + line.format(home=home))
        if not os.path.exists(path): pathlib.Path(path).touch()
        subprocess.run(["mount", "--bind", changed, path], check=True)
    (place.folder / "containers.conf").write_text(LIMITS)
    run = pathlib.Path(f"/run/user/{ID}")
    run.mkdir(parents=True)
    for path in (home, run):
        os.chown(path, ID, ID)
    options = f"--storage-driver overlay --cgroup-manager cgroupfs --events-backend file --runtime {place.task['runtime']}"
    user = f"setpriv --reuid {ID} --regid {ID} --init-groups --inh-caps=-all"
    environment = f'env -i HOME={home} XDG_RUNTIME_DIR={run} PATH="$PATH" LANG=C.UTF-8 CONTAINERS_CONF={place.folder}/containers.conf image="$image"'
    place.script("as-user", f'exec {user} {environment} "$@"')
    place.script("podman", f'exec as-user /usr/bin/podman {options} "$@"')
    place.environment |= {"image": "localhost/busybox", "runtime": place.task["runtime"]}
    place.run("podman", "pull", "-q", f"docker-archive:{place.task['images']}/busybox.tar")
    lacking = ground.lacking()
    if not os.path.exists("/dev/net/tun"): lacking["tun"] = "there is no /dev/net/tun"
    return lacking


def tear_down(place):
    place.run("podman", "pod", "rm", "--all", "--force", "--time", "0", check=False)
    place.run("podman", "rm", "--all", "--force", "--time", "0")
    place.run("podman", "system", "migrate")  # ends the process that holds the user namespace
