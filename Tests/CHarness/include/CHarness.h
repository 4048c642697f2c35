// What the integration tests need of libc that Glibc's module hides from Swift.
#pragma once
#include <stddef.h>
#include <sys/types.h>

/// How a program is started. `input`, `output` and `errors` are paths; with `terminal` set, it is all three and the
/// controlling terminal. `kept` become the descriptors 3, 4, …; all others are closed.
struct ch_program {
    char *const *arguments;
    char *const *environment;
    const char *folder, *input, *output, *errors, *terminal;
    const int *kept;
    size_t kept_count;
};

/// Starts a program in a session of its own; returns its pid, or -1 with errno set when it can't be executed.
pid_t ch_start(const struct ch_program *program);

/// Opens a pseudo-terminal's master and writes the path of its other side; -1 with errno set on failure.
int ch_open_terminal(char *path, size_t size);

/// Receives one descriptor over a Unix socket; -1 with errno set on failure, ENOMSG when none came.
int ch_receive_descriptor(int socket);
