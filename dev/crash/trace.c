// Runs a program and, at each system call of its that changes a disk, counts, kills, fails or records.
//
//   trace count              COMMAND…   prints how many such calls there were
//   trace kill N             COMMAND…   kills the program as the N-th begins (1 is the first); exits 137
//   trace fail N ERRNO       COMMAND…   the N-th returns -ERRNO and does nothing
//   trace fail-all N ERRNO   COMMAND…   so do all that follow, as on a broken disk (closing and removing still work)
//   trace record FILE        COMMAND…   writes each call, with its data, to FILE for dev/crash/replay.py
//
// Only calls on files below $TRACE_ROOT count (the program's own folder), so that pipes and sockets do not. Threads and
// children are followed. The program's exit code is passed on. Needs x86-64 or arm64 Linux 5.3 (PTRACE_GET_SYSCALL_INFO).
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum mode { COUNT, KILL, FAIL, FAIL_ALL, RECORD };

// What a call is on: a descriptor, or one or two paths with the folders they start from.
enum shape { ON_FD, ON_PATH, ON_TWO_PATHS, ON_OPEN };

struct call {
    int number;
    const char *name;
    enum shape shape;
    int fd, path;       // arguments; -1: the working folder
    int fd2, path2;
};

static const struct call calls[] = {
#ifdef SYS_open
    {SYS_open, "open", ON_OPEN, -1, 0, 0, 0},
    {SYS_creat, "creat", ON_OPEN, -1, 0, 0, 0},
    {SYS_mkdir, "mkdir", ON_PATH, -1, 0, 0, 0},
    {SYS_rmdir, "rmdir", ON_PATH, -1, 0, 0, 0},
    {SYS_unlink, "unlink", ON_PATH, -1, 0, 0, 0},
    {SYS_rename, "rename", ON_TWO_PATHS, -1, 0, -1, 1},
    {SYS_link, "link", ON_TWO_PATHS, -1, 0, -1, 1},
    {SYS_symlink, "symlink", ON_PATH, -1, 1, 0, 0},
    {SYS_mknod, "mknod", ON_PATH, -1, 0, 0, 0},
    {SYS_chmod, "chmod", ON_PATH, -1, 0, 0, 0},
    {SYS_chown, "chown", ON_PATH, -1, 0, 0, 0},
    {SYS_lchown, "lchown", ON_PATH, -1, 0, 0, 0},
#endif
    {SYS_openat, "openat", ON_OPEN, 0, 1, 0, 0},
    {SYS_openat2, "openat2", ON_OPEN, 0, 1, 0, 0},
    {SYS_mkdirat, "mkdirat", ON_PATH, 0, 1, 0, 0},
    {SYS_unlinkat, "unlinkat", ON_PATH, 0, 1, 0, 0},
#ifdef SYS_renameat
    {SYS_renameat, "renameat", ON_TWO_PATHS, 0, 1, 2, 3},
#endif
    {SYS_renameat2, "renameat2", ON_TWO_PATHS, 0, 1, 2, 3},
    {SYS_linkat, "linkat", ON_TWO_PATHS, 0, 1, 2, 3},
    {SYS_symlinkat, "symlinkat", ON_PATH, 1, 2, 0, 0},
    {SYS_mknodat, "mknodat", ON_PATH, 0, 1, 0, 0},
    {SYS_fchmodat, "fchmodat", ON_PATH, 0, 1, 0, 0},
    {SYS_fchownat, "fchownat", ON_PATH, 0, 1, 0, 0},
    {SYS_truncate, "truncate", ON_PATH, -1, 0, 0, 0},
    {SYS_write, "write", ON_FD, 0, 0, 0, 0},
    {SYS_pwrite64, "pwrite64", ON_FD, 0, 0, 0, 0},
    {SYS_writev, "writev", ON_FD, 0, 0, 0, 0},
    {SYS_pwritev, "pwritev", ON_FD, 0, 0, 0, 0},
    {SYS_pwritev2, "pwritev2", ON_FD, 0, 0, 0, 0},
    {SYS_copy_file_range, "copy_file_range", ON_FD, 2, 0, 0, 0},
    {SYS_sendfile, "sendfile", ON_FD, 0, 0, 0, 0},
    {SYS_splice, "splice", ON_FD, 2, 0, 0, 0},
    {SYS_ftruncate, "ftruncate", ON_FD, 0, 0, 0, 0},
    {SYS_fallocate, "fallocate", ON_FD, 0, 0, 0, 0},
    {SYS_fsync, "fsync", ON_FD, 0, 0, 0, 0},
    {SYS_fdatasync, "fdatasync", ON_FD, 0, 0, 0, 0},
    {SYS_sync_file_range, "sync_file_range", ON_FD, 0, 0, 0, 0},
    {SYS_syncfs, "syncfs", ON_FD, 0, 0, 0, 0},
    {SYS_fchmod, "fchmod", ON_FD, 0, 0, 0, 0},
    {SYS_fchown, "fchown", ON_FD, 0, 0, 0, 0},
    {SYS_fsetxattr, "fsetxattr", ON_FD, 0, 0, 0, 0},
    {SYS_utimensat, "utimensat", ON_PATH, 0, 1, 0, 0},
};
enum { CALLS = sizeof calls / sizeof *calls };

