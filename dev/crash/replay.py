"""What is left on a disk whose power fails after each of a program's recorded system calls.

The model is harsher than any file system: a file's bytes are there only once it was fsynced, a folder's entries only once
the folder was; syncfs makes all of it so. Beside this strict state it gives what a file system with ordered metadata may
leave: every name and no byte that was not flushed (lost, or zeros up to the file's length, or a random part of them).
"""
import os, random, stat, urllib.parse

SECTOR = 512


class Node:
    """A file, folder, link or device: what the program sees, and what is on the disk."""
    count = 0

    def __init__(self, kind, mode=0o644, target="", device=0):
        Node.count += 1
        self.id, self.kind, self.mode, self.target, self.device = Node.count, kind, mode, target, device
        self.data, self.durable = bytearray(), b""
        self.entries, self.durable_entries = {}, {}
        self.version = self.durable_version = 0

    def flush(self):
        if self.kind == "dir":
            self.durable_entries = dict(self.entries)
        elif self.kind == "file":
            if self.durable_version == self.version: return
            self.durable = bytes(self.data)
        self.durable_version = self.version


class Disk:
    """The tree below a folder, as calls change it."""

    def __init__(self, root):
        self.root_path, self.anonymous, self.nodes = root, {}, []
        self.root = self.read(root)
        self.flush_all()

    def make(self, *words, **more):
        node = Node(*words, **more)
        self.nodes.append(node)
        return node

    def read(self, path, known=None):
        """Takes in what lies on the real disk."""
        known = {} if known is None else known
        status = os.lstat(path)
        if status.st_ino in known: return known[status.st_ino]
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            node = self.make("dir", mode)
            node.entries = {name: self.read(os.path.join(path, name), known) for name in os.listdir(path)}
        elif stat.S_ISLNK(status.st_mode): node = self.make("link", mode, os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            node = self.make("file", mode)
            with open(path, "rb") as file: node.data = bytearray(file.read())
            node.version = 1
        else: node = self.make("node", status.st_mode, device=status.st_rdev)
        known[status.st_ino] = node
        return node

    def flush_all(self):
        for node in self.nodes: node.flush()

    def folder(self, path):
        """The folder of a path, and the last name; None where it lies outside."""
        if path != self.root_path and not path.startswith(self.root_path + "/"): return None, ""
        parts = path[len(self.root_path):].strip("/").split("/")
        node = self.root
        for part in parts[:-1]:
            node = node.entries.get(part) if node else None
        return (node if node is not None and node.kind == "dir" else None), parts[-1]

    def find(self, path):
        if path == self.root_path: return self.root
        if path.endswith(" (deleted)"): return self.anonymous.setdefault(path, self.make("file"))
        folder, name = self.folder(path)
        return folder.entries.get(name) if folder else None

    def put(self, path, node):
        folder, name = self.folder(path)
        if folder is not None:
            folder.entries[name] = node
            folder.version += 1

    def take(self, path):
        folder, name = self.folder(path)
        if folder is None: return None
        folder.version += 1
        return folder.entries.pop(name, None)

    def apply(self, call):
        """Does what a call did; gives back whether anything became durable or changed."""
        name, path, second, more = call
        if more.get("result", 0) < 0: return
        method = getattr(self, "do_" + name, None)
        if method: method(path, second, more)

    def write(self, node, offset, data):
        if node is None or node.kind != "file": return
        if offset < 0: offset = len(node.data)
        if len(node.data) < offset: node.data.extend(bytes(offset - len(node.data)))
        node.data[offset:offset + len(data)] = data
        node.version += 1

    def do_openat(self, path, _, more):
        flags = more["flags"]
        if flags & os.O_TMPFILE == os.O_TMPFILE: return
        node = self.find(path)
        if node is None and flags & os.O_CREAT: self.put(path, self.make("file"))
        elif node is not None and flags & os.O_TRUNC and node.kind == "file" and node.data:
            node.data = bytearray()
            node.version += 1

    do_open = do_creat = do_openat2 = do_openat

    def do_write(self, path, _, more):
        self.write(self.find(path), more["offset"], more["data"][:more["result"]])

    do_pwrite64 = do_writev = do_pwritev = do_pwritev2 = do_write

    def do_copy_file_range(self, path, _, more):
        source = self.find(more["source"]) if self.folder(more["source"])[0] else None
        if source is not None: data = bytes(source.data[more["from"]:more["from"] + more["result"]])
        else:
            with open(more["source"], "rb") as file: data = os.pread(file.fileno(), more["result"], more["from"])
        self.write(self.find(path), more["offset"], data)

    do_sendfile = do_splice = do_copy_file_range

    def do_ftruncate(self, path, _, more):
        node, size = self.find(path), more["size"]
        if node is None: return
        if size < len(node.data): del node.data[size:]
        else: node.data.extend(bytes(size - len(node.data)))
        node.version += 1

    do_truncate = do_ftruncate

    def do_fallocate(self, path, _, more):
        node, end = self.find(path), more["offset"] + more["size"]
        if node is not None and not more["mode"] & 1 and end > len(node.data):
            node.data.extend(bytes(end - len(node.data)))
            node.version += 1

    def do_mkdirat(self, path, _, more): self.put(path, self.make("dir", more.get("mode", 0o755)))

    do_mkdir = do_mkdirat

    def do_symlinkat(self, path, _, more): self.put(path, self.make("link", target=more["target"]))

    do_symlink = do_symlinkat

    def do_mknodat(self, path, _, more):
        self.put(path, self.make("node", more["mode"], device=more["device"]))

    def do_linkat(self, path, second, more):
        node = self.find(path)
        if node is not None: self.put(second, node)

    do_link = do_linkat

    def do_renameat2(self, path, second, more):
        if more.get("flags", 0) & 2:
            one, two = self.take(path), self.take(second)
            self.put(path, two)
            self.put(second, one)
            return
        node = self.take(path)
        if node is not None: self.put(second, node)

    do_rename = do_renameat = do_renameat2

    def do_unlinkat(self, path, second, more): self.take(path)

    do_unlink = do_rmdir = do_unlinkat

    def do_fsync(self, path, _, more):
        node = self.find(path)
        if node is not None: node.flush()

    do_fdatasync = do_fsync

    def do_syncfs(self, path, _, more): self.flush_all()

    # What is left.

    def durable_bytes(self, node, variant, dice):
        if variant == "strict" or node.version == node.durable_version: return node.durable
        if variant == "lost": return node.durable[:len(node.data)]
        if variant == "zeros": return node.durable[:len(node.data)].ljust(len(node.data), b"\0")
        left = bytearray(node.durable[:len(node.data)].ljust(len(node.data), b"\0"))
        for start in range(0, len(left), SECTOR):
            if dice.random() < 0.5: left[start:start + SECTOR] = node.data[start:start + SECTOR]
        return bytes(left)

    def signature(self, variant):
        """Two instants with the same signature leave the same disk."""
        parts, open_nodes = [], [self.root]
        while open_nodes:
            node = open_nodes.pop()
            entries = node.durable_entries if variant == "strict" else node.entries
            is_flushed = node.version == node.durable_version
            parts.append((node.id, node.durable_version, is_flushed or variant == "strict" or len(node.data)))
            for name, child in sorted(entries.items()):
                parts.append((name, child.id))
                open_nodes.append(child)
        return hash(tuple(parts))

    def materialize(self, target, variant, seed=0):
        dice, made = random.Random(seed), {}

        def build(node, path):
            if node.id in made and node.kind != "dir": return os.link(made[node.id], path, follow_symlinks=False)
            made[node.id] = path
            if node.kind == "dir":
                os.makedirs(path, exist_ok=True)
                os.chmod(path, node.mode & 0o7777 | 0o700)
                for name, child in (node.durable_entries if variant == "strict" else node.entries).items():
                    build(child, os.path.join(path, name))
            elif node.kind == "link": os.symlink(node.target, path)
            elif node.kind == "node": os.mknod(path, node.mode, node.device)
            else:
                with open(path, "wb") as file: file.write(self.durable_bytes(node, variant, dice))
                os.chmod(path, node.mode)

        build(self.root, target)


def calls(path):
    """The calls of a record."""
    with open(path, errors="surrogateescape") as file:
        for line in file:
            name, first, second, *rest = line.rstrip("\n").split("\t")
            more = {}
            for part in rest:
                key, _, value = part.partition("=")
                if key == "data": more[key] = bytes.fromhex(value)
                elif key in ("source", "target"): more[key] = urllib.parse.unquote(value)
                else: more[key] = int(value)
            yield name, urllib.parse.unquote(first), urllib.parse.unquote(second), more
