/*
 * Distinguished names as keys: two spellings of one name give one key.
 *
 *   dn_keyer_new -> (dn_keyer_name | dn_keyer_alias)… -> dn_keyer_free
 *
 * The normal form has attribute types in lower case and by their short name ("2.5.4.3" and "commonName" are "cn"),
 * values folded (text_fold) with insignificant spaces gone, one form of escaping, and the parts of a multi-valued RDN
 * sorted. Values are compared without regard to case whatever the schema says of the attribute: the attributes that
 * name entries are case-insensitive in practice.
 */
#ifndef CONNECTORS_DN_H
#define CONNECTORS_DN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/key.h"
#include "base/span.h"

struct dn_keyer; /* scratch memory; not for two threads at once */

struct dn_keyer *dn_keyer_new(void);
void dn_keyer_free(struct dn_keyer **keyer);

/* The key of a DN (RFC 4514). -1: not a DN, the empty one, longer than ENTRY_NAME_MAX, or not UTF-8. */
int dn_keyer_name(struct dn_keyer *keyer, struct span dn, struct key128 *ret);

/*
 * The key of a short name, such as the uid that posixGroup's memberUid holds. Such keys live in a name space of their
 * own: none equals the key of a DN. -1: empty, longer than ENTRY_VALUE_MAX, or not UTF-8.
 */
int dn_keyer_alias(struct dn_keyer *keyer, struct span name, struct key128 *ret);

/*
 * Of one DN from the configuration: ERR_INPUT with the reason when it is not a DN. Fits
 * directory_connector.name_key.
 */
int dn_key_of(const char *dn, struct key128 *ret, struct err *err);

/* Appends the normal form to ret, for comparing and for tests. -1 as dn_keyer_name, and ret is as before. */
int dn_normalise(struct dn_keyer *keyer, struct span dn, struct buf *ret);

/* The name without its first RDN: a view of dn, empty at the top or when it is not a DN. */
struct span dn_parent(struct span dn);

/* Is the normalised name inside the normalised base, or the base itself? */
bool dn_is_below(const char *name, const char *base);

#endif
