/// Documents as registries really send them.
enum ImageSamples {
    static let digest = "sha256:" + String(repeating: "a", count: 64)

    /// A Docker Hub index of an official image, with an attestation manifest.
    static let index = """
        {"manifests":[{"annotations":{"com.docker.official-images.bashbrew.arch":"amd64"},
        "digest":"sha256:1c4eef651f65e2f7daee7ee785882ac164b02b78fb74503052a26dc061c90474",
        "mediaType":"application/vnd.oci.image.manifest.v1+json","platform":{"architecture":"amd64","os":"linux"},"size":1022},
        {"digest":"sha256:9a1b2c3d4e5f60718293a4b5c6d7e8f9a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "mediaType":"application/vnd.oci.image.manifest.v1+json",
        "platform":{"architecture":"arm","os":"linux","variant":"v6"},"size":1022},
        {"digest":"sha256:8a1b2c3d4e5f60718293a4b5c6d7e8f9a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "mediaType":"application/vnd.oci.image.manifest.v1+json",
        "platform":{"architecture":"arm64","os":"linux","variant":"v8"},"size":1025},
        {"annotations":{"vnd.docker.reference.type":"attestation-manifest"},
        "digest":"sha256:7a1b2c3d4e5f60718293a4b5c6d7e8f9a1b2c3d4e5f60718293a4b5c6d7e8f90",
        "mediaType":"application/vnd.oci.image.manifest.v1+json",
        "platform":{"architecture":"unknown","os":"unknown"},"size":840}],
        "mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}
        """

    /// A Docker schema 2 manifest.
    static let dockerManifest = """
        {
           "schemaVersion": 2,
           "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
           "config": {
              "mediaType": "application/vnd.docker.container.image.v1+json",
              "size": 1457,
              "digest": "sha256:65ad0d468eb1c558bf7f4e64e790f586e9eda649ee9f130cd0e835b292bbc5ac"
           },
           "layers": [
              {
                 "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                 "size": 2207176,
                 "digest": "sha256:3f4d90098f5b5a6f6a76e9d217da85aa39b2081e30fa1f7d287138d6e7bf0ad7"
              }
           ]
        }
        """

    /// An OCI manifest with a zstd layer and annotations, as buildkit writes it.
    static let ociManifest = """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
        "config":{"mediaType":"application/vnd.oci.image.config.v1+json",
        "digest":"sha256:65ad0d468eb1c558bf7f4e64e790f586e9eda649ee9f130cd0e835b292bbc5ac","size":581},
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd",
        "digest":"sha256:3f4d90098f5b5a6f6a76e9d217da85aa39b2081e30fa1f7d287138d6e7bf0ad7","size":3418409,
        "annotations":{"x":"y"}}],"annotations":{"org.opencontainers.image.created":"2024-05-22T18:18:12Z"}}
        """

    /// A configuration as dockerd marshals it, with its nulls.
    static let configuration = """
        {"architecture":"amd64","config":{"Hostname":"","Domainname":"","User":"www-data:www-data","AttachStdin":false,
        "ExposedPorts":{"80/tcp":{},"443/tcp":{}},"Tty":false,
        "Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","NGINX_VERSION=1.25.5"],
        "Cmd":["nginx","-g","daemon off;"],"Image":"sha256:abc","Volumes":{"/data":{}},"WorkingDir":"/srv",
        "Entrypoint":["/docker-entrypoint.sh"],"OnBuild":null,"Labels":{"maintainer":"NGINX"},"StopSignal":"SIGQUIT",
        "Healthcheck":{"Test":["CMD-SHELL","curl -f http://localhost/"],"Interval":30000000000}},
        "container_config":{"Env":null},"created":"2024-04-24T00:00:00.000000000Z","docker_version":"20.10.23",
        "history":[{"created":"2024-04-23T00:00:00Z","created_by":"/bin/sh -c #(nop) ADD file:1 in / "},
        {"created":"2024-04-23T00:00:01Z","created_by":"/bin/sh -c #(nop)  CMD [\\"bash\\"]","empty_layer":true}],
        "os":"linux","rootfs":{"type":"layers","diff_ids":[
        "sha256:3f4d90098f5b5a6f6a76e9d217da85aa39b2081e30fa1f7d287138d6e7bf0ad7"]}}
        """
}
