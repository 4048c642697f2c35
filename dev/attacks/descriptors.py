"""What reaches the container through descriptors and working folders."""
import os, stat
from .arena import SECRET, attack, broken, held, not_applicable


def leaked(place):
    """Descriptors that a careless caller of the runtime leaves open: the host's folder and a file of it."""
    numbers = [os.open(place.host, os.O_RDONLY), os.open(place.host / "secret", os.O_RDWR)]
    for number in numbers: os.set_inheritable(number, True)
    return numbers


@attack("descriptors-program", "CVE-2024-21626")
def program(place):
    """The caller leaves descriptors of the host open; the container's program must not have them."""
    numbers = leaked(place)
    try:
        bundle = place.bundle("/bin/sh", "-c", "ls -l /proc/self/fd")
        outcome = bundle.run(pass_fds=numbers)
    finally:
        for number in numbers: os.close(number)
    if outcome.code: return held(outcome.reason)
    lines = [line for line in outcome.output.splitlines() if str(place.host) in line]
    return broken(lines[0][-100:]) if lines else held(f"{len(outcome.output.splitlines()) - 1} descriptors, none of the host")


@attack("descriptors-created", "CVE-2016-9962")
def created(place):
    """The process that waits for start holds no folder of the host; who may trace it could walk out through one."""
    numbers = leaked(place)
    try:
        container = place.bundle("/bin/true").create(pass_fds=numbers)
    finally:
        for number in numbers: os.close(number)
    with container:
        if not container: return held(container.outcome.reason)
        root = os.stat(f"/proc/{container.pid}/root/.")
        for name in sorted(os.listdir(f"/proc/{container.pid}/fd"), key=int):
            path = f"/proc/{container.pid}/fd/{name}"
            target, status = os.readlink(path), os.stat(path)
            if stat.S_ISDIR(status.st_mode) and not same_root(container, status, root):
                return broken(f"descriptor {name} is a folder of the host: {target}")
            if str(place.host) in target:
                return broken(f"descriptor {name}: {target}")
        return held(f"{len(os.listdir(f'/proc/{container.pid}/fd'))} descriptors")


def same_root(container, status, root):
    return (status.st_dev, status.st_ino) == (root.st_dev, root.st_ino)


@attack("cwd-descriptor", "CVE-2024-21626")
def working_folder(place):
    """process.cwd is a descriptor's link of procfs, directly and through a link of the image."""
    for number in range(3, 16):
        for through_link in (False, True):
            secret = "../" * 12 + str(place.host)[1:] + "/secret"
            bundle = place.bundle("/bin/busybox", "cat", secret)
            bundle.config["process"]["cwd"] = "/link" if through_link else f"/proc/self/fd/{number}"
            (bundle.rootfs / "link").symlink_to(f"/proc/self/fd/{number}")
            outcome = bundle.run()
            if SECRET in outcome.output:
                return broken(f"process.cwd /proc/self/fd/{number} is a folder of the host")
    return held(outcome.reason)


@attack("cwd-descriptor-exec", "CVE-2024-21626")
def working_folder_of_exec(place):
    """The same with exec --cwd."""
    if not place.has("exec"): return not_applicable("the runtime has no exec")
    bundle = place.bundle("/bin/sleep", "60")
    with bundle.create() as container:
        if not container: return held(container.outcome.reason)
        container.start()
        secret = "../" * 12 + str(place.host)[1:] + "/secret"
        for number in range(3, 16):
            outcome = place.call("exec", "--cwd", f"/proc/self/fd/{number}", bundle.id, "/bin/busybox", "cat", secret)
            if SECRET in outcome.output: return broken(f"exec --cwd /proc/self/fd/{number} is a folder of the host")
        return held(outcome.reason)
