/*
 * Sends changes to a platform elsewhere, and keeps what it answers.
 *
 *   sender_open -> sender_send… -> sender_close
 *
 * The changes are in the journal already. They go out in waves of one kind, never two of one person in a wave: noted as sent (one transaction),
 * sent, and answered (one transaction, together with the rows that follow). One kind is answered whole before the next begins, so
 * that what a kill leaves unanswered is of one kind, and seats are released before they are given.
 *
 * What is not answered is sent again, later each time; a change that cannot be is skipped with the reason, and so is what depends on it.
 */
#ifndef SYNC_SEND_H
#define SYNC_SEND_H

#include "connectors/platform.h"
#include "store/store.h"
#include "sync/plan.h"

struct send_settings {
    struct store *store;
    const struct conf *conf;            /* for the names of products */
    const struct conf_section *section; /* with PLATFORM_REMOTE_SETTINGS */
    const struct platform_connector *connector;
    struct platform *platform;
    const struct plan *plan; /* for the limits of seats; NULL when a run is settled */
    bool take_over;          /* adopt = yes in the team's section */
    int64_t team, run, now;
    size_t done, total; /* before this; and of the whole run, for the progress */
    void (*progress)(void *ctx, size_t done, size_t total);
    bool (*stop)(void *ctx); /* asked often: is the run to end? */
    void *ctx;
};

/* A change to be sent, with its number in the journal. */
struct errand {
    struct change change;
    uint32_t seq, attempts; /* attempts: how often it was handed over before, by whom ever */
    uint32_t tries;         /* of those, by this sender, and counted against it */
    uint32_t unsent, let;   /* of those: not even begun; and not counted, as the platform was busy with others */
    double due;             /* not before this instant of the monotonic clock */
    bool answered;
};

struct sender;
int sender_open(const struct send_settings *settings, struct sender **ret, struct err *err);
void sender_close(struct sender **sender);

/*
 * Sends them until each is answered. -1: something ended it. The platform's own reason (a wrong token), ERR_NETWORK when the platform is
 * lost, ERR_FAILED when stop said so, or a fault of the store; what was confirmed until then is kept.
 */
int sender_send(struct sender *sender, struct errand *errands, size_t n, struct err *err);

size_t sender_done(const struct sender *sender); /* confirmed, with those before */
size_t sender_skipped(const struct sender *sender);

#endif
