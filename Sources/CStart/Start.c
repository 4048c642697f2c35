// The program's first instructions: before libc, before Swift.
//
// A verb that makes a process inside a container must run from a file that the container can't write to (CVE-2019-5736): the
// program executes itself again, from a detached read-only mount of its own file. Doing this ahead of libc's start (which
// asks the processor some thirty questions, each a trap to the hypervisor in a virtual machine) makes the first of the two
// executions the cheaper one. Nothing of libc may be used here: it is not relocated yet and has no thread.

#include "CStart.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

enum { EMPTY_PATH = 0x1000, READ_ONLY = 1 /* ST_RDONLY */ };

static int argument_count, seal_errno;
static char *const *arguments;

int hako_argument_count(void) { return argument_count; }
const char *hako_argument(int number) { return arguments[number]; }
int hako_seal_errno(void) { return seal_errno; }

/// A system call without libc; the kernel's answer as it is, an error number negated.
static long call(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
    long result = number;
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth) : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#else
#error "the program's entry is not written for this architecture"
#endif
}

static int is(const char *word, const char *other) {
    while (*word && *word == *other) word++, other++;
    return *word == *other;
}

/// The verbs that make a process inside a container. A container that happens to be called so costs one more execution.
static int enters(const char *word) {
    return is(word, "create") || is(word, "run") || is(word, "exec") || is(word, "restore");
}

/// Executes the program from a detached read-only mount of its file; returns where that fails, with the error number.
static long execute(long file, char *const *environment) {
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};
    long tree = call(SYS_open_tree, file, (long)"", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EMPTY_PATH, 0, 0);
    if (tree < 0) return -tree;
    long changed = call(SYS_mount_setattr, tree, (long)"", EMPTY_PATH, (long)&sealed, sizeof sealed);
    if (changed < 0) return -changed;
    return -call(SYS_execveat, tree, (long)"", (long)arguments, (long)environment, EMPTY_PATH);
}

/// Called by the entry with the stack as the kernel left it: the count of arguments, they, null, the environment.
__attribute__((used, visibility("hidden"))) void hako_begin(long *stack) {
    argument_count = (int)stack[0];
    arguments = (char *const *)(stack + 1);
    int inside = 0;
    for (int i = 1; i < argument_count; i++) inside |= enters(arguments[i]);
    if (!inside || call(SYS_geteuid, 0, 0, 0, 0, 0) != 0) return;
    struct statfs about;
    long file = call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_PATH | O_CLOEXEC, 0, 0);
    long known = file < 0 ? file : call(SYS_fstatfs, file, (long)&about, 0, 0, 0);
    if (known < 0) seal_errno = (int)-known;
    else if (!(about.f_flags & READ_ONLY)) seal_errno = (int)execute(file, arguments + argument_count + 1);
    if (file >= 0) call(SYS_close, file, 0, 0, 0, 0);
}

// The entry: libc's own follows, with the registers and the stack as the kernel left them.
#if defined(__x86_64__)
__asm__(".text\n.globl hako_entry\n.type hako_entry, @function\nhako_entry:\n"
        "    mov %rdx, %r12\n    mov %rsp, %rbx\n    mov %rsp, %rdi\n    and $-16, %rsp\n"
        "    call hako_begin\n    mov %rbx, %rsp\n    mov %r12, %rdx\n    xor %ebp, %ebp\n    jmp _start\n"
        ".size hako_entry, . - hako_entry\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl hako_entry\n.type hako_entry, %function\nhako_entry:\n"
        "    mov x19, x0\n    mov x0, sp\n    bl hako_begin\n    mov x0, x19\n    mov x29, #0\n    mov x30, #0\n    b _start\n"
        ".size hako_entry, . - hako_entry\n");
#endif
