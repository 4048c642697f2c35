"""Every field of config.md and config-linux.md 1.3, with values that harm nothing where dev/fuzz-config runs.

Host paths that a document may name are those of the place that `place.py` makes: namespaces of its first process, files
of its scratch folder, and what does not exist. Programs end by themselves.
"""

import pathlib
from .values import Number, Record, Several, Switch, Table, Text, Word

CAPABILITIES = tuple(
    "CAP_" + name
    for name in (
        "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN "
        "NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME "
        "SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON "
        "BPF CHECKPOINT_RESTORE"
    ).split()
)
RLIMITS = tuple(
    "RLIMIT_" + name
    for name in "AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK".split()
)
ATTRIBUTES = "ro rw nosuid suid nodev dev noexec exec noatime atime relatime norelatime strictatime nostrictatime nodiratime diratime nosymfollow symfollow".split()
OPTIONS = tuple(
    """bind rbind private slave shared unbindable rprivate rslave rshared runbindable defaults silent loud sync async dirsync lazytime
    nolazytime mand nomand iversion noiversion tmpcopyup
    """.split()
    + ATTRIBUTES
    + ["r" + word for word in ATTRIBUTES]
)
STRANGE_OPTIONS = tuple("""remount idmap ridmap size=64k size=1m mode=755 mode=1777 mode=9 uid=1 gid=5 nr_inodes=20 newinstance
    ptmxmode=0666 hidepid=2 subset=pid lowerdir=rootfs name= =value a=b=c idmap=uids=0-0-1""".split())
CALLS = (
    "read",
    "write",
    "openat",
    "execve",
    "exit_group",
    "mount",
    "clone",
    "clone3",
    "personality",
    "socket",
    "getpid",
    "keyctl",
    "arch_prctl",
    "brk",
    "mmap",
    "no_such_call",
    "open",
    "ipc",
    "semop",
    "prctl",
    "setuid",
    "capset",
    "close_range",
    "futex",
    "uname",
)
ACTIONS = tuple("SCMP_ACT_" + name for name in "ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD TRAP TRACE LOG NOTIFY".split())
ARCHITECTURES = tuple(
    "SCMP_ARCH_" + name for name in """X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64
    PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB""".split()
)
SCRATCH = "/scratch"

switch, ids = Switch(), Number((0, 1, 5, 1000, 65534), (2**32 - 1, 2**32 - 2))
paths = Text(
    ("/tmp", "/etc", "/dev/null", "/proc/self", "/new/folder", "/link", "/etc/passwd", "/tmp/../etc", "//tmp"),
    ("/", "relative", "/bin/busybox", "/bin", "/etc/passwd/x"),
)
programs = Text(
    ("/bin/true", "/bin/sh", "true", "/bin/false", "/bin/busybox"), ("/not/there", "/etc/passwd", "/bin", "./bin/true")
)
environment = Several(
    Text(("PATH=/bin", "HOME=/", "TERM=xterm", "A=", "LD_PRELOAD=/x", "_OCI_SYNCPIPE=3", "LISTEN_FDS=1"), ("A", "=B", "PATH=")), 4
)
size = Number((-1, 8 << 20, 64 << 20, 256 << 20), (0, 4096, 1 << 18, 1 << 20))
mapping = Record("containerID hostID size", containerID=ids, hostID=ids, size=Number((1, 1000, 65536), (0,)))
mappings = Several(mapping, 2)
device_numbers = dict(major=Number((1, 5, 7, 8, 136), (-1, 0, 253)), minor=Number((0, 1, 3, 5, 7, 9), (-1, 255)))
hook = Record(
    "path",
    path=Text(("/bin/true",), ("/bin/false", "/not/there", "relative", "/etc/passwd")),
    args=Several(Text(("true", "-c", "")), 3),
    env=Several(Text(("PATH=/bin", "A=", "A"))),
    timeout=Number((1, 2, 10)),
)
capabilities = Several(Word(CAPABILITIES), 6)