static enum mode mode;
static long wanted, counted, fault;
static const char *root;
static FILE *record;
static pid_t leader;
static int leader_status;

static void die(const char *what) {
    fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
    exit(70);
}

static const struct call *find(long number) {
    for (int i = 0; i < CALLS; i++)
        if (calls[i].number == number) return &calls[i];
    return NULL;
}

// Only the calls of the table stop the program: everything else runs at full speed.
static void install_filter(void) {
    struct sock_filter code[2 * CALLS + 4];
    int n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1);
    // What goes by a ring is seen by nobody here: programs have a way without.
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    code[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {(unsigned short)(n + 1), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) die("seccomp");
}

static size_t peek(pid_t pid, uint64_t address, void *buffer, size_t size) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/mem", pid);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = pread(file, buffer, size, (off_t)address);
    close(file);
    return count < 0 ? 0 : (size_t)count;
}

static void peek_text(pid_t pid, uint64_t address, char *text, size_t size) {
    size_t done = 0;
    while (done + 1 < size) {
        // Never over the end of a page that may be the last one mapped.
        size_t part = 4096 - ((address + done) & 4095);
        if (part > size - 1 - done) part = size - 1 - done;
        size_t count = peek(pid, address + done, text + done, part);
        char *end = memchr(text + done, 0, count);
        if (end) return;
        done += count;
        if (count < part) break;
    }
    text[done] = 0;
}

// The absolute path behind a descriptor; empty where it is none of a file.
static void descriptor_path(pid_t pid, int fd, char *path) {
    char name[64];
    if (fd == AT_FDCWD) snprintf(name, sizeof name, "/proc/%d/cwd", pid);
    else snprintf(name, sizeof name, "/proc/%d/fd/%d", pid, fd);
    ssize_t count = readlink(name, path, PATH_MAX - 1);
    path[count > 0 ? count : 0] = 0;
}

// Resolves the folder part, so that links and /proc/self/fd lead where they lead for the program.
static void whole_path(pid_t pid, int fd, uint64_t address, char *path) {
    static char text[PATH_MAX], joined[2 * PATH_MAX], folder[PATH_MAX];
    int number;
    peek_text(pid, address, text, sizeof text);
    if (!*text) return descriptor_path(pid, fd, path);
    if (sscanf(text, "/proc/self/fd/%d", &number) == 1 && !strchr(text + 14, '/')) return descriptor_path(pid, number, path);
    if (*text == '/') snprintf(joined, sizeof joined, "%s", text);
    else {
        descriptor_path(pid, fd, folder);
        snprintf(joined, sizeof joined, "%s/%s", folder, text);
    }
    size_t length = strlen(joined);
    while (length > 1 && joined[length - 1] == '/') joined[--length] = 0;
    char *slash = strrchr(joined, '/');
    const char *last = slash ? slash + 1 : "";
    if (!strcmp(last, ".") || !strcmp(last, "..") || !realpath(slash == joined ? "/" : (*slash = 0, joined), folder)) {
        if (slash) *slash = '/';
        if (!realpath(joined, path)) snprintf(path, PATH_MAX, "%s", joined);
        return;
    }
    size_t used = strcmp(folder, "/") ? strlen(folder) : 0;
    if (used + strlen(last) + 2 > PATH_MAX) return (void)(*path = 0);
    memcpy(path, folder, used);
    path[used] = '/';
    strcpy(path + used + 1, last);
}

