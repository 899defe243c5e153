/*
 * Our own key exchanged for a new one, where the key was made by us (gate/sp.h), in three steps that an administrator takes with days between
 * them, because identity providers get our metadata when they like:
 *
 *   1  a next key is made: published from now on, and what is encrypted to it can be read; the current one signs
 *   2  it becomes the current one: it signs; the old one is still published and still reads
 *   3  the old one is gone
 */
#ifndef GATE_ROLL_H
#define GATE_ROLL_H

#include "base/pool.h"
#include "conf/conf.h"

#define ROLL_PAUSE (24 * 3600) /* seconds between steps, unless the administrator knows better */

enum roll_step { ROLL_MAKE, ROLL_SWITCH, ROLL_DROP };
extern const char *const roll_names[]; /* "next", "current", "gone": what became of a key */

/* The files, whichever of them there are; in the pool. */
struct roll_files {
    const char *folder, *current, *next, *old;
};
struct roll_files roll_files(struct pool *pool, const char *state_dir);

/*
 * Takes the next step. ERR_USAGE: the keys are those of key-file lines, or there is none yet; ERR_GATE: the step before was made less than ROLL_PAUSE ago, and
 * not hurry. Interrupted anywhere it can be repeated, and there is a current key at every moment.
 */
int roll_key(const struct conf *conf, const char *state_dir, bool hurry, int64_t now, enum roll_step *ret, struct err *err);

#endif
