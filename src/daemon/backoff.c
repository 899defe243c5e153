#include "daemon/backoff.h"

double backoff_died(struct backoff *backoff, double lived)
{
    if (lived >= BACKOFF_FORGIVEN)
        backoff->deaths = 0;
    unsigned before = backoff->deaths;
    if (before < 6)
        backoff->deaths++;
    if (before == 0)
        return 0;
    unsigned wait = 1U << (before - 1);
    return wait < BACKOFF_MAX ? wait : BACKOFF_MAX;
}
