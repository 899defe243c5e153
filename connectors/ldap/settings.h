/* The configuration of "type = ldap": its rows, and what must hold between them. */
#ifndef CONNECTORS_LDAP_SETTINGS_H
#define CONNECTORS_LDAP_SETTINGS_H

#include "conf/conf.h"
#include "connectors/flavour.h"
#include "model/entry.h"

extern const struct conf_item ldap_rows[];

/* Between the keys, without network. ERR_CONFIG. */
int settings_check(const struct conf_section *section, struct err *err);

/*
 * The bases of the searches of one kind: person-base or group-base, and base when that is not written. Containers have
 * those of both.
 */
size_t settings_base_count(const struct conf_section *section, enum entry_kind kind);
const char *settings_base(const struct conf_section *section, enum entry_kind kind, size_t i);

/* In which "FILE:LINE" it stands. */
const char *settings_base_where(const struct conf_section *section, enum entry_kind kind, size_t i);

/* The filter of one kind, in parentheses. The caller frees it. */
char *settings_filter(const struct conf_section *section, enum entry_kind kind);

/* As written, or the flavour's. */
int64_t settings_page_size(const struct conf_section *section);

#endif
