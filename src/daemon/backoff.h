/* How long a process that died stays dead: pure. */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#define BACKOFF_FORGIVEN 60 /* seconds of life after which earlier deaths count no more */
#define BACKOFF_MAX      30 /* seconds */

struct backoff {
    unsigned deaths; /* one shortly behind the other */
};

/* Notes one more death after so many seconds of life. Seconds to wait: 0, then 1, 2, 4 … BACKOFF_MAX. */
double backoff_died(struct backoff *backoff, double lived);

#endif
