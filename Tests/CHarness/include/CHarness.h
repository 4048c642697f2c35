// What the integration tests need of libc that Glibc's module hides from Swift.
#pragma once
#include <stddef.h>
#include <stdint.h>
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

/// A Unix socket that listens at a path.
int ch_listen(const char *path);
/// The next connection, or -1 with errno set, ETIMEDOUT when none came in time.
int ch_accept(int listener, int milliseconds);
/// Reads what came over a Unix socket, and the descriptor that came along (-1: none).
ssize_t ch_receive_message(int socket, char *data, size_t size, int *descriptor);

/// A system call that waits for a seccomp agent's answer.
struct ch_notification {
    uint64_t id;
    pid_t pid;
    int call;
};
/// The next notification of a listener; -1 with errno set, ETIMEDOUT when none came in time.
int ch_receive_notification(int listener, int milliseconds, struct ch_notification *notification);
/// Lets the call fail with an error, or go on where it is 0.
int ch_answer_notification(int listener, uint64_t id, int error);
/// Whether the call still waits.
int ch_notification_is_valid(int listener, uint64_t id);
