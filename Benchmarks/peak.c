/* Runs a program and tells how much memory its first process had, when that ends.

   cc -O2 -static -o peak peak.c
   peak FILE PROGRAM [ARGUMENT]...
   FILE gets four numbers: the exit code; KiB resident at most (wait4's ru_maxrss; a parent as small as this one does not
   blur it); KiB resident and KiB anonymous (what no file has) at its end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static long resident, anonymous;

/* Reads the sums of /proc/PID/smaps_rollup while the process stops at its exit. */
static void look(pid_t pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    if (!file) return;
    resident = anonymous = 0;
    while (fgets(line, sizeof line, file)) {
        long number = 0;
        if (sscanf(line, "Rss: %ld", &number) == 1) resident = number;
        else if (sscanf(line, "Anonymous: %ld", &number) == 1) anonymous = number;
    }
    fclose(file);
}

int main(int count, char **words) {
    if (count < 3) return fprintf(stderr, "peak FILE PROGRAM [ARGUMENT]...\n"), 2;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(words[2], words + 2);
        perror(words[2]);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return perror("waitpid"), 2;
    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC));
    ptrace(PTRACE_CONT, child, NULL, NULL);
    while (wait4(child, &status, 0, &usage) == child && WIFSTOPPED(status)) {
        int event = status >> 16, signal = event ? 0 : WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXIT) look(child);
        ptrace(PTRACE_CONT, child, NULL, (void *)(long)signal);
    }
    FILE *file = fopen(words[1], "we");
    if (!file) return perror(words[1]), 2;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fprintf(file, "%d %ld %ld %ld\n", code, usage.ru_maxrss, resident, anonymous);
    fclose(file);
    return code;
}
