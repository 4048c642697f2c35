#include "CStart.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { EMPTY_PATH = 0x1000, READ_ONLY = 1 /* ST_RDONLY */ };

static int argument_count, seal_errno;
static char *const *arguments;

int hako_argument_count(void) { return argument_count; }
const char *hako_argument(int number) { return arguments[number]; }
int hako_seal_errno(void) { return seal_errno; }

/// The verbs that make a process inside a container. A container that happens to be called so costs one more execution.
static int enters(const char *word) {
    return !strcmp(word, "create") || !strcmp(word, "run") || !strcmp(word, "exec") || !strcmp(word, "restore");
}

/// Executes the program from a detached read-only mount of its file; returns where that fails.
static int execute(int file, char *const *environment) {
    struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV};
    int tree = (int)syscall(SYS_open_tree, file, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EMPTY_PATH);
    if (tree < 0 || syscall(SYS_mount_setattr, tree, "", EMPTY_PATH, &sealed, sizeof sealed) < 0) return errno;
    syscall(SYS_execveat, tree, "", arguments, environment, EMPTY_PATH);
    return errno;
}

/// Runs before every other constructor, Swift's too: the first of two starts costs no more than a C program's.
__attribute__((constructor(101))) static void begin(int count, char **words, char **environment) {
    struct statfs about;
    argument_count = count;
    arguments = words;
    int inside = 0;
    for (int i = 1; i < count; i++) inside |= enters(words[i]);
    if (!inside || geteuid() != 0) return;
    int file = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    if (file < 0 || fstatfs(file, &about) < 0) seal_errno = errno;
    else if (!(about.f_flags & READ_ONLY)) seal_errno = execute(file, environment);
    if (file >= 0) close(file);
}
