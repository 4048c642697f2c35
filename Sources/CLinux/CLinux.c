#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

_Static_assert(CL_O_PATH == O_PATH && CL_O_TMPFILE == O_TMPFILE, "open flags");
_Static_assert(CL_MS_REC == MS_REC && CL_MS_SLAVE == MS_SLAVE && CL_MNT_DETACH == MNT_DETACH, "mount flags");
_Static_assert(CL_CLONE_NEWCGROUP == CLONE_NEWCGROUP && CL_CLONE_NEWUSER == CLONE_NEWUSER, "clone flags");
_Static_assert(CL_AT_RECURSIVE == AT_RECURSIVE && CL_AT_EMPTY_PATH == AT_EMPTY_PATH, "at flags");

struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

pid_t cl_clone(uint64_t flags, int *pidfd, int cgroup_fd) {
    // With CLONE_PARENT the kernel wants none given: the child takes its maker's.
    struct clone_arguments a = {.flags = flags, .exit_signal = flags & CL_CLONE_PARENT ? 0 : SIGCHLD};
    if (pidfd) {
        a.flags |= CLONE_PIDFD;
        a.pidfd = (uint64_t)(uintptr_t)pidfd;
    }
    if (cgroup_fd >= 0) {
        a.flags |= 0x200000000ULL; // CLONE_INTO_CGROUP
        a.cgroup = (uint64_t)cgroup_fd;
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &a, sizeof a);
    // Filters that can't look into clone3's structure refuse it this way; clone knows all but the cgroup and new times.
    if (pid < 0 && errno == ENOSYS && cgroup_fd < 0 && (a.flags & 0xff) == 0)
        pid = (pid_t)syscall(SYS_clone, a.flags | SIGCHLD, NULL, pidfd, NULL, 0);
    return pid;
}

int cl_unshare(int flags) { return unshare(flags); }
int cl_setns(int fd, int nstype) { return setns(fd, nstype); }
int cl_pivot_root(const char *new_root, const char *put_old) { return (int)syscall(SYS_pivot_root, new_root, put_old); }
int cl_umount2(const char *target, int flags) { return umount2(target, flags); }
int cl_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}

int cl_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct { uint64_t flags, mode, resolve; } how = {flags, mode, resolve};
    return (int)syscall(437, dirfd, path, &how, sizeof how);
}
int cl_open_tree(int dirfd, const char *path, unsigned flags) {
    return (int)syscall(428, dirfd, path, flags | O_CLOEXEC);
}
int cl_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags) {
    return (int)syscall(429, from_dirfd, from, to_dirfd, to, flags);
}
int cl_fsopen(const char *type, unsigned flags) { return (int)syscall(430, type, flags | 1); }
int cl_fsconfig(int fd, unsigned command, const char *key, const char *value, int aux) {
    return (int)syscall(431, fd, command, key, value, aux);
}
int cl_fsmount(int fsfd, unsigned flags, unsigned attributes) {
    return (int)syscall(432, fsfd, flags | 1, attributes);
}
int cl_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation,
                     int userns_fd) {
    struct { uint64_t set, clear, propagation, userns_fd; } attr = {
        set, clear, propagation, userns_fd < 0 ? 0 : (uint64_t)userns_fd};
    return (int)syscall(442, dirfd, path, flags, &attr, sizeof attr);
}
int cl_pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(434, pid, flags); }
int cl_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(424, pidfd, signal, NULL, 0); }
int cl_close_range(unsigned first, unsigned last, unsigned flags) { return (int)syscall(436, first, last, flags); }
int cl_eventfd(unsigned initial) { return eventfd(initial, EFD_CLOEXEC); }
int cl_memfd_create(const char *name, unsigned flags) { return (int)syscall(SYS_memfd_create, name, flags); }
int cl_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}

int cl_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {0};
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}
int cl_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int)syscall(SYS_capset, &header, data);
}

