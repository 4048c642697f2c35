/* The floor under an OCI runtime: the kernel calls that Benchmarks/runtime's bundle needs, and nothing else.

   No configuration is read, no error is explained, nothing is checked twice: what remains is what the kernel costs.
   It makes the same namespaces, cgroups (version 1), mounts, devices, masks, filter and credentials as hako-native
   does for that bundle, with the new mount API, and keeps as much state: a folder, a record, a socket to start by.

   cc -O2 -static -o floor floor.c
   floor --root DIR create --bundle DIR --pid-file FILE ID | start ID | delete ID        (root) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define CHECK(call) ((long)(call) < 0 ? (perror(#call), _exit(1), 0L) : 0L)
#define ATTR_QUIET (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define RECURSIVE 0x8000

static const char *const hierarchies[] = {"systemd", "pids", "blkio", "freezer", "devices", "memory", "cpuset", "cpuacct", "cpu"};
enum { COUNT = sizeof hierarchies / sizeof *hierarchies };
static const char *state, *id;
static int root; /* the container's root, by descriptor */

static int put(const char *path, const char *text, int flags) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) { perror(path); _exit(1); }
    return close(fd);
}

static int in_group(const char *hierarchy, const char *file, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s/%s", hierarchy, id, file);
    return put(path, text, 0);
}

static char *file_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", state, id, name);
    return path;
}

