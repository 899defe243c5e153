/*
 * What a change rests on, beyond its cause: the groups between the person's own and the one that is configured, the
 * attribute that says who is disabled, the line that excludes.
 *
 *   evidence_open -> words_… with words.evidence set -> evidence_close
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "cli/words.h"
#include "sync/ways.h"

struct evidence;

/* conf, policy and plan must outlive it. */
struct evidence *evidence_open(struct store *store, const struct conf *conf, const struct policy *policy,
                               const struct plan *plan);
void evidence_close(struct evidence **evidence);

/*
 * Why, where there is more to say of it than the cause: "in group Design Seoul, part of CAD Users", "disabled in the
 * directory (employeeType)". 1: said; 0: there is no more to say; -1.
 */
int evidence_words(struct evidence *evidence, struct words *words, const struct change *change, struct buf *out,
                   struct err *err);
/*
 * Of a change whose cause is CAUSE_GROUP, the groups from the person's own to the one configured; n 0: not known. Lives
 * as long as evidence.
 */
int evidence_path(struct evidence *evidence, const struct change *change, struct path *ret, struct err *err);
/* The attribute that says who is disabled; NULL: not known. */
const char *evidence_active(const struct evidence *evidence);
/* "exclude line 2: mail=*-test@example.com, FILE:41"; "exclude line 2 of the directory" when there is no such line. */
const char *evidence_exclude(const struct evidence *evidence, uint32_t line);

#endif
