/* What may be written in a [directory NAME] section with type = scim. */
#ifndef CONNECTORS_SCIM_DIRECTORY_SETTINGS_H
#define CONNECTORS_SCIM_DIRECTORY_SETTINGS_H

#include "conf/conf.h"

extern const struct conf_item scim_directory_rows[];

/* Rules between keys, filters and paths among them. */
int scim_directory_settings_check(const struct conf_section *section, struct err *err);

#endif
