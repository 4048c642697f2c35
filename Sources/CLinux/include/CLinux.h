// What Glibc's module hides from Swift. Prototypes and typed integer constants only: a header that defines
// _GNU_SOURCE breaks debug builds of the importing modules. Every function returns -1 with errno set on
// failure, like the call it wraps.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static const uint64_t CL_CLONE_NEWTIME = 0x00000080;
static const uint64_t CL_CLONE_NEWNS = 0x00020000;
static const uint64_t CL_CLONE_NEWCGROUP = 0x02000000;
static const uint64_t CL_CLONE_NEWUTS = 0x04000000;
static const uint64_t CL_CLONE_NEWIPC = 0x08000000;
static const uint64_t CL_CLONE_NEWUSER = 0x10000000;
static const uint64_t CL_CLONE_NEWPID = 0x20000000;
static const uint64_t CL_CLONE_NEWNET = 0x40000000;
static const uint64_t CL_CLONE_FS = 0x00000200;
static const uint64_t CL_CLONE_PARENT = 0x00008000;
static const int CL_O_PATH = 010000000;
static const int CL_O_DIRECTORY = 0200000;
static const int CL_O_NOFOLLOW = 0400000;
static const int CL_O_CLOEXEC = 02000000;
static const int CL_O_TMPFILE = 020200000;
static const uint64_t CL_RESOLVE_NO_XDEV = 1;
static const uint64_t CL_RESOLVE_NO_MAGICLINKS = 2;
static const uint64_t CL_RESOLVE_NO_SYMLINKS = 4;
static const uint64_t CL_RESOLVE_BENEATH = 8;
static const uint64_t CL_RESOLVE_IN_ROOT = 16;
static const unsigned CL_AT_EMPTY_PATH = 0x1000;
static const unsigned CL_AT_SYMLINK_NOFOLLOW = 0x100;
static const unsigned CL_AT_REMOVEDIR = 0x200;
static const unsigned CL_AT_SYMLINK_FOLLOW = 0x400;
static const unsigned CL_AT_RECURSIVE = 0x8000;
static const unsigned CL_OPEN_TREE_CLONE = 1;
static const unsigned CL_MOVE_MOUNT_F_EMPTY_PATH = 4;
static const unsigned CL_MOVE_MOUNT_T_EMPTY_PATH = 0x40;
// mount_setattr(2) and fsmount(2) attributes.
static const uint64_t CL_MOUNT_ATTR_RDONLY = 0x1;
static const uint64_t CL_MOUNT_ATTR_NOSUID = 0x2;
static const uint64_t CL_MOUNT_ATTR_NODEV = 0x4;
static const uint64_t CL_MOUNT_ATTR_NOEXEC = 0x8;
static const uint64_t CL_MOUNT_ATTR__ATIME = 0x70;
static const uint64_t CL_MOUNT_ATTR_RELATIME = 0x0;
static const uint64_t CL_MOUNT_ATTR_NOATIME = 0x10;
static const uint64_t CL_MOUNT_ATTR_STRICTATIME = 0x20;
static const uint64_t CL_MOUNT_ATTR_NODIRATIME = 0x80;
static const uint64_t CL_MOUNT_ATTR_IDMAP = 0x100000;
static const uint64_t CL_MOUNT_ATTR_NOSYMFOLLOW = 0x200000;
static const uint64_t CL_MS_UNBINDABLE = 1 << 17;
static const uint64_t CL_MS_PRIVATE = 1 << 18;
static const uint64_t CL_MS_SLAVE = 1 << 19;
static const uint64_t CL_MS_SHARED = 1 << 20;
static const uint64_t CL_MS_REC = 1 << 14;
static const int CL_MNT_DETACH = 2;
static const unsigned CL_FSCONFIG_SET_FLAG = 0;
static const unsigned CL_FSCONFIG_SET_STRING = 1;
static const unsigned CL_FSCONFIG_CMD_CREATE = 6;
static const unsigned CL_FSCONFIG_CMD_RECONFIGURE = 7;
// statfs f_type values that hako checks.
static const long CL_PROC_SUPER_MAGIC = 0x9fa0;
static const long CL_CGROUP_SUPER_MAGIC = 0x27e0eb;
static const long CL_TMPFS_MAGIC = 0x01021994;
static const long CL_DEVPTS_SUPER_MAGIC = 0x1cd1;
static const long CL_CGROUP2_SUPER_MAGIC = 0x63677270;
static const long CL_OVERLAYFS_SUPER_MAGIC = 0x794c7630;
static const int CL_PR_SET_PDEATHSIG = 1;
static const int CL_PR_SET_DUMPABLE = 4;
static const int CL_PR_SET_KEEPCAPS = 8;
static const int CL_PR_SET_NAME = 15;
static const int CL_PR_SET_SECUREBITS = 28;
static const int CL_PR_CAPBSET_READ = 23;
static const int CL_PR_CAPBSET_DROP = 24;
static const int CL_PR_SET_CHILD_SUBREAPER = 36;
static const int CL_PR_SET_NO_NEW_PRIVS = 38;
static const int CL_PR_CAP_AMBIENT = 47;
static const int CL_PR_CAP_AMBIENT_RAISE = 2;
static const int CL_PR_CAP_AMBIENT_CLEAR_ALL = 4;
static const unsigned CL_SECCOMP_FILTER_FLAG_TSYNC = 1;
static const unsigned CL_SECCOMP_FILTER_FLAG_LOG = 2;
static const unsigned CL_SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
static const unsigned long CL_NSIO_GET_NSTYPE = 0xb703;

