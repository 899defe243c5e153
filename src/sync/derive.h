/*
 * What the core derives of a person as a directory delivers it: the e-mail in the form in which it is compared, its domain, and the
 * fingerprint of the attributes that a platform gets.
 */
#ifndef SYNC_DERIVE_H
#define SYNC_DERIVE_H

#include "store/mirror.h"

struct derive;

struct derive *derive_new(void);
void derive_free(struct derive **derive);
/* The texts in ret live until the next call. */
void derive_person(struct derive *derive, const struct entry *entry, struct mirror_person *ret);

#endif
