// Exchanges the two names of each pair for ever (renameat2 RENAME_EXCHANGE); on SIGTERM prints how often and ends.
// usage: flip A B [A B]…
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t done;
static void finish(int number) { done = number; }

int main(int argc, char **argv) {
    unsigned long count = 0;
    signal(SIGTERM, finish);
    while (!done)
        for (int i = 1; i + 1 < argc; i += 2)
            if (syscall(SYS_renameat2, AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1], 2) == 0) count++;
    printf("%lu\n", count);
    return 0;
}
