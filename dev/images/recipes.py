"""What goes into each test image: functions that write layer tars into a folder and return them with the image's config."""
import pathlib, subprocess, tarfile
from layout import Tree

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUSYBOX = "/bin/busybox"

# Packages per layer, on top of busybox. Chosen for many small real files of mixed kinds.
FILES150 = [["libpython3.11-stdlib", "libpython3.11-minimal", "python3-sympy"], ["vim-runtime"], ["git"],
            ["perl-modules-5.36"], ["iso-codes"]]
FILES1G = [["golang-1.19-src"], ["rust-src"], ["libboost1.74-dev"], ["linux-doc-6.1"], ["texlive-latex-extra"],
           ["python3-botocore"], ["node-typescript"], ["ansible"]]


def base_layer(folder):
    """busybox with its applets, the usual folders, root, nobody and a user `user` (1000:1000)."""
    tree = Tree(folder / "busybox.tar")
    for name in ["bin", "dev", "etc", "home", "proc", "sys", "usr", "usr/bin", "usr/sbin", "sbin", "var", "var/tmp"]:
        tree.add(name, mode=0o1777 if name == "var/tmp" else 0o755)
    tree.add("root", mode=0o700)
    tree.add("tmp", mode=0o1777)
    tree.add("home/user", uid=1000, gid=1000)
    tree.file("bin/busybox", pathlib.Path(BUSYBOX).read_bytes(), 0o755)
    for applet in subprocess.check_output([BUSYBOX, "--list"], text=True).split():
        if applet == "sh":  # one hard link, so that links are exercised by every run
            tree.add("bin/sh", tarfile.LNKTYPE, 0o755, link="bin/busybox")
        elif applet != "busybox":
            tree.symlink(f"bin/{applet}", "busybox")
    tree.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
                            "user:x:1000:1000:user:/home/user:/bin/sh\n")
    tree.file("etc/group", "root:x:0:\nnogroup:x:65534:\nuser:x:1000:\nextra:x:2000:user\n")
    tree.file("etc/shadow", "root:*:19000::::::\n", 0o600)
    tree.file("etc/motd", "first layer\n")
    tree.file("etc/removed", "the second layer removes this file\n")
    tree.add("var/opaque")
    tree.file("var/opaque/below", "the second layer hides this file\n")
    return tree.close()


def change_layer(folder):
    """A second layer that replaces a file, removes one and hides a folder's content."""
    tree = Tree(folder / "change.tar")
    tree.file("etc/motd", "second layer\n")
    tree.file("etc/.wh.removed", "")
    tree.add("var/opaque")
    tree.file("var/opaque/.wh..wh..opq", "")
    tree.file("var/opaque/above", "only this file is seen\n")
    return tree.close()


def busybox(folder):
    return [base_layer(folder), change_layer(folder)], {"Env": [PATH], "Cmd": ["sh"]}


def configured(folder):
    """busybox with every field of the config that a run must honour."""
    return busybox(folder)[0], {
        "User": "user", "WorkingDir": "/home/user", "Env": [PATH, "GREETING=hello from the image"],
        "Entrypoint": ["/bin/sh", "-c", "echo \"$GREETING\"; id -u; pwd; echo \"$@\"", "entry"], "Cmd": ["default", "words"],
        "Labels": {"org.example.test": "yes"}, "StopSignal": "SIGUSR1", "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
    }


def pause(folder):
    """busybox that does nothing: the first process of a pod."""
    return busybox(folder)[0], {"Env": [PATH], "Entrypoint": ["/bin/sleep", "2147483647"]}


def python(folder):
    """Debian's smallest root with python3."""
    root = folder / "debian.tar"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3-minimal", "--format=tar",
                    "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
                    "--dpkgopt=path-exclude=/usr/share/man/*", "bookworm", str(root)], check=True)
    tree = Tree(folder / "hello.tar")
    tree.file("hello.py", "import os, sys\nprint('python', sys.version.split()[0], 'as', os.getuid(), 'pid', os.getpid())\n")
    return [root, tree.close()], {"Env": [PATH, "LANG=C.UTF-8"], "Cmd": ["python3"]}


def download(names, folder):
    """Downloads Debian packages; refreshes apt's lists only where they don't know a name."""
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names]
    if subprocess.run(command, cwd=folder, stderr=subprocess.DEVNULL).returncode:
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        subprocess.run(command, cwd=folder, check=True)


def packages(layers):
    def recipe(folder):
        tars = [base_layer(folder)]
        for names in layers:
            download(names, folder)
            tree = Tree(folder / f"{names[0]}.tar")
            for deb in sorted(folder.glob("*.deb")):
                tree.package(deb)
                deb.unlink()
            tars.append(tree.close())
        return tars, {"Env": [PATH], "Cmd": ["sh"]}
    return recipe


# name: (recipe, the Debian packages whose versions decide whether a cached image is fresh)
RECIPES = {
    "busybox": (busybox, ["busybox-static"]),
    "configured": (configured, ["busybox-static"]),
    "pause": (pause, ["busybox-static"]),
    "python": (python, ["base-files", "libc6", "python3-minimal", "python3.11-minimal"]),
    "files150": (packages(FILES150), ["busybox-static"] + sum(FILES150, [])),
    "files1g": (packages(FILES1G), ["busybox-static"] + sum(FILES1G, [])),
}
DEFAULT = ["busybox", "configured", "python", "files150"]
