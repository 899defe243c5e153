/*
 * Changes of several threads as one transaction, so that they share its fsync: who comes first carries out what stands behind it, too.
 *
 *   line_new -> line_pass, from any thread -> line_free
 *
 * A change is answered once it is on the disk, as without. One that is refused takes nothing of the others with it.
 */
#ifndef PUSH_LINE_H
#define PUSH_LINE_H

#include "store/pushed.h"

#define LINE_AT_ONCE 64 /* changes in a transaction */

struct line;

struct line *line_new(void);
void line_free(struct line **line); /* nobody is in it. NULL inside is fine */

/*
 * Calls work within a transaction of some thread's handle, maybe in that thread, and returns when the transaction is over. 0: keep what it did;
 * 1: undo it; -1: it cannot go on, with err.
 */
typedef int line_work(void *job, struct pushed *pushed, struct err *err);

/* pushed: this thread's own handle, outside a transaction. 0: done and on the disk; 1: work said so; -1: nothing was done. */
int line_pass(struct line *line, struct pushed *pushed, line_work *work, void *job, struct err *err);

#endif