/// fork-like clone3: no shared memory; flags are CLONE_NEW*; SIGCHLD on exit. With pidfd != NULL the child's
/// pidfd is stored there. cgroup_fd >= 0 starts the child in that cgroup v2. Single-threaded callers only.
pid_t cl_clone(uint64_t flags, int *pidfd, int cgroup_fd);
int cl_unshare(int flags);
int cl_setns(int fd, int nstype);
int cl_pivot_root(const char *new_root, const char *put_old);
int cl_umount2(const char *target, int flags);
int cl_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int cl_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int cl_open_tree(int dirfd, const char *path, unsigned flags);
int cl_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags);
int cl_fsopen(const char *type, unsigned flags);
int cl_fsconfig(int fd, unsigned command, const char *key, const char *value, int aux);
int cl_fsmount(int fsfd, unsigned flags, unsigned attributes);
int cl_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation,
                     int userns_fd);
int cl_pidfd_open(pid_t pid, unsigned flags);
int cl_pidfd_send_signal(int pidfd, int signal);
int cl_close_range(unsigned first, unsigned last, unsigned flags);
int cl_memfd_create(const char *name, unsigned flags);
/// A close-on-exec eventfd(2) counter.
int cl_eventfd(unsigned initial);
int cl_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
/// Raw capget/capset (version 3) of the calling thread; bit n is capability n.
int cl_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);
int cl_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/// Raw calls of this thread only: no signal to other threads as glibc's wrappers would send.
int cl_setresuid(uid_t uid);
int cl_setresgid(gid_t gid);
int cl_setgroups(size_t count, const gid_t *list);
int cl_sethostname(const char *name, size_t length);
int cl_setdomainname(const char *name, size_t length);
int cl_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);
/// seccomp(SECCOMP_SET_MODE_FILTER, flags): count classic BPF instructions of 8 bytes each at program.
int cl_seccomp_filter(unsigned flags, const void *program, unsigned short count);
int cl_mknodat(int dirfd, const char *path, mode_t mode, unsigned major, unsigned minor);
unsigned cl_major(unsigned long dev);
unsigned cl_minor(unsigned long dev);
/// 0 on success; *type gets statfs f_type, *flags f_flags.
int cl_fstatfs(int fd, long *type, long *flags);
/// Sends one descriptor with `length` bytes of data (at least 1) over a Unix socket.
ssize_t cl_send_descriptor(int socket, int descriptor, const void *data, size_t length);
/// Receives data and at most one descriptor (close-on-exec); *descriptor is -1 where none came.
ssize_t cl_receive_descriptor(int socket, int *descriptor, void *data, size_t length);
/// Connects a stream socket to a filesystem path; accepts any path length through /proc/self/fd of its folder.
int cl_unix_connect(const char *path);
/// Listens on a filesystem path (mode 0600), close-on-exec.
int cl_unix_listen(const char *path, int backlog);
int cl_accept(int fd);
/// Peer's uid and pid (SO_PEERCRED).
int cl_peer_credentials(int fd, uid_t *uid, pid_t *pid);
int cl_tty_size(int fd, unsigned short *rows, unsigned short *columns);
int cl_tty_set_size(int fd, unsigned short rows, unsigned short columns);
int cl_tty_make_controlling(int fd);
/// Number of the pts slave behind a master, or -1.
int cl_pty_number(int master);
int cl_pty_unlock(int master);
/// Opens the slave of a master without naming it in any /dev (TIOCGPTPEER).
int cl_pty_peer(int master, int flags);
long cl_keyctl_join_session(void);
int cl_ns_type(int fd);
int cl_sched_personality(unsigned long persona);
/// Brings a network interface up in the current network namespace (SIOCSIFFLAGS).
int cl_interface_up(const char *name);
int cl_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags);
/// Catches `count` signals, in whatever thread: their numbers can be read, one byte each, from the descriptor
/// returned (close-on-exec, not blocking). One pipe a process; a second call gives back the same.
int cl_signal_pipe(const unsigned char *signals, int count);
/// Gives the signals their default action back.
void cl_signal_default(const unsigned char *signals, int count);
/// posix_spawn_file_actions_addclosefrom_np: the child closes every descriptor from `first` on.
int cl_spawn_close_from(void *file_actions, int first);
/// Loads a BPF_PROG_TYPE_CGROUP_DEVICE program of `count` instructions (8 bytes each); returns its descriptor.
int cl_bpf_load_device(const uint64_t *instructions, unsigned count);
/// Attaches a device program to a cgroup v2 folder beside those that are there (BPF_F_ALLOW_MULTI).
int cl_bpf_attach_device(int cgroup_fd, int program_fd);
int cl_bpf_detach_device(int cgroup_fd, int program_fd);
/// The ids of the device programs attached to the folder itself; returns their number, at most `capacity`.
int cl_bpf_query_device(int cgroup_fd, unsigned *ids, unsigned capacity);
/// A descriptor of a loaded program.
int cl_bpf_program_by_id(unsigned id);