static bool is_below(const char *path) {
    size_t length = strlen(root);
    return !strncmp(path, root, length) && (path[length] == '/' || path[length] == 0);
}

static uint64_t open_flags(pid_t pid, const struct call *call, const uint64_t *args) {
    if (call->number == SYS_openat2) {
        uint64_t flags = 0;
        peek(pid, args[2], &flags, sizeof flags);
        return flags;
    }
#ifdef SYS_open
    if (call->number == SYS_creat) return O_CREAT | O_WRONLY | O_TRUNC;
    if (call->number == SYS_open) return args[1];
#endif
    return args[2];
}

static char path_a[PATH_MAX], path_b[PATH_MAX];

// Whether the call changes something below the root; leaves the paths in path_a and path_b.
static bool concerns(pid_t pid, const struct call *call, const uint64_t *args) {
    path_a[0] = path_b[0] = 0;
    int fd = call->fd < 0 ? AT_FDCWD : (int)args[call->fd];
    switch (call->shape) {
    case ON_FD:
        descriptor_path(pid, fd, path_a);
        return is_below(path_a);
    case ON_OPEN:
        if (!(open_flags(pid, call, args) & (O_CREAT | O_TRUNC))) return false;
        // fall through
    case ON_PATH:
        whole_path(pid, fd, args[call->path], path_a);
        return is_below(path_a);
    case ON_TWO_PATHS:
        whole_path(pid, fd, args[call->path], path_a);
        whole_path(pid, call->fd2 < 0 ? AT_FDCWD : (int)args[call->fd2], args[call->path2], path_b);
        return is_below(path_a) || is_below(path_b);
    }
    return false;
}

static void put_number(const char *name, int64_t value) { fprintf(record, "\t%s=%lld", name, (long long)value); }

static void put_bytes(pid_t pid, uint64_t address, uint64_t size) {
    static unsigned char part[65536];
    fprintf(record, "\tdata=");
    while (size > 0) {
        size_t count = peek(pid, address, part, size < sizeof part ? size : sizeof part);
        if (!count) break;
        for (size_t i = 0; i < count; i++) fprintf(record, "%02x", part[i]);
        address += count;
        size -= count;
    }
}

// The current position of a descriptor, and whether it appends.
static void position(pid_t pid, int fd, int64_t *offset, bool *appends) {
    char name[64], line[128];
    snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", pid, fd);
    FILE *info = fopen(name, "re");
    *offset = 0;
    *appends = false;
    if (!info) return;
    while (fgets(line, sizeof line, info)) {
        long long value;
        unsigned flags;
        if (sscanf(line, "pos: %lld", &value) == 1) *offset = value;
        if (sscanf(line, "flags: %o", &flags) == 1) *appends = flags & O_APPEND;
    }
    fclose(info);
}

static void put_vector(pid_t pid, uint64_t address, uint64_t count) {
    struct iovec parts[64];
    if (count > 64) count = 64;
    peek(pid, address, parts, count * sizeof *parts);
    // One record a part: they lie one behind the other.
    fprintf(record, "\tdata=");
    for (uint64_t i = 0; i < count; i++) {
        static unsigned char bytes[1 << 20];
        size_t size = peek(pid, (uint64_t)(uintptr_t)parts[i].iov_base, bytes,
                           parts[i].iov_len < sizeof bytes ? parts[i].iov_len : sizeof bytes);
        for (size_t k = 0; k < size; k++) fprintf(record, "%02x", bytes[k]);
    }
}

