/* What the makers of sections share: one section under work, and how its faults are worded. */
#ifndef CONF_BUILDER_H
#define CONF_BUILDER_H

#include "conf/faults.h"
#include "conf/tree.h"

#define BUILDER_NAMES_MAX 512 /* names that are looked through for the nearest */

struct builder {
    struct conf *conf;
    struct faults *faults;
    struct conf_section *section;
    const char *folder; /* where relative paths start */
};

/* Adds "LABEL: …" at this line, and marks the section. */
void builder_fault(struct builder *b, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Outside text for a message: printable, and cut when it is very long. */
const char *builder_shown(struct builder *b, const char *text);
/* "did you mean 'X'?", or otherwise when no name is near. */
const char *builder_nearest(struct builder *b, const char *typed, const char *const *names, size_t n,
                            const char *otherwise);

/* An empty section with the pool of conf. */
struct conf_section *builder_section(struct conf *conf, const char *file, unsigned line);
/* Gives it a slot with its default for every row of its kind and variant. */
void builder_slots(struct conf *conf, struct conf_section *section);

#endif
