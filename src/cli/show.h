/*
 * A plan for people and for programs.
 *
 * For people: one line a change, sorted by person, with its cause; then what is held, with the reason; then seats; then one line that
 * sums it up. For programs: one JSON document a team, "doorward-plan/1".
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <stdio.h>

#include "cli/cli.h"
#include "cli/pace.h"
#include "cli/saved.h"
#include "model/gate.h"
#include "sync/plan.h"
#include "sync/look.h"
#include "sync/pull.h"

/* Everything that is said about one plan. */
struct shown_plan {
    const struct plan *plan;
    const struct policy *policy;
    const struct gate *gate;
    const struct look_report *look; /* of the platform; NULL for an undo */
    const struct pull_report *pull; /* NULL for an undo, which reads no directory */
    int64_t undoes;                 /* the run that the plan takes back; 0: none */
    const char *note;               /* what follows from an undo; of a plan, what apply does first; NULL: nothing */
    const char *id;
    const char *platform;            /* section name */
    struct pace pace;                /* of the platform */
    const struct saved_state *state; /* of which it was made; written into the document */
};

int show_plan_text(struct cli *cli, const struct shown_plan *shown, struct err *err);
int show_plan_json(struct cli *cli, const struct shown_plan *shown, FILE *out, struct err *err);
/* The changes of a run that was done: the same lines. */
int show_changes(struct cli *cli, int64_t team, const struct change *changes, size_t n, struct err *err);

#endif
