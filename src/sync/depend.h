/*
 * What cannot be done because an earlier change of the run was skipped: nobody is assigned anything who was not invited, nobody joins a group
 * that is not there, a group is not dropped while somebody is left in it, and no seat is given that was not released.
 *
 *   depend_new -> (depend_hinders -> depend_note_skipped …)… -> depend_free
 */
#ifndef SYNC_DEPEND_H
#define SYNC_DEPEND_H

#include "base/buf.h"
#include "sync/plan.h"

struct depend;

/* plan: for the limits of seats; may be NULL; must outlive it. */
struct depend *depend_new(const struct plan *plan);
void depend_free(struct depend **depend);

void depend_note_skipped(struct depend *depend, const struct change *change, uint32_t seq);
bool depend_any(const struct depend *depend); /* was anything skipped that something may depend on? */
/* Is this change hindered? Then why is added to: "not tried, because its invite (change 7) was skipped". Asked once for each change. */
bool depend_hinders(struct depend *depend, const struct change *change, struct buf *why);

#endif