process = Record(
    "cwd args",
    terminal=switch,
    consoleSize=Record("height width", height=ids, width=ids),
    cwd=Text(("/", "/tmp", "/new/cwd"), ("/proc/self/fd/3", "/link", "relative", "/etc/passwd", "/proc/self/cwd")),
    env=environment,
    args=Several(programs, 2),
    user=Record(
        "uid gid",
        uid=ids,
        gid=ids,
        umask=Number((0, 0o22, 0o777)),
        additionalGids=Several(ids, 4),
        username=Text(("root", "nobody")),
    ),
    capabilities=Record("", **{name: capabilities for name in ("bounding", "effective", "inheritable", "permitted", "ambient")}),
    rlimits=Several(
        Record(
            "type soft hard",
            type=Word(RLIMITS),
            soft=Number((64, 512), (0, 1, 2**40)),
            hard=Number((1024,), (0, 1, 64, 2**40, 2**64 - 1)),
        )
    ),
    noNewPrivileges=switch,
    apparmorProfile=Text(("unconfined", ""), ("none", "docker-default", "a//b")),
    selinuxLabel=Text(("",), ("system_u:system_r:a:s0", "x")),
    oomScoreAdj=Number((-1000, -1, 0, 1, 500, 1000)),
    scheduler=Record(
        "policy",
        policy=Word(tuple("SCHED_" + name for name in "OTHER FIFO RR BATCH ISO IDLE DEADLINE".split())),
        nice=Number((-20, 0, 5, 19)),
        priority=Number((0,), (1, 99)),
        flags=Several(
            Word(
                tuple(
                    "SCHED_FLAG_" + name
                    for name in "RESET_ON_FORK RECLAIM DL_OVERRUN KEEP_POLICY KEEP_PARAMS UTIL_CLAMP_MIN UTIL_CLAMP_MAX".split()
                )
            ),
            2,
        ),
        runtime=Number((0, 1_000_000, 10_000_000)),
        deadline=Number((0, 10_000_000, 30_000_000)),
        period=Number((0, 30_000_000)),
    ),
    ioPriority=Record(
        "class priority",
        **{"class": Word(tuple("IOPRIO_CLASS_" + name for name in "RT BE IDLE".split()))},
        priority=Number((0, 4, 7)),
    ),
    execCPUAffinity=Record(
        "", initial=Text(("0", "0-1", "0,1"), ("7", "1-0", "0-99999999", "0-1,")), final=Text(("0", "1", "0-1"), ("", "-"))
    ),
)

sources = Text(
    ("rootfs", f"{SCRATCH}/source", f"{SCRATCH}/source/file", "config.json"),
    (".", "..", "none", "/not/there", "", "/proc/self/ns/net", f"{SCRATCH}/loop"),
)
mount = Record(
    "destination type source options",
    destination=paths,
    type=Text(
        ("bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup"), ("cgroup2", "overlay", "ramfs", "none", "nofs", "")
    ),
    source=sources,
    options=Several(Text(OPTIONS, STRANGE_OPTIONS), 4),
    uidMappings=mappings,
    gidMappings=mappings,
)