static void put_escaped(const char *path) {
    for (; *path; path++) {
        if (*path == '\t' || *path == '\n' || *path == '%') fprintf(record, "%%%02x", (unsigned char)*path);
        else fputc(*path, record);
    }
}

// A line: name, path, second path, then what the replay needs to know. The result follows at the call's end.
static void put_call(pid_t pid, const struct call *call, const uint64_t *args) {
    fprintf(record, "%s\t", call->name);
    put_escaped(path_a);
    fputc('\t', record);
    put_escaped(path_b);
    int64_t offset;
    bool appends;
    switch (call->number) {
    case SYS_write:
        position(pid, (int)args[0], &offset, &appends);
        put_number("offset", appends ? -1 : offset);
        put_bytes(pid, args[1], args[2]);
        break;
    case SYS_pwrite64:
        put_number("offset", (int64_t)args[3]);
        put_bytes(pid, args[1], args[2]);
        break;
    case SYS_writev:
        position(pid, (int)args[0], &offset, &appends);
        put_number("offset", appends ? -1 : offset);
        put_vector(pid, args[1], args[2]);
        break;
    case SYS_pwritev: case SYS_pwritev2:
        put_number("offset", (int64_t)args[3]);
        put_vector(pid, args[1], args[2]);
        break;
    case SYS_copy_file_range: case SYS_sendfile: case SYS_splice: {
        // The source is read as it is now; the target's place is its position, or the offset that is passed.
        char source[PATH_MAX];
        int from = call->number == SYS_sendfile ? (int)args[1] : (int)args[0];
        uint64_t out = call->number == SYS_sendfile ? 0 : args[3], in = call->number == SYS_sendfile ? args[2] : args[1];
        int64_t start;
        descriptor_path(pid, from, source);
        position(pid, from, &start, &appends);
        if (in) peek(pid, in, &start, sizeof start);
        position(pid, call->number == SYS_sendfile ? (int)args[0] : (int)args[2], &offset, &appends);
        if (out) peek(pid, out, &offset, sizeof offset);
        put_number("offset", appends ? -1 : offset);
        put_number("from", start);
        fprintf(record, "\tsource=");
        put_escaped(source);
        break;
    }
    case SYS_ftruncate: case SYS_truncate: put_number("size", (int64_t)args[1]); break;
    case SYS_fallocate:
        put_number("mode", (int64_t)args[1]);
        put_number("offset", (int64_t)args[2]);
        put_number("size", (int64_t)args[3]);
        break;
    case SYS_unlinkat: put_number("flags", (int64_t)args[2]); break;
    case SYS_renameat2: put_number("flags", (int64_t)args[4]); break;
    case SYS_symlinkat: {
        char target[PATH_MAX];
        peek_text(pid, args[0], target, sizeof target);
        fprintf(record, "\ttarget=");
        put_escaped(target);
        break;
    }
    case SYS_mknodat:
        put_number("mode", (int64_t)args[2]);
        put_number("device", (int64_t)args[3]);
        break;
    default:
        if (call->shape == ON_OPEN) put_number("flags", (int64_t)open_flags(pid, call, args));
        if (call->number == SYS_fchmod) put_number("mode", (int64_t)args[1]);
        if (call->number == SYS_mkdirat) put_number("mode", (int64_t)args[2]);
#ifdef SYS_open
        if (call->number == SYS_mkdir) put_number("mode", (int64_t)args[1]);
        if (call->number == SYS_symlink) {
            char target[PATH_MAX];
            peek_text(pid, args[0], target, sizeof target);
            fprintf(record, "\ttarget=");
            put_escaped(target);
        }
#endif
        break;
    }
}

// Lets the call that has begun not happen and return -fault.
static void refuse(pid_t pid) {
#if defined __x86_64__
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) die("PTRACE_GETREGS");
    registers.orig_rax = (unsigned long long)-1;
    registers.rax = (unsigned long long)-fault;
    if (ptrace(PTRACE_SETREGS, pid, 0, &registers) != 0) die("PTRACE_SETREGS");
