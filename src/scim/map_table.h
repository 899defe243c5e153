/*
 * A table that values are looked up in: lines KEY = VALUE.
 *
 *   scim_table_read -> scim_table_find
 *
 * KEY and VALUE are parted by the first tab of the line, or else by its first "="; blanks around both are dropped, and
 * quotes around a KEY that has "=" in it, or around anything. Empty lines and lines that begin with # or ; are none.
 * Keys are compared without regard to case. The key "*" stands for all that are not listed.
 */
#ifndef SCIM_MAP_TABLE_H
#define SCIM_MAP_TABLE_H

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"

#define SCIM_TABLE_MAX      (4 * 1024 * 1024) /* bytes of the file */
#define SCIM_TABLE_ROWS_MAX 100000

struct scim_table;

/* text is copied. ERR_CONFIG, "line 7: fault; remedy": a line without a value's sign, a key twice, not clean UTF-8. */
int scim_table_read(struct pool *pool, struct span text, const struct scim_table **ret, struct err *err);
/* Empty: neither the key nor "*" is listed, or with an empty value. */
struct span scim_table_find(const struct scim_table *table, struct span key);

#endif
