/*
 * What the last plan for everybody found out that no look at one person can: noted by each plan and apply, told by explain.
 *
 *   plan_make [-> apply_plan] -> last_note        last_state -> last_plan_get -> is it of this state?
 */
#ifndef SYNC_LAST_H
#define SYNC_LAST_H

#include "store/last_plan.h"
#include "sync/plan.h"

/* A digest of what a team's plan is made of: the configuration, the gate, the version of the mirror, the team's last run, what drifted. */
int last_state(struct store *store, const struct plan_settings *settings, char ret[static DIGEST_HEX_MAX],
               struct err *err);
/* Notes the plan as one of the state of now. Writes nothing when the same stands there already, so that a quiet run costs no write. */
int last_note(struct store *store, const struct plan_settings *settings, const struct plan *plan, struct err *err);

#endif
