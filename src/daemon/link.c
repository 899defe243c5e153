#include "daemon/link.h"

#include <stddef.h>
#include <sys/socket.h>

int link_pair(int *ret_parent, int *ret_child, struct err *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return err_errno(err, ERR_FAILED, "a child process could not be connected");
    *ret_parent = ends[0];
    *ret_child = ends[1];
    return 0;
}

/* A full queue means that the parent does not listen now: what is lost is said again by the next sign of life. */
static void say(int fd, const struct link_message *message)
{
    send(fd, message, offsetof(struct link_message, text) + strlen(message->text) + 1, MSG_NOSIGNAL);
}

void link_ready(int fd)
{
    say(fd, &(struct link_message){.what = LINK_READY});
}

void link_failed(int fd, const struct err *why)
{
    struct link_message message = {.what = LINK_FAILED, .kind = (int)why->kind};
    snprintf(message.text, sizeof message.text, "%s", why->text);
    say(fd, &message);
}

void link_alive(int fd)
{
    say(fd, &(struct link_message){.what = LINK_ALIVE});
}

void link_run(int fd, pid_t run)
{
    say(fd, &(struct link_message){.what = LINK_RUN, .run = run});
}

int link_next(int fd, struct link_message *ret)
{
    ssize_t n = recv(fd, ret, sizeof *ret, 0);
    if (n < (ssize_t)offsetof(struct link_message, text) || ret->what < LINK_READY || ret->what > LINK_RUN ||
        ret->kind < ERR_NONE || ret->kind > ERR_CONFIG)
        return 0;
    size_t text = (size_t)n - offsetof(struct link_message, text);
    ret->text[text < sizeof ret->text ? text : sizeof ret->text - 1] = '\0';
    return 1;
}