#elif defined __aarch64__
    int none = -1;
    struct iovec number = {&none, sizeof none};
    if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) != 0) die("PTRACE_SETREGSET");
    struct user_regs_struct registers;
    struct iovec all = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) != 0) die("PTRACE_GETREGSET");
    registers.regs[0] = (unsigned long)-fault;
    if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) != 0) die("PTRACE_SETREGSET");
#endif
}

// What a full or broken disk would still let through.
static bool frees(const struct call *call) {
    return strstr(call->name, "unlink") || strstr(call->name, "rmdir") || strstr(call->name, "truncate")
        || (strstr(call->name, "rename") && fault == ENOSPC) || strstr(call->name, "sync") || strstr(call->name, "chmod")
        || strstr(call->name, "chown");
}

static void at_call(pid_t pid) {
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0) return;
    uint64_t args[6];
    memcpy(args, info.seccomp.args, sizeof args);
    const struct call *call = find((long)info.seccomp.nr);
    bool counts = call && concerns(pid, call, args);
    if (counts) counted++;
    if (counts && mode == RECORD) {
        put_call(pid, call, args);
        // The others stand still until the result is known: the record is in the order of the effects.
        ptrace(PTRACE_SYSCALL, pid, 0, 0);
        int status;
        if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
            struct __ptrace_syscall_info end;
            int64_t result = 0;
            if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof end, &end) > 0 && end.op == PTRACE_SYSCALL_INFO_EXIT)
                result = end.exit.rval;
            fprintf(record, "\tresult=%lld\n", (long long)result);
        }
    }
    if (counts && mode == KILL && counted == wanted) {
        fprintf(stderr, "trace: killed at %s %s\n", call->name, path_a);
        kill(leader, SIGKILL);
    }
    if (counts && ((mode == FAIL && counted == wanted) || (mode == FAIL_ALL && counted >= wanted && !frees(call)))) {
        if (counted == wanted) fprintf(stderr, "trace: failed %s %s\n", call->name, path_a);
        refuse(pid);
    }
    ptrace(PTRACE_CONT, pid, 0, 0);
}

static int follow(void) {
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            if (errno == EINTR) continue;
            return leader_status;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == leader) leader_status = status;
            continue;
        }
        int event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) at_call(pid);
        else if (event) ptrace(PTRACE_CONT, pid, 0, 0);
        else {
            // The first stop of a new thread is no signal of its own.
            int signal = WSTOPSIG(status);
            ptrace(PTRACE_CONT, pid, 0, signal == SIGSTOP || signal == SIGTRAP ? 0 : signal);
        }
    }
}

int main(int count, char **words) {
    static const struct { const char *name; enum mode mode; int numbers; } modes[] = {
        {"count", COUNT, 0}, {"kill", KILL, 1}, {"fail", FAIL, 2}, {"fail-all", FAIL_ALL, 2}, {"record", RECORD, 0},
    };
    int next = 2;
    bool known = false;
    for (unsigned i = 0; count > 2 && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(words[1], modes[i].name)) continue;
        mode = modes[i].mode;
        known = count > next + modes[i].numbers;
        if (known && modes[i].numbers > 0) wanted = atol(words[next++]);
        if (known && modes[i].numbers > 1) fault = atol(words[next++]);
        if (known && mode == RECORD && !(record = fopen(words[next++], "we"))) die(words[next - 1]);
    }
    root = getenv("TRACE_ROOT");
    if (!known || next >= count || !root) {
        fprintf(stderr, "usage: TRACE_ROOT=DIR trace count|kill N|fail N ERRNO|fail-all N ERRNO|record FILE COMMAND…\n");
        return 64;
    }
    leader = fork();
    if (leader < 0) die("fork");
    if (leader == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        install_filter();
        execvp(words[next], words + next);
        die(words[next]);
    }
    int status;
    if (waitpid(leader, &status, __WALL) != leader) die("waitpid");
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
        | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, leader, 0, options) != 0) die("PTRACE_SETOPTIONS");
    ptrace(PTRACE_CONT, leader, 0, 0);
    status = follow();
    if (record && fclose(record) != 0) die("record");
    if (mode == COUNT) printf("%ld\n", counted);
    if (counted < wanted) return 99;  // there is no such call: all have been tried
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
