import Archive
import CLinux
import Glibc
import Linux
import Testing

/// The same tree by GNU tar and by hako.
@Suite struct ComparisonTests {
    static let script = """
        set -e
        mkdir -p a/b/c usr/bin usr/lib "with space"
        echo hello > a/b/c/file; ln a/b/c/file a/hard; ln -s ../usr/bin link; ln -s /etc/passwd absolute
        printf x > usr/bin/su; chmod 4755 usr/bin/su; chmod 2775 usr/lib; mkdir -m 1777 tmp; mkdir -m 000 closed
        truncate -s 5M sparse; printf data | dd of=sparse bs=1 seek=3000000 conv=notrunc status=none
        printf end | dd of=sparse bs=1 seek=5242877 conv=notrunc status=none
        truncate -s 1M hole
        long=$(printf 'l%.0s' $(seq 200)); mkdir -p $long/$long; echo deep > $long/$long/$long
        ln -s $long/$long/$long longlink; ln $long/$long/$long longhard
        printf 'x' > "$(printf 'bad\\377name')"
        head -c 300000 /dev/urandom > usr/lib/random; : > empty
        mkfifo fifo; touch -d '2001-02-03 04:05:06.789012345' a/b/c/file; touch -d '1969-01-01' empty
        touch -h -d '2010-01-01' link
        if [ $(id -u) = 0 ]; then
          mknod null c 1 3; mknod disk b 8 1; chown 1000:1001 a/hard; chown -h 5:6 link; chown 70000:3000000 empty
          python3 - <<'P'
        import os
        os.setxattr('usr/bin/su', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
        os.setxattr('usr/lib/random', 'user.mine', b'\\x00\\xffvalue=\\n')
        os.setxattr('usr/lib', 'user.folder', b'f')
        os.setxattr('link', 'trusted.link', b'l', follow_symlinks=False)
        P
        fi
        touch -d '2005-05-05' a/b/c a/b a .
        """

    @Test(
        .enabled(if: getuid() == 0, "needs root: owners, devices and attributes"),
        arguments: [
            "gnu", "posix", "posix --sparse-version=0.0", "posix --sparse-version=0.1", "gnu -z", "posix -z",
            "posix --zstd",
        ])
    func sameAsTar(format: String) throws {
        try withFolder { folder in
            try run("mkdir \(folder)/tree \(folder)/tar && cd \(folder)/tree && \(Self.script)")
            let xattrs = format.hasPrefix("posix") ? "--xattrs --xattrs-include='*'" : ""
            try run("tar \(xattrs) -S --numeric-owner -H \(format) -cf \(folder)/a.tar -C \(folder)/tree .")
            try run("tar \(xattrs) --numeric-owner --same-owner -xpf \(folder)/a.tar -C \(folder)/tar")
            let file = try Descriptor.open("\(folder)/a.tar", O_RDONLY)
            // The mask is the process's: other tests run beside this one, so this thread takes its own (unshare(2)).
            #expect(cl_unshare(0x200 /* CLONE_FS */) == 0)
            let previous = umask(0o077)
            defer { umask(previous) }
            let summary = try LayerExtractor.extract(file, into: RootDirectory(opening: "\(folder)/root"))
            let ours = try readTree("\(folder)/root")
            let theirs = try readTree("\(folder)/tar")
            #expect(Set(ours.keys) == Set(theirs.keys))
            for (path, node) in theirs { #expect(ours[path] == node, "\(path)") }
            #expect(summary.skippedAttributes == 0)
            var status = stat()
            stat("\(folder)/root/sparse", &status)
            #expect(status.st_size == 5 << 20 && status.st_blocks * 512 < 1 << 20)
        }
    }
}
