#include "sync/retry.h"

#include "base/clock.h"
#include "net/pause.h"

/*
 * A platform counts as lost when this many waves in a row have not a single answer, and more changes than one alone is tried for: what only ever
 * fails by itself is skipped, and does not stop the others.
 */
#define SILENT_WAVES 3
/* A change that outlived this many senders is at fault itself, and must not keep a run open for ever. */
#define SENDERS_MAX 3

void retry_init(struct retry *r, const struct conf_section *section)
{
    *r = (struct retry){.retries = (size_t)conf_int(section, "retries"),
                        .first_wait = (double)conf_int(section, "retry-wait") / 1000};
}

static double rest_of(const struct platform_answer *a)
{
    int64_t wait = a->wait < PLATFORM_WAIT_MAX ? a->wait : PLATFORM_WAIT_MAX;
    return a->verdict == PLATFORM_RETRY && wait > 0 ? (double)wait / 1000 : 0;
}

/* Who says that it is busy is there. */
static bool is_answer(const struct platform_answer *a)
{
    return a->verdict != PLATFORM_RETRY || a->wait > 0 || a->why.kind != ERR_NETWORK;
}

void retry_hear(struct retry *r, const struct platform_answer *answers, size_t n)
{
    bool heard = false;
    size_t asked = 0;
    double now = clock_monotonic();
    for (size_t i = 0; i < n; i++) {
        heard |= is_answer(&answers[i]);
        asked += !answers[i].together;
        double rest = now + rest_of(&answers[i]);
        r->rest_until = rest > r->rest_until ? rest : r->rest_until;
    }
    r->silent_waves = heard ? 0 : r->silent_waves + 1;
    r->silent_changes = heard ? 0 : r->silent_changes + asked;
}

bool retry_moves(const struct platform_answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (answers[i].verdict == PLATFORM_DONE || answers[i].verdict == PLATFORM_SKIP)
            return true;
    return false;
}

bool retry_worn_out(const struct retry *r, uint32_t tries, uint32_t attempts)
{
    return tries > r->retries || attempts >= SENDERS_MAX * (r->retries + 1);
}

double retry_wait(const struct retry *r, uint32_t tries)
{
    return pause_after(r->first_wait, tries);
}

bool retry_lost(const struct retry *r)
{
    return r->silent_waves >= SILENT_WAVES && r->silent_changes > r->retries + 1;
}