rate = Several(Record("major minor rate", **device_numbers, rate=Number((1, 1 << 20), (0,))), 2)
resources = Record(
    "",
    devices=Several(
        Record(
            "allow",
            allow=switch,
            type=Text(("a", "b", "c", ""), ("u", "p")),
            access=Text(("r", "w", "m", "rwm", ""), ("rr", "x")),
            **device_numbers,
        )
    ),
    memory=Record(
        "",
        limit=size,
        reservation=size,
        swap=size,
        kernel=size,
        kernelTCP=size,
        swappiness=Number((0, 60, 100), (101,)),
        useHierarchy=switch,
        checkBeforeUpdate=switch,
        disableOOMKiller=switch,
    ),
    cpu=Record(
        "",
        shares=Number((2, 512, 1024), (0, 262144)),
        quota=Number((-1, 50000, 100000), (0, 1000, 999)),
        burst=Number((0, 1000, 20000)),
        period=Number((50000, 100000), (0, 999)),
        realtimeRuntime=Number((0, 95000)),
        realtimePeriod=Number((0, 100000)),
        cpus=Text(("0", "0-1", "1", ""), ("99", "a")),
        mems=Text(("0", ""), ("1",)),
        idle=Number((0, 1)),
    ),
    pids=Record("limit", limit=Number((-1, 10, 100), (0, 1, 2))),
    blockIO=Record(
        "",
        weight=Number((10, 500, 1000), (0, 9)),
        leafWeight=Number((10, 500)),
        weightDevice=Several(Record("major minor", weight=Number((10, 100)), leafWeight=Number((10, 100)), **device_numbers), 2),
        throttleReadBpsDevice=rate,
        throttleWriteBpsDevice=rate,
        throttleReadIOPSDevice=rate,
        throttleWriteIOPSDevice=rate,
    ),
    hugepageLimits=Several(
        Record("pageSize limit", pageSize=Text(("2MB",), ("1GB", "64KB", "3MB", "../x")), limit=Number((0, 1 << 21))), 2
    ),
    network=Record("", classID=ids, priorities=Several(Record("name priority", name=Text(("lo", "eth0")), priority=ids), 2)),
    rdma=Table(Text(("mlx5_0", "a b")), Record("", hcaHandles=ids, hcaObjects=ids)),
    unified=Table(
        Text(("memory.max", "pids.max", "cpu.weight"), ("no.such", "../memory.max", "cgroup.procs", "memory.high/x")),
        Text(("max", "100"), ("1\n2", "")),
    ),
)

seccomp = Record(
    "defaultAction",
    defaultAction=Word(ACTIONS),
    defaultErrnoRet=Number((0, 1, 38, 4095)),
    architectures=Several(Word(ARCHITECTURES)),
    flags=Several(Word(tuple("SECCOMP_FILTER_FLAG_" + name for name in "TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV".split())), 2),
    listenerPath=Text((f"{SCRATCH}/no-agent",), ("relative", f"{SCRATCH}/source/file")),
    listenerMetadata=Text(("x", "")),
    syscalls=Several(
        Record(
            "names action",
            names=Several(Text(CALLS), 6),
            action=Word(ACTIONS),
            errnoRet=Number((0, 1, 4095)),
            args=Several(
                Record(
                    "index value op",
                    index=Number((0, 1, 5)),
                    value=Number((0, 1, 2**32 - 1, 2**32, 2**64 - 1)),
                    valueTwo=Number((0, 1, 2**64 - 1)),
                    op=Word(tuple("SCMP_CMP_" + name for name in "NE LT LE EQ GE GT MASKED_EQ".split())),
                ),
                3,
            ),
        ),
        5,
    ),
)


def current(name):
    """What a sysctl is, so that a runtime that writes it does no harm."""
    return pathlib.Path("/proc/sys", name.replace(".", "/")).read_text().strip()


sysctls = Table(
    Text(
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward", "kernel.shm_rmid_forced", "net.core.somaxconn"),
        ("no.such.key", "net/../kernel/sched_rt_runtime_us", "net.ipv4"),
    ),
    Text(("0", "1"), ("128", "", "1\n")),
)
host_sysctls = Table(Text(("vm.overcommit_memory",)), Text((current("vm.overcommit_memory"),)))

