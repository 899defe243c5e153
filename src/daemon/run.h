/*
 * One run of the sync, as a process of its own: this very program again, so that a run is the same code by hand and on schedule, and what it
 * needs (passwords, connections, memory) is gone when it has ended.
 *
 *   run_start -> run_listen when run_fd can be read, run_stop -> run_ended at SIGCHLD
 */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define RUN_LINE_MAX 2048 /* bytes; a longer line is logged in pieces */

struct run {
    pid_t pid; /* 0: none */
    int fd;    /* what it prints */
    char line[RUN_LINE_MAX];
    size_t used;
};

#define RUN_INIT                                                                                                       \
    {                                                                                                                  \
        .pid = 0, .fd = -1                                                                                             \
    }

/* words: behind the program's name, ends with NULL. The process is told to end cleanly when this one dies. */
int run_start(struct run *run, const char *const *words, struct err *err);
/* Logs each line that it printed since. */
void run_listen(struct run *run);
/* Asks it to end cleanly; the second time it ends at once. */
void run_stop(const struct run *run);
/* When it has ended: logs the rest of what it printed and what became of it. */
bool run_ended(struct run *run);

/* How a process ended, in words: "exit status 3, the gate is closed", "killed by signal 9 (Killed)". As wait gives status. Into ret. */
#define RUN_WORDS_MAX 128
const char *run_words(int status, char ret[static RUN_WORDS_MAX]);

#endif
