/* Runs a program, and all that it forks, instruction by instruction; prints the address of each 16 bytes of its text that
   were executed, in the order of their first execution. Other programs that it executes run on by themselves.

   steps START END OUTPUT PROGRAM [ARGUMENT...]     START and END bound the text, in hexadecimal */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a process executes the program. */
static int executes(pid_t pid, const struct stat *program) {
    char path[32];
    struct stat now;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return stat(path, &now) == 0 && now.st_ino == program->st_ino && now.st_size == program->st_size;
}

int main(int count, char **words) {
    if (count < 5) return fprintf(stderr, "steps START END OUTPUT PROGRAM [ARGUMENT...]\n"), 64;
    unsigned long start = strtoul(words[1], NULL, 16), end = strtoul(words[2], NULL, 16);
    unsigned char *seen = calloc((end - start) / 16 + 1, 1);
    FILE *output = fopen(words[3], "a");
    struct stat program;
    if (!seen || !output || stat(words[4], &program)) return perror(words[3]), 1;
    /* One processor for both sides: a step is two switches. */
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(words[4], words + 4);
        _exit(127);
    }
    int status, code = 0;
    waitpid(first, &status, 0);
    ptrace(PTRACE_SETOPTIONS, first, 0,
           PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, first, 0, 0);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) break;
        if (!WIFSTOPPED(status)) {
            if (pid == first) { code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); break; }
            continue;
        }
        int sent = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_EXEC && !executes(pid, &program)) {
            ptrace(PTRACE_DETACH, pid, 0, 0);
            continue;
        }
        struct user_regs_struct registers;
        if (sent == SIGTRAP && ptrace(PTRACE_GETREGS, pid, 0, &registers) == 0 && registers.rip >= start && registers.rip < end) {
            unsigned long place = (registers.rip - start) / 16;
            if (!seen[place]) { seen[place] = 1; fprintf(output, "%llx\n", registers.rip); }
        }
        int passed = sent == SIGTRAP || (sent == SIGSTOP && event == 0) || event ? 0 : sent;
        ptrace(PTRACE_SINGLESTEP, pid, 0, passed);
    }
    fclose(output);
    return code;
}
