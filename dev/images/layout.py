"""Writes OCI image layouts, docker-archive files and pushes: the documents of image-spec v1.1 and Docker schema 2, stdlib only."""
import hashlib, http.client, io, json, os, pathlib, shutil, subprocess, tarfile, urllib.parse

EPOCH = 1_700_000_000  # every time stamp in an image, so that the same input gives the same digests
CREATED = "2023-11-14T22:13:20Z"

OCI = {
    "index": "application/vnd.oci.image.index.v1+json",
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "+gzip", "zstd": "+zstd", "plain": "",
}
DOCKER = {
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar",
    "gzip": ".gzip", "zstd": ".zstd", "plain": "",
}
COMPRESSORS = {"gzip": ["gzip", "-n", "-6", "-c"], "zstd": ["zstd", "-q", "-6", "-c"], "plain": ["cat"]}


class Tree:
    """A layer under construction: a tar stream with fixed times and root as the default owner."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.tar = tarfile.open(self.path, "w", format=tarfile.PAX_FORMAT)
        self.folders = set()

    def add(self, name, kind=tarfile.DIRTYPE, mode=0o755, data=b"", link="", uid=0, gid=0):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.linkname, entry.uid, entry.gid = kind, mode, link, uid, gid
        entry.mtime, entry.size = EPOCH, len(data)
        self.tar.addfile(entry, io.BytesIO(data))

    def file(self, name, data, mode=0o644, **more):
        self.add(name, tarfile.REGTYPE, mode, data if isinstance(data, bytes) else data.encode(), **more)

    def symlink(self, name, target):
        self.add(name, tarfile.SYMTYPE, 0o777, link=target)

    def package(self, deb):
        """Adds the files of a Debian package; entries keep their modes and owners."""
        dump = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=dump.stdout, mode="r|") as files:
            for entry in files:
                if entry.isdir():
                    # Packages share folders; dockerd refuses a layer that names one twice.
                    if entry.name in self.folders:
                        continue
                    self.folders.add(entry.name)
                self.tar.addfile(entry, files.extractfile(entry) if entry.isreg() else None)
        if dump.wait():
            raise SystemExit(f"make-images: dpkg-deb {deb} failed")

    def close(self):
        self.tar.close()
        return self.path


def digest_of(path):
    with open(path, "rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


class Layout:
    """An OCI image layout folder (image-spec, image-layout.md)."""

    def __init__(self, folder, media=OCI):
        self.folder, self.media = pathlib.Path(folder), media
        (self.folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob_path(self, digest):
        return self.folder / "blobs" / digest.replace(":", "/")

    def document(self, kind, value):
        data = json.dumps(value, separators=(",", ":")).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blob_path(digest).write_bytes(data)
        return {"mediaType": self.media[kind], "digest": digest, "size": len(data)}

    def layer(self, tar, compression):
        """Compresses a tar file into a blob; returns its descriptor and diff id."""
        part = self.folder / "blobs/part"
        with open(tar, "rb") as source, open(part, "wb") as out:
            subprocess.run(COMPRESSORS[compression], stdin=source, stdout=out, check=True)
        digest = digest_of(part)
        part.rename(self.blob_path(digest))
        media = self.media["layer"] + self.media[compression]
        return {"mediaType": media, "digest": digest, "size": self.blob_path(digest).stat().st_size}, digest_of(tar)

    def image(self, tars, config, compression="gzip", architecture="amd64"):
        """Writes one image; returns its manifest's descriptor with the platform."""
        layers = [self.layer(tar, compression) for tar in tars]
        document = {
            "created": CREATED, "architecture": architecture, "os": "linux", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [diff for _, diff in layers]},
            "history": [{"created": CREATED, "created_by": f"layer {pathlib.Path(tar).stem}"} for tar in tars],
        }
        manifest = {
            "schemaVersion": 2, "mediaType": self.media["manifest"], "config": self.document("config", document),
            "layers": [layer for layer, _ in layers],
        }
        return self.document("manifest", manifest) | {"platform": {"architecture": architecture, "os": "linux"}}

    def index(self, manifests):
        """Writes a multi-platform index; returns its descriptor."""
        return self.document("index", {"schemaVersion": 2, "mediaType": self.media["index"], "manifests": manifests})

    def finish(self, top, tag="latest"):
        """Names `top` with `tag` in index.json."""
        top = {key: value for key, value in top.items() if key != "platform"}
        top["annotations"] = {"org.opencontainers.image.ref.name": tag}
        index = {"schemaVersion": 2, "mediaType": OCI["index"], "manifests": [top]}
        (self.folder / "index.json").write_text(json.dumps(index, indent=1))