static void make_groups(void) {
    char path[256], text[64];
    for (int i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s", hierarchies[i], id);
        if (mkdir(path, 0755)) { perror(path); _exit(1); }
    }
    const char *const inherited[] = {"cpuset.cpus", "cpuset.mems"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/cpuset/%s", inherited[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        long length = read(fd, text, sizeof text - 1);
        text[length > 0 ? length : 0] = 0;
        close(fd);
        in_group("cpuset", inherited[i], text);
    }
    in_group("memory", "memory.limit_in_bytes", "268435456");
    in_group("cpu", "cpu.cfs_period_us", "100000");
    in_group("cpu", "cpu.cfs_quota_us", "50000");
    in_group("pids", "pids.max", "100");
    in_group("devices", "devices.deny", "a");
    const char *const devices[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",  "c 1:8 rwm",
                                   "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) in_group("devices", "devices.allow", devices[i]);
}

static int beneath(const char *path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return syscall(SYS_openat2, root, path, &how, sizeof how);
}

static void attach(int tree, int target) {
    CHECK(syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    close(tree);
    close(target);
}

/* Mounts a new file system; options are name, value, ..., NULL; a value of NULL is a flag. */
static void mount_new(const char *type, int target, unsigned attributes, const char *const *options) {
    int context = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    CHECK(context);
    for (; options && *options; options += 2)
        CHECK(syscall(SYS_fsconfig, context, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0], options[1], 0));
    CHECK(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    int tree = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
    CHECK(tree);
    close(context);
    attach(tree, target);
}

static int make_folder(const char *parent, const char *name, const char *path) {
    int folder = beneath(parent);
    CHECK(mkdirat(folder, name, 0755));
    close(folder);
    return beneath(path);
}

static void make_mounts(void) {
    const char *const options[] = {"mode", "755", "size", "65536k", NULL};
    const char *const terminals[] = {"ptmxmode", "0666", "mode", "0620", "gid", "5", NULL};
    const char *const shared[] = {"mode", "1777", "size", "65536k", NULL};
    const char *const plain[] = {"mode", "755", NULL};
    mount_new("proc", beneath("/proc"), ATTR_QUIET, NULL);
    mount_new("tmpfs", beneath("/dev"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, options);
    mount_new("devpts", make_folder("/dev", "pts", "/dev/pts"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, terminals);
    mount_new("sysfs", beneath("/sys"), ATTR_QUIET | MOUNT_ATTR_RDONLY, NULL);
    mount_new("tmpfs", beneath("/sys/fs/cgroup"), ATTR_QUIET, plain);
    int groups = beneath("/sys/fs/cgroup");
    for (int i = 0; i < COUNT; i++) {
        const char *const named[] = {"none", NULL, "name", "systemd", NULL}, *const one[] = {hierarchies[i], NULL, NULL};
        CHECK(mkdirat(groups, hierarchies[i], 0755));
        mount_new("cgroup", openat(groups, hierarchies[i], O_PATH | O_CLOEXEC), ATTR_QUIET | MOUNT_ATTR_RDONLY, i ? one : named);
    }
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
    CHECK(syscall(SYS_mount_setattr, groups, "", AT_EMPTY_PATH, &sealed, sizeof sealed));
    close(groups);
    mount_new("mqueue", make_folder("/dev", "mqueue", "/dev/mqueue"), ATTR_QUIET, NULL);
    mount_new("tmpfs", make_folder("/dev", "shm", "/dev/shm"), ATTR_QUIET, shared);
}

static void make_devices(void) {
    const struct { const char *name; int major, minor; } nodes[] = {
        {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    const char *const links[] = {"/proc/self/fd", "fd", "/proc/self/fd/0", "stdin", "/proc/self/fd/1", "stdout",
                                 "/proc/self/fd/2", "stderr", "pts/ptmx", "ptmx"};
    int folder = beneath("/dev");
    for (int i = 0; i < 6; i++) CHECK(mknodat(folder, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
    for (int i = 0; i < 10; i += 2) CHECK(symlinkat(links[i], folder, links[i + 1]));
    close(folder);
}

static void mask_and_seal(void) {
    const char *const masked[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                                  "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"};
    const char *const sealed[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    int null = beneath("/dev/null");
    for (int i = 0; i < 10; i++) {
        int target = beneath(masked[i]);
        struct stat about;
        if (target < 0) continue;
        fstat(target, &about);
        if (S_ISDIR(about.st_mode)) mount_new("tmpfs", target, ATTR_QUIET | MOUNT_ATTR_RDONLY, NULL);
        else attach(syscall(SYS_open_tree, null, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH), target);
    }
    for (int i = 0; i < 5; i++) {
        int target = beneath(sealed[i]);
        if (target < 0) continue;
        int tree = syscall(SYS_open_tree, target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | RECURSIVE);
        CHECK(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | RECURSIVE, &attributes, sizeof attributes));
        attach(tree, target);
    }
    close(null);
}

/* A filter as long as the profile's: a search tree over the calls' numbers whose every leaf allows. */
static void filter(void) {
    enum { LEAVES = 170 };
    static struct sock_filter code[2 * LEAVES + 8];
    int length = 0, first[LEAVES], count[LEAVES], depth = 0, hole[LEAVES];
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    first[depth] = 0, count[depth] = LEAVES, hole[depth++] = -1;
    while (depth--) {
        int from = first[depth], many = count[depth];
        /* The upper half's place is now known to the jump that leads to it. */
        if (hole[depth] >= 0) {
            int far = length - hole[depth] - 1;
            if (far < 256) code[hole[depth]].jt = far; else code[hole[depth] + 1].k = far - 1;
        }
        while (many > 1) {
            int half = many / 2;
            code[length] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 2 * (from + half), 0, 0);
            if (2 * (many - half) > 200) {
                code[length].jf = 1;
                code[length + 1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0);
                first[depth] = from + half, count[depth] = many - half, hole[depth++] = length;
                length += 2;
            } else {
                first[depth] = from + half, count[depth] = many - half, hole[depth++] = length++;
            }
            many = half;
        }
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    struct sock_fprog program = {.len = length, .filter = code};
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void credentials(void) {
    const uint64_t kept = 0xa80425fb; /* the fourteen that the bundle names */
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept}};
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        if (capability > 31 || !(kept >> capability & 1)) CHECK(prctl(PR_CAPBSET_DROP, capability));
    CHECK(syscall(SYS_setgroups, 0, NULL));
    CHECK(syscall(SYS_setresgid, 0, 0, 0));
    CHECK(syscall(SYS_setresuid, 0, 0, 0));
    filter();
    CHECK(syscall(SYS_capset, &header, data));
}

static void container(int *tasks, int tree, int listener, int channel) {
    char byte = 0;
    char *const arguments[] = {"/bin/true", NULL}, *const environment[] = {"PATH=/bin", NULL};
    prctl(PR_SET_DUMPABLE, 0);
    for (int i = 0; i < COUNT; i++) CHECK(write(tasks[i], "0", 1));
    setsid();
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
    CHECK(sethostname("bench", 5));
    struct ifreq loopback = {.ifr_name = "lo"};
    int network = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    loopback.ifr_flags = IFF_UP | IFF_LOOPBACK;
    CHECK(ioctl(network, SIOCSIFFLAGS, &loopback));
    close(network);
    CHECK(syscall(SYS_mount, NULL, "/", NULL, 0x4000 | 0x80000 /* MS_REC | MS_SLAVE */, NULL));
    CHECK(syscall(SYS_move_mount, tree, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH));
    CHECK(fchdir(tree));
    root = tree;
    CHECK(unshare(CLONE_NEWCGROUP));
    make_mounts();
    make_devices();
    CHECK(fchdir(root));
    CHECK(syscall(SYS_pivot_root, ".", "."));
    CHECK(syscall(SYS_umount2, ".", 2));
    CHECK(chdir("/"));
    mask_and_seal();
    CHECK(write(channel, "r", 1));
    int starter = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(read(starter, &byte, 1));
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    credentials();
    execve(arguments[0], arguments, environment);
    perror(arguments[0]);
    _exit(1);
}

static struct sockaddr_un address(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/%s/start", state, id);
    return name;
}

static int create(const char *bundle, const char *pid_file) {
    char path[512], text[24];
    int tasks[COUNT], ends[2];
    static char config[65536];
    snprintf(path, sizeof path, "%s/config.json", bundle);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    long length = read(fd, config, sizeof config - 1);
    CHECK(length);
    close(fd);
    snprintf(path, sizeof path, "%s/%s", state, id);
    CHECK(mkdir(path, 0700));
    put(file_of("state.json"), "{}", O_CREAT | O_EXCL);
    make_groups();
    for (int i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s/tasks", hierarchies[i], id);
        tasks[i] = open(path, O_WRONLY | O_CLOEXEC);
    }
    struct sockaddr_un name = address();
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof name));
    CHECK(listen(listener, 8));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    snprintf(path, sizeof path, "%s/rootfs", bundle);
    int tree = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | RECURSIVE);
    struct mount_attr slave = {.propagation = 0x80000 /* MS_SLAVE */};
    CHECK(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | RECURSIVE, &slave, sizeof slave));
    CHECK(chdir(path));
    umask(0);
    struct clone_args arguments = {.exit_signal = SIGCHLD,
                                   .flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    CHECK(child);
    if (child == 0) container(tasks, tree, listener, ends[1]);
    close(ends[1]);
    snprintf(path, sizeof path, "/proc/%ld/oom_score_adj", child);
    put(path, "0", 0);
    put(file_of("config.json"), config, O_CREAT | O_EXCL);
    CHECK(read(ends[0], text, 1));
    snprintf(text, sizeof text, "%ld", child);
    put(file_of("state.new"), text, O_CREAT | O_EXCL);
    char *other = strdup(file_of("state.new"));
    CHECK(rename(other, file_of("state.json")));
    return put(pid_file, text, O_CREAT | O_TRUNC);
}

static int start(void) {
    char byte;
    struct sockaddr_un name = address();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&name, sizeof name));
    CHECK(unlink(name.sun_path));
    CHECK(write(fd, "s", 1));
    while (read(fd, &byte, 1) > 0) {}
    return 0;
}

static int delete(void) {
    char path[256];
    for (int i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s", hierarchies[i], id);
        CHECK(rmdir(path));
    }
    CHECK(unlink(file_of("state.json")));
    CHECK(unlink(file_of("config.json")));
    return rmdir(file_of(""));
}

int main(int count, char **words) {
    const char *verb = count > 3 ? words[3] : "", *bundle = NULL, *pid_file = NULL;
    state = count > 2 ? words[2] : "";
    id = words[count - 1];
    for (int i = 4; i + 1 < count; i += 2) *(strcmp(words[i], "--bundle") ? &pid_file : &bundle) = words[i + 1];
    if (!strcmp(verb, "create") && bundle && pid_file) return create(bundle, pid_file);
    if (!strcmp(verb, "start")) return start();
    if (!strcmp(verb, "delete")) return delete();
    fprintf(stderr, "floor --root DIR create --bundle DIR --pid-file FILE ID | start ID | delete ID\n");
    return 2;
}
