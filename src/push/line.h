/*
 * Changes of several threads as one transaction, so that they share its fsync: who comes first carries out what stands behind it, too. All are made
 * with one handle, whose cache stays good because nobody else writes.
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

/* The folder of push.db, which is opened when there is something to do; copied. */
struct line *line_new(const char *dir);
void line_free(struct line **line); /* nobody is in it. NULL inside is fine */

/*
 * Calls work within a transaction, in this thread or another, and returns when the transaction is over. 0: keep what it did; 1: undo it; -1: it
 * cannot go on, with err.
 */
typedef int line_work(void *job, struct pushed *pushed, struct err *err);

/* 0: done and on the disk; 1: work said so; -1: nothing was done. */
int line_pass(struct line *line, line_work *work, void *job, struct err *err);

#endif