linux = Record(
    "namespaces",
    namespaces=Several(
        Record(
            "type",
            type=Word(("mount", "pid", "network", "ipc", "uts", "cgroup", "user", "time")),
            path=Text(
                ("",),
                (
                    "/not/there",
                    "/proc/1/ns/pid",
                    "/proc/1/ns/net",
                    "/proc/1/ns/ipc",
                    "/proc/1/ns/uts",
                    "/proc/1/ns/cgroup",
                    "/proc/1/ns/time",
                    "/dev/null",
                    f"{SCRATCH}/source/file",
                    "relative",
                ),
            ),
        ),
        5,
    ),
    uidMappings=mappings,
    gidMappings=mappings,
    timeOffsets=Table(
        Word(("monotonic", "boottime")), Record("", secs=Number((0, 100, -100)), nanosecs=Number((0, 1, 999_999_999)))
    ),
    devices=Several(
        Record(
            "type path major minor",
            type=Word(("b", "c", "u", "p")),
            path=Text(("/dev/fuzz", "/dev/null", "/dev/sub/fuzz"), ("relative", "/bin/busybox", "/link", "/dev")),
            fileMode=Number((0, 0o644, 0o666, 0o7777)),
            uid=ids,
            gid=ids,
            **device_numbers,
        )
    ),
    netDevices=Table(
        Text(("fuzz0",), ("lo", "nodev0", "a/b")), Record("", name=Text(("eth0", "eth1"), ("lo", "", "a b", "sixteen-letters-")))
    ),
    cgroupsPath=Text(
        ("/fuzz/a", "relative", "", "/fuzz//b/", "/fuzz/" + "n" * 200, "/fuzz" + "/parent" * 9 + "/a"),
        ("/", ".", "/../..", "fuzz/../../..", "/parent" * 600, "a:b:c", "/fuzz/" + "n" * 300),
    ),
    resources=resources,
    rootfsPropagation=Text(("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable"), ("",)),
    seccomp=seccomp,
    sysctl=sysctls,
    maskedPaths=Several(paths, 4),
    readonlyPaths=Several(paths, 4),
    mountLabel=Text(("",), ("system_u:object_r:a:s0",)),
    personality=Record("domain", domain=Word(("LINUX", "LINUX32")), flags=Several(Text(("",), ("x",)), 0)),
    intelRdt=Record(
        "",
        closID=Text(("a", "..", "a/b", "")),
        schemata=Several(Text(("L3:0=f", ""))),
        l3CacheSchema=Text(("L3:0=f",)),
        memBwSchema=Text(("MB:0=10",)),
        enableMonitoring=switch,
        enableCMT=switch,
        enableMBM=switch,
    ),
    memoryPolicy=Record(
        "mode",
        mode=Word(
            tuple("MPOL_" + name for name in "DEFAULT BIND INTERLEAVE WEIGHTED_INTERLEAVE PREFERRED PREFERRED_MANY LOCAL".split())
        ),
        nodes=Text(("0",), ("", "0-1", "9", "a")),
        flags=Several(Word(tuple("MPOL_F_" + name for name in "NUMA_BALANCING RELATIVE_NODES STATIC_NODES".split())), 2),
    ),
)

DOCUMENT = Record(
    "ociVersion root process linux",
    ociVersion=Text(
        ("1.0.0", "1.0.2", "1.2.0", "1.3.0", "1.0.0-rc1", "1.99.0+x"), ("2.0.0", "1.0", "1.-1.0", "1.18446744073709551616.0")
    ),
    root=Record(
        "path",
        path=Text(
            ("rootfs", f"{SCRATCH}/bundle/rootfs", "rootfs/../rootfs"),
            ("/not/there", "rootfs/link", "config.json", "config.json/.."),
        ),
        readonly=switch,
    ),
    process=process,
    hostname=Text(("fuzz", "a.b", "x" * 64), ("x" * 65,)),
    domainname=Text(("fuzz", "(none)"), ("x" * 65,)),
    mounts=Several(mount, 4),
    hooks=Record(
        "",
        **{name: Several(hook, 2) for name in "prestart createRuntime createContainer startContainer poststart poststop".split()},
    ),
    annotations=Table(Text(("a", "org.opencontainers.image.x"), ("run.oci.handler", "")), Text(("b", "krun", ""))),
    linux=linux,
)


def fields(kind=DOCUMENT, path=()):
    """The path of every field: member names, 0 for an array's element, None for a table's."""
    if path:
        yield path
    if isinstance(kind, Record):
        for name, member in kind.members.items():
            yield from fields(member, (*path, name))
    elif isinstance(kind, Several):
        yield from fields(kind.of, (*path, 0))
    elif isinstance(kind, Table):
        yield from fields(kind.of, (*path, None))


def kind_at(path):
    """The kind of the field at a path."""
    kind = DOCUMENT
    for step in path:
        kind = kind.members[step] if isinstance(kind, Record) else kind.of
    return kind


FIELDS = list(fields())