int cl_setresuid(uid_t uid) { return (int)syscall(SYS_setresuid, uid, uid, uid); }
int cl_setresgid(gid_t gid) { return (int)syscall(SYS_setresgid, gid, gid, gid); }
int cl_setgroups(size_t count, const gid_t *list) { return (int)syscall(SYS_setgroups, count, list); }
int cl_sethostname(const char *name, size_t length) { return sethostname(name, length); }
int cl_setdomainname(const char *name, size_t length) { return setdomainname(name, length); }
int cl_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags) {
    return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}
int cl_seccomp_filter(unsigned flags, const void *program, unsigned short count) {
    struct { unsigned short length; const void *filter; } prog = {count, program};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}
int cl_mknodat(int dirfd, const char *path, mode_t mode, unsigned major, unsigned minor) {
    return mknodat(dirfd, path, mode, makedev(major, minor));
}
unsigned cl_major(unsigned long dev) { return major(dev); }
unsigned cl_minor(unsigned long dev) { return minor(dev); }
int cl_fstatfs(int fd, long *type, long *flags) {
    struct statfs s;
    if (fstatfs(fd, &s) < 0) return -1;
    *type = s.f_type;
    *flags = s.f_flags;
    return 0;
}

ssize_t cl_send_descriptor(int socket, int descriptor, const void *data, size_t length) {
    struct iovec part = {(void *)data, length};
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &descriptor, sizeof(int));
    ssize_t n;
    do n = sendmsg(socket, &message, MSG_NOSIGNAL); while (n < 0 && errno == EINTR);
    return n;
}
ssize_t cl_receive_descriptor(int socket, int *descriptor, void *data, size_t length) {
    struct iovec part = {data, length};
    union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n;
    *descriptor = -1;
    do n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC); while (n < 0 && errno == EINTR);
    if (n < 0) return n;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
            memcpy(descriptor, CMSG_DATA(c), sizeof(int));
    return n;
}

/// Fills an address; a path beyond sun_path goes through /proc/self/fd of its folder (*folder is then open).
static int unix_address(const char *path, struct sockaddr_un *address, int *folder) {
    *folder = -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) < sizeof address->sun_path) {
        strcpy(address->sun_path, path);
        return 0;
    }
    const char *slash = strrchr(path, '/');
    if (!slash) { errno = ENAMETOOLONG; return -1; }
    char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!parent) return -1;
    *folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(parent);
    if (*folder < 0) return -1;
    int n = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *folder, slash + 1);
    if (n >= (int)sizeof address->sun_path) {
        close(*folder);
        *folder = -1;
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}
static void close_keeping_errno(int fd) {
    int saved = errno;
    if (fd >= 0) close(fd);
    errno = saved;
}
int cl_unix_connect(const char *path) {
    struct sockaddr_un address;
    int folder;
    if (unix_address(path, &address, &folder) < 0) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
    close_keeping_errno(folder);
    if (r == 0) return fd;
    close_keeping_errno(fd);
    return -1;
}
int cl_unix_listen(const char *path, int backlog) {
    struct sockaddr_un address;
    int folder;
    if (unix_address(path, &address, &folder) < 0) return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // The mode of the socket's inode, before bind, becomes the mode of the file.
    int ok = fd >= 0 && fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
             chmod(address.sun_path, 0600) == 0 && listen(fd, backlog) == 0;
    close_keeping_errno(folder);
    if (ok) return fd;
    close_keeping_errno(fd);
    return -1;
}
int cl_accept(int fd) {
    int r;
    do r = accept4(fd, NULL, NULL, SOCK_CLOEXEC); while (r < 0 && errno == EINTR);
    return r;
}
int cl_peer_credentials(int fd, uid_t *uid, pid_t *pid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
    *uid = credentials.uid;
    *pid = credentials.pid;
    return 0;
}

