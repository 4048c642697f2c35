// Exchanges the two names of each pair for ever (renameat2 RENAME_EXCHANGE), and counts in the first eight bytes of COUNTER.
// usage: flip COUNTER A B [A B]…
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int file = argc > 1 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;
    if (file < 0 || ftruncate(file, 8) < 0) {
        perror("flip");
        return 1;
    }
    _Atomic unsigned long *count = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (;;)
        for (int i = 2; i + 1 < argc; i += 2)
            if (syscall(SYS_renameat2, AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1], 2) == 0) atomic_fetch_add(count, 1);
}