/// One batch of raw directory records (getdents64): 0 at the end.
ssize_t cl_getdents64(int fd, void *buffer, size_t size);
int cl_syncfs(int fd);
/* ioctl FICLONE: makes a file share all blocks of another; -1 where the file system can't. */
int cl_clone_file(int from, int to);
/* copy_file_range(2) at the same offset of both files. */
ssize_t cl_copy_range(int from, int to, int64_t offset, int64_t count);
/* lseek(2) with SEEK_DATA and SEEK_HOLE. */
int64_t cl_seek_data(int fd, int64_t offset);
int64_t cl_seek_hole(int fd, int64_t offset);
/* sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts to write a part of a file to the disk, and waits for nothing. */
int cl_start_writeback(int fd, int64_t offset, int64_t count);
ssize_t cl_fgetxattr(int fd, const char *name, void *value, size_t size);
int cl_fsetxattr(int fd, const char *name, const void *value, size_t size);
int cl_fremovexattr(int fd, const char *name);
ssize_t cl_flistxattr(int fd, char *list, size_t size);
/// The l…xattr calls on an entry of an open folder, never following the entry if it is a link (needs /proc).
int cl_lsetxattrat(int dirfd, const char *entry, const char *name, const void *value, size_t size);
ssize_t cl_lgetxattrat(int dirfd, const char *entry, const char *name, void *value, size_t size);
ssize_t cl_llistxattrat(int dirfd, const char *entry, char *list, size_t size);
/// statfs(2)'s f_bavail * f_bsize of an open file's file system, or -1.
int64_t cl_available_bytes(int fd);
/// Every signal's action to the default and none blocked, as a program expects at its start.
int cl_reset_signals(void);
/// prlimit64 of the calling process; all bits set is no limit.
int cl_setrlimit(int resource, uint64_t soft, uint64_t hard);
/// Like cl_fstatfs, by path.
int cl_statfs(const char *path, long *type, long *flags);

static const uint64_t CL_MS_I_VERSION = 1 << 23;
/// A configuration context of the file system that an open descriptor's mount shows (fspick).
int cl_fspick(int fd);
/// set_mempolicy of the calling thread: bit n of the `words` of `nodes` is node n.
int cl_set_mempolicy(int mode, const uint64_t *nodes, unsigned long words);
static const long CL_SELINUX_MAGIC = 0xf97cff8c;
static const unsigned CL_SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;
static const unsigned CL_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32;
/// sched_setattr(2) of the calling thread; the utilisation clamps are 0.
int cl_sched_setattr(unsigned policy, uint64_t flags, int nice, unsigned priority, uint64_t runtime, uint64_t deadline,
                     uint64_t period);
/// ioprio_set(2) of the calling thread: class (1 real time, 2 best effort, 3 idle) and priority in it.
int cl_ioprio_set(int ioprio_class, int priority);
/// sched_setaffinity(2) of a thread (0: the caller); bit n of the mask of `size` bytes is processor n.
int cl_sched_setaffinity(pid_t pid, const void *mask, size_t size);
/// A copy (close-on-exec) of another process's descriptor (pidfd_getfd(2)).
int cl_pidfd_getfd(int pidfd, int fd);
/// 1 where the kernel knows all of these seccomp(2) filter flags, else 0. Installs nothing.
int cl_seccomp_knows_flags(unsigned flags);
/// lseek(2)'s place of the next data at or behind an offset.
static const int CL_SEEK_DATA = 3;
/// copy_file_range(2) at both files' positions; a file system that can share blocks does.
ssize_t cl_copy_file_range(int from, int to, size_t length);
/// A close-on-exec pipe.
int cl_pipe(int ends[2]);
