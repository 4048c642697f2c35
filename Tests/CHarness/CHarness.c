#define _GNU_SOURCE
#include "CHarness.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int become(const struct ch_program *p) {
    setsid();
    if (p->terminal) {
        int side = open(p->terminal, O_RDWR);
        if (side < 0 || ioctl(side, TIOCSCTTY, 0) || dup2(side, 0) < 0 || dup2(side, 1) < 0 || dup2(side, 2) < 0) return -1;
    } else {
        int in = open(p->input, O_RDONLY), out = open(p->output, O_WRONLY | O_CREAT | O_APPEND, 0600);
        int err = open(p->errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) return -1;
    }
    // Out of the way first, so that none is overwritten before its turn.
    int high[16];
    if (p->kept_count > 16) return errno = E2BIG, -1;
    for (size_t i = 0; i < p->kept_count; i++)
        if ((high[i] = fcntl(p->kept[i], F_DUPFD, 512)) < 0) return -1;
    for (size_t i = 0; i < p->kept_count; i++)
        if (dup2(high[i], 3 + (int)i) < 0) return -1;
    if (close_range(3 + (unsigned)p->kept_count, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */)) return -1;
    if (chdir(p->folder)) return -1;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signal_number = 1; signal_number < 32; signal_number++) signal(signal_number, SIG_DFL);
    return execvpe(p->arguments[0], p->arguments, p->environment);
}

pid_t ch_start(const struct ch_program *program) {
    int report[2], failure = 0;
    if (pipe2(report, O_CLOEXEC)) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        become(program);
        failure = errno;
        ssize_t ignored = write(report[1], &failure, sizeof failure);
        (void)ignored;
        _exit(127);
    }
    close(report[1]);
    // close_range marks the child's report descriptor too, so that a successful exec ends the pipe.
    if (pid > 0 && read(report[0], &failure, sizeof failure) == sizeof failure) {
        close(report[0]);
        return errno = failure, -1;
    }
    close(report[0]);
    return pid;
}

int ch_open_terminal(char *path, size_t size) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return -1;
    if (grantpt(master) || unlockpt(master) || ptsname_r(master, path, size)) return close(master), -1;
    return master;
}

int ch_receive_descriptor(int socket) {
    char data[4096];
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec part = {data, sizeof data};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return errno = ENOMSG, -1;
    return *(int *)CMSG_DATA(header);
}

int ch_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int socket_number = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_number < 0) return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (bind(socket_number, (struct sockaddr *)&address, sizeof address) || listen(socket_number, 8))
        return close(socket_number), -1;
    return socket_number;
}

int ch_accept(int listener, int milliseconds) {
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    if (poll(&entry, 1, milliseconds) != 1) return errno = ETIMEDOUT, -1;
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

ssize_t ch_receive_message(int socket, char *data, size_t size, int *descriptor) {
    union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } control;
    struct iovec part = {data, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = count < 0 ? NULL : CMSG_FIRSTHDR(&message);
    *descriptor = header && header->cmsg_type == SCM_RIGHTS ? *(int *)CMSG_DATA(header) : -1;
    return count;
}

int ch_receive_notification(int listener, int milliseconds, struct ch_notification *notification) {
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    struct seccomp_notif request = {0};
    if (poll(&entry, 1, milliseconds) != 1 || !(entry.revents & POLLIN)) return errno = ETIMEDOUT, -1;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request)) return -1;
    *notification = (struct ch_notification){request.id, request.pid, request.data.nr};
    return 0;
}

int ch_answer_notification(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp answer = {
        .id = id, .error = -error, .flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

int ch_notification_is_valid(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }
