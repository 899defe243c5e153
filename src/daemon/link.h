/*
 * What a child tells its parent: that it serves, that it cannot, that it lives, and which process it runs. One message is one packet.
 *
 *   link_pair; in the child: link_ready or link_failed, link_alive about once a second; in the parent: link_next until 0
 *
 * The parent trusts nothing that is said beyond what it says about the child itself.
 */
#ifndef DAEMON_LINK_H
#define DAEMON_LINK_H

#include <sys/types.h>

#include "base/err.h"

enum link_what { LINK_READY, LINK_FAILED, LINK_ALIVE, LINK_RUN };

struct link_message {
    int what;
    int kind;  /* LINK_FAILED: of the error */
    pid_t run; /* LINK_RUN: 0: it has ended */
    char text[ERR_TEXT_MAX];
};

/* Both ends, which no other program inherits. */
int link_pair(int *ret_parent, int *ret_child, struct err *err);

void link_ready(int fd); /* serves, with the configuration of now: at the start and after each reload, good or bad */
void link_failed(int fd, const struct err *why);
void link_alive(int fd);
void link_run(int fd, pid_t run);

/* 1: *ret is filled, its text ended; 0: nothing there, or nothing that could be understood. */
int link_next(int fd, struct link_message *ret);

#endif
