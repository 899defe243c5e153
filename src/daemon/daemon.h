/*
 * "doorward serve": a small parent and two children.
 *
 *   web   has the listening sockets and meets everything hostile; opens no secret of a directory or platform    (web_role.c)
 *   sync  runs "doorward apply" on schedule; has no listening socket                                            (sync_role.c)
 *
 * The parent (house.c) reads no network. It starts both, starts again whichever dies, passes SIGTERM, SIGINT and SIGHUP on, speaks to the
 * service manager, and leaves nobody behind. Children are forked, not executed: one that is started again has the configuration that the
 * parent last found right, whatever the file holds by then.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "base/err.h"
#include "conf/conf.h"

struct daemon {
    struct conf *conf; /* owned; exchanged at a reload */
    const char *state_dir;
    const char *const *run_words;     /* what a scheduled run is called with; ends with NULL */
    const char *const *refresh_words; /* … and what takes identity providers' metadata anew */
    /* Reads the configuration anew, with every check that was made at the start. */
    int (*load)(void *ctx, struct conf **ret, struct err *err);
    void *ctx;
    int signals; /* filled by daemon_run */
};

/*
 * Runs until SIGTERM or SIGINT, and returns 0 when everybody has ended. -1 when a child could not begin at the first start, with its own
 * words: an address that is taken, a certificate that does not fit. Later faults of a child are logged, and it is started again.
 */
int daemon_run(struct daemon *daemon, struct err *err);

/* A child's work: returns its exit status. link: its end of daemon/link.h. */
int web_role(struct daemon *daemon, int link);
int sync_role(struct daemon *daemon, int link);

/*
 * In a child, at SIGHUP: the configuration of now into *ret, or NULL when it is wrong, which is logged. Exchanged for the old one by
 * daemon_exchange when the child could take it.
 */
struct conf *daemon_reread(struct daemon *daemon);
void daemon_exchange(struct daemon *daemon, struct conf *conf);

#endif
