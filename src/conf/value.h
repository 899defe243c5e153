/* One value against one row. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/tree.h"

/*
 * Checks text and fills *ret in the form in which it is kept (absolute path, URL without trailing slash). folder is
 * where relative paths start; NULL: the files are not looked at (defaults and examples). err->text is "KEY 'VALUE'
 * fault; remedy". CONF_REF is taken as it stands.
 */
int value_check(struct pool *pool, const char *folder, const struct conf_item *item, const char *text,
                struct conf_value *ret, struct err *err);

/* What may be written: "a number from 1 to 65535", "yes or no", "standard or business". */
const char *value_rule(struct pool *pool, const struct conf_item *item);

#endif