int cl_tty_size(int fd, unsigned short *rows, unsigned short *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}
int cl_tty_set_size(int fd, unsigned short rows, unsigned short columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(fd, TIOCSWINSZ, &size);
}
int cl_tty_make_controlling(int fd) { return ioctl(fd, TIOCSCTTY, 0); }
int cl_pty_number(int master) {
    unsigned n;
    return ioctl(master, TIOCGPTN, &n) < 0 ? -1 : (int)n;
}
int cl_pty_unlock(int master) {
    int zero = 0;
    return ioctl(master, TIOCSPTLCK, &zero);
}
int cl_pty_peer(int master, int flags) { return ioctl(master, TIOCGPTPEER, flags); }
long cl_keyctl_join_session(void) { return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); }
int cl_ns_type(int fd) { return ioctl(fd, CL_NSIO_GET_NSTYPE); }
int cl_sched_personality(unsigned long persona) { return personality(persona); }
int cl_interface_up(const char *name) {
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    int r = ioctl(fd, SIOCGIFFLAGS, &request);
    if (r == 0) {
        request.ifr_flags |= IFF_UP;
        r = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    close_keeping_errno(fd);
    return r;
}
int cl_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags) {
    return (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}

static int signal_pipe[2] = {-1, -1};
static void signal_to_pipe(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe drops the signal: 64 KiB of them wait already.
    if (write(signal_pipe[1], &byte, 1) < 0) {}
    errno = saved;
}
int cl_signal_pipe(const unsigned char *signals, int count) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0) return -1;
    struct sigaction action = {.sa_handler = signal_to_pipe, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (int i = 0; i < count; i++)
        if (sigaction(signals[i], &action, NULL) < 0) return -1;
    return signal_pipe[0];
}
void cl_signal_default(const unsigned char *signals, int count) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int i = 0; i < count; i++) sigaction(signals[i], &action, NULL);
}
int cl_spawn_close_from(void *file_actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(file_actions, first);
}

int cl_bpf_load_device(const uint64_t *instructions, unsigned count) {
    union bpf_attr attr = {0};
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uint64_t)(uintptr_t)instructions;
    attr.insn_cnt = count;
    attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
    memcpy(attr.prog_name, "hako_devices", 13);
    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}
