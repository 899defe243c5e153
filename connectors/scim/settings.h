/* What may be written in a [platform NAME] section with type = scim. */
#ifndef CONNECTORS_SCIM_SETTINGS_H
#define CONNECTORS_SCIM_SETTINGS_H

#include "conf/conf.h"

extern const struct conf_item scim_rows[];

/* Rules between keys. */
int scim_settings_check(const struct conf_section *section, struct err *err);

#endif
