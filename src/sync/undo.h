/*
 * The plan that takes one run back: the inverse of each of its changes, compared with what is there now.
 *
 *   policy_load -> undo_plan -> show, apply -> plan_free
 *
 * Needs no read of the directory: everything that is put back comes from the journal. What cannot be taken back now is held: the gate of the
 * person's domain is closed, a later run (or somebody else) changed the same thing again, no seat is left, another account has the e-mail by
 * now, the guard or the protection of administrators forbids it. It is a command of its own and not a sync, so that it does not ask whether sync of the
 * team is enabled: who wants to stop sync and take its last run back can do so in this order.
 */
#ifndef SYNC_UNDO_H
#define SYNC_UNDO_H

#include "sync/plan.h"

/* ERR_NOT_FOUND: the team has no such run; ERR_REFUSED: it did nothing. */
int undo_plan(struct store *store, const struct plan_settings *settings, int64_t run, struct plan **ret,
              struct err *err);

#endif