int cl_bpf_attach_device(int cgroup_fd, int program_fd) {
    union bpf_attr attr = {0};
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)program_fd;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr);
}
int cl_bpf_detach_device(int cgroup_fd, int program_fd) {
    union bpf_attr attr = {0};
    attr.target_fd = (uint32_t)cgroup_fd;
    attr.attach_bpf_fd = (uint32_t)program_fd;
    attr.attach_type = BPF_CGROUP_DEVICE;
    return (int)syscall(SYS_bpf, BPF_PROG_DETACH, &attr, sizeof attr);
}
int cl_bpf_query_device(int cgroup_fd, unsigned *ids, unsigned capacity) {
    union bpf_attr attr = {0};
    attr.query.target_fd = (uint32_t)cgroup_fd;
    attr.query.attach_type = BPF_CGROUP_DEVICE;
    attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attr.query.prog_cnt = capacity;
    return syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr) < 0 ? -1 : (int)attr.query.prog_cnt;
}
int cl_bpf_program_by_id(unsigned id) {
    union bpf_attr attr = {0};
    attr.prog_id = id;
    return (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
}

ssize_t cl_getdents64(int fd, void *buffer, size_t size) { return syscall(SYS_getdents64, fd, buffer, size); }
int cl_syncfs(int fd) { return syncfs(fd); }

int cl_clone_file(int from, int to) { return ioctl(to, _IOW(0x94, 9, int), from); }

ssize_t cl_copy_range(int from, int to, int64_t offset, int64_t count) {
    off_t in = offset, out = offset;
    return copy_file_range(from, &in, to, &out, count, 0);
}

int64_t cl_seek_data(int fd, int64_t offset) { return lseek(fd, offset, SEEK_DATA); }
int64_t cl_seek_hole(int fd, int64_t offset) { return lseek(fd, offset, SEEK_HOLE); }

int cl_start_writeback(int fd, int64_t offset, int64_t count) {
    return sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

ssize_t cl_fgetxattr(int fd, const char *name, void *value, size_t size) { return fgetxattr(fd, name, value, size); }
int cl_fsetxattr(int fd, const char *name, const void *value, size_t size) {
    return fsetxattr(fd, name, value, size, 0);
}
int cl_fremovexattr(int fd, const char *name) { return fremovexattr(fd, name); }
ssize_t cl_flistxattr(int fd, char *list, size_t size) { return flistxattr(fd, list, size); }
/// Names an entry of an open folder by a path that only this process can resolve; -1 when it is too long.
static int entry_path(char *path, size_t size, int dirfd, const char *entry) {
    int n = snprintf(path, size, "/proc/self/fd/%d/%s", dirfd, entry);
    if (n > 0 && (size_t)n < size) return 0;
    errno = ENAMETOOLONG;
    return -1;
}
int cl_lsetxattrat(int dirfd, const char *entry, const char *name, const void *value, size_t size) {
    char path[320];
    return entry_path(path, sizeof path, dirfd, entry) < 0 ? -1 : lsetxattr(path, name, value, size, 0);
}
ssize_t cl_lgetxattrat(int dirfd, const char *entry, const char *name, void *value, size_t size) {
    char path[320];
    return entry_path(path, sizeof path, dirfd, entry) < 0 ? -1 : lgetxattr(path, name, value, size);
}
ssize_t cl_llistxattrat(int dirfd, const char *entry, char *list, size_t size) {
    char path[320];
    return entry_path(path, sizeof path, dirfd, entry) < 0 ? -1 : llistxattr(path, list, size);
}
int64_t cl_available_bytes(int fd) {
    struct statfs s;
    if (fstatfs(fd, &s) < 0) return -1;
    return (int64_t)s.f_bavail * s.f_bsize;
}
int cl_reset_signals(void) {
    sigset_t none;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP && number != 32 && number != 33) sigaction(number, &standard, NULL);
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}
int cl_setrlimit(int resource, uint64_t soft, uint64_t hard) {
    struct { uint64_t soft, hard; } limit = {soft, hard};
    return (int)syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}
int cl_statfs(const char *path, long *type, long *flags) {
    struct statfs s;
    if (statfs(path, &s) < 0) return -1;
    *type = s.f_type;
    *flags = s.f_flags;
    return 0;
}
int cl_fspick(int fd) { return (int)syscall(433, fd, "", 1 | 8); } // FSPICK_CLOEXEC | FSPICK_EMPTY_PATH
int cl_set_mempolicy(int mode, const uint64_t *nodes, unsigned long words) {
    // The kernel reads one bit less than it is told.
    return (int)syscall(SYS_set_mempolicy, mode, words ? nodes : NULL, words ? words * 64 + 1 : 0);
}
int cl_sched_setattr(unsigned policy, uint64_t flags, int nice, unsigned priority, uint64_t runtime, uint64_t deadline,
                     uint64_t period) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t util_min, util_max;
    } attr = {sizeof attr, policy, flags, nice, priority, runtime, deadline, period, 0, 0};
    return (int)syscall(SYS_sched_setattr, 0, &attr, 0);
}
int cl_ioprio_set(int ioprio_class, int priority) {
    const int process = 1, class_shift = 13;
    return (int)syscall(SYS_ioprio_set, process, 0, ioprio_class << class_shift | priority);
}
int cl_sched_setaffinity(pid_t pid, const void *mask, size_t size) {
    return (int)syscall(SYS_sched_setaffinity, pid, size, mask);
}
int cl_pidfd_getfd(int pidfd, int fd) { return (int)syscall(438, pidfd, fd, 0); }
int cl_seccomp_knows_flags(unsigned flags) {
    // A known flag is looked at before the missing program is.
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

ssize_t cl_copy_file_range(int from, int to, size_t length) { return copy_file_range(from, NULL, to, NULL, length, 0); }

int cl_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