def read_blob(folder, descriptor):
    return (pathlib.Path(folder) / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()


def top_of(folder):
    return json.loads((pathlib.Path(folder) / "index.json").read_text())["manifests"][0]


def manifests_of(folder, descriptor):
    """The image manifests below a manifest or an index, with the bodies of both."""
    body = read_blob(folder, descriptor)
    document = json.loads(body)
    for child in document.get("manifests", []):
        yield from manifests_of(folder, child)
    yield descriptor, body, document


def write_docker_archive(folder, tars, name, path):
    """Writes what `docker save` writes: manifest.json, the config and uncompressed layers."""
    manifest = [document for _, _, document in manifests_of(folder, top_of(folder)) if "layers" in document][-1]
    config = manifest["config"]["digest"].split(":")[1] + ".json"
    layers = [digest_of(tar).split(":")[1] + "/layer.tar" for tar in tars]
    listing = [{"Config": config, "RepoTags": [f"{name}:latest"], "Layers": layers}]
    tree = Tree(path)
    tree.file("manifest.json", json.dumps(listing))
    tree.file(config, read_blob(folder, manifest["config"]))
    for layer, tar in zip(layers, tars):
        entry = tarfile.TarInfo(layer)
        entry.size, entry.mtime = os.path.getsize(tar), EPOCH
        with open(tar, "rb") as data:
            tree.tar.addfile(entry, data)
    tree.close()


def push(folder, registry, name, tag="latest"):
    """Uploads a layout to a plain-HTTP registry, bytes unchanged (distribution-spec: pushing)."""
    connection = http.client.HTTPConnection(registry)

    def request(method, url, expected, body=None, headers=None):
        connection.request(method, url, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in expected:
            raise SystemExit(f"make-images: {method} {url}: {answer.status} {text[:300].decode(errors='replace')}")
        return answer

    def upload(descriptor):
        digest = descriptor["digest"]
        if request("HEAD", f"/v2/{name}/blobs/{digest}", (200, 404)).status == 200:
            return
        place = urllib.parse.urlsplit(request("POST", f"/v2/{name}/blobs/uploads/", (202,)).headers["Location"])
        query = f"{place.query}&" if place.query else ""
        with open(pathlib.Path(folder) / "blobs" / digest.replace(":", "/"), "rb") as data:
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(descriptor["size"])}
            request("PUT", f"{place.path}?{query}digest={digest}", (201,), data, headers)

    top = top_of(folder)
    for descriptor, body, document in manifests_of(folder, top):
        for blob in [document["config"], *document["layers"]] if "layers" in document else []:
            upload(blob)
        reference = tag if descriptor["digest"] == top["digest"] else descriptor["digest"]
        request("PUT", f"/v2/{name}/manifests/{reference}", (201,), body, {"Content-Type": descriptor["mediaType"]})


def replace_folder(source, target):
    """Copies a finished folder or file to `target`, in place of what is there."""
    target = pathlib.Path(target)
    if target.is_dir():
        shutil.rmtree(target)
    (shutil.copytree if pathlib.Path(source).is_dir() else shutil.copyfile)(source, target)
