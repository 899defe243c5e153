/*
 * What is known of one person, for people and for programs ("doorward-explain/1"). Both say the same, so what needs words is made once, here.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/cli.h"
#include "cli/words.h"
#include "sync/explain.h"

/* One team of an explanation, ready to be told; opened and closed around it. */
struct explain_view {
    struct cli *cli;
    const struct explanation *e;
    const struct explain_team *team;
    struct words words;
};
int explain_view_open(struct cli *cli, const struct explanation *e, const struct explain_team *team,
                      struct explain_view *ret, struct err *err);
void explain_view_close(struct explain_view *view);

/* The name that people know; printable. */
const char *explain_name(const struct cli *cli, const struct explain_person *person);
/* "3 hours" since then */
const char *explain_age(struct pool *pool, int64_t since, int64_t now);
/* "Moritz Weber → Engineering Munich → BIM Users" and, where end is not NULL, " → " and end. */
int explain_path(struct explain_view *view, const struct path *path, const char *end, const char **ret,
                 struct err *err);
/* Whether the team syncs the person; if not, why not. */
enum explain_verdict { EXPLAIN_SYNCED, EXPLAIN_PENDING, EXPLAIN_NOT_SYNCED, EXPLAIN_LEAVING, EXPLAIN_UNKNOWN };
extern const char *const explain_verdict_names[];
int explain_verdict(struct explain_view *view, enum explain_verdict *ret, const char **ret_text, struct err *err);
/* What becomes of the exclude line i (from 0). */
enum explain_exclude { EXCLUDE_NO_MATCH, EXCLUDE_MATCH, EXCLUDE_NOT_LOOKED_AT };
enum explain_exclude explain_exclude(const struct explain_person *person, size_t i);
/* The plan's changes of this person, then the held ones; the index is kept in *at, which begins with 0. NULL: no more. */
const struct change *explain_next_pending(const struct explain_view *view, size_t *at);

/* Of a seat or a membership that a note is about, of what: a product's or a group's name; else "". */
int explain_note_object(struct explain_view *view, const struct explain_note *note, const char **ret, struct err *err);

/* Something is to be taken away, and only a plan for everybody could say whether that is too much at once. */
bool explain_guard_unknown(const struct explain_view *view);

int explain_text(struct cli *cli, const struct explanation *e, struct err *err);
int explain_json(struct cli *cli, const struct explanation *e, struct err *err);

#endif
