"""Two tiny images, so that every system call of a pull can be tried: OCI layouts and an archive as docker save writes it."""
import gzip, hashlib, io, json, os, tarfile


def layer(entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.type, entry.mode = 1700000000, kind, 0o755
            if kind == tarfile.REGTYPE: entry.size = len(content)
            elif kind in (tarfile.SYMTYPE, tarfile.LNKTYPE): entry.linkname = content
            tar.addfile(entry, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
    return buffer.getvalue()


def digest(data): return "sha256:" + hashlib.sha256(data).hexdigest()


def layout(folder, word):
    """Writes a layout of two layers; gives back what a docker archive of it holds."""
    os.makedirs(f"{folder}/blobs/sha256")
    lower = layer([("etc", tarfile.DIRTYPE, b""), ("etc/name", tarfile.REGTYPE, word.encode() * 3000),
                   ("etc/gone", tarfile.REGTYPE, b"gone"), ("etc/link", tarfile.SYMTYPE, "name")])
    upper = layer([("etc/.wh.gone", tarfile.REGTYPE, b""), ("new", tarfile.REGTYPE, word.encode()), ("hard", tarfile.LNKTYPE, "new")])

    def put(data, kind):
        with open(f"{folder}/blobs/" + digest(data).replace(":", "/"), "wb") as file: file.write(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(data), "size": len(data)}

    config = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine), "os": "linux",
        "config": {"Cmd": [word]}, "rootfs": {"type": "layers", "diff_ids": [digest(lower), digest(upper)]}}).encode()
    layers = [put(gzip.compress(data, mtime=0), "layer.v1.tar+gzip") for data in (lower, upper)]
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": put(config, "config.v1+json"),
        "layers": layers}).encode()
    entry = put(manifest, "manifest.v1+json") | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    with open(f"{folder}/index.json", "w") as file: json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
    with open(f"{folder}/oci-layout", "w") as file: file.write('{"imageLayoutVersion":"1.0.0"}')
    return config, [lower, upper]


def make(folder):
    """Makes `one` and `two` as layouts, `one.tar` as docker save writes it, and `root.tar`, a root file system."""
    os.makedirs(folder)
    config, layers = layout(f"{folder}/one", "one")
    layout(f"{folder}/two", "two")
    with open(f"{folder}/root.tar", "wb") as file: file.write(layers[0])
    files = {"config.json": config, "0/layer.tar": layers[0], "1/layer.tar": layers[1]}
    files["manifest.json"] = json.dumps(
        [{"Config": "config.json", "RepoTags": ["localhost/one:1"], "Layers": ["0/layer.tar", "1/layer.tar"]}]).encode()
    with tarfile.open(f"{folder}/one.tar", "w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
