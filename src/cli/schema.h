/*
 * The whole configuration schema: the program's own rows, those of the connectors, and the checks that need the model.
 */
#ifndef CLI_SCHEMA_H
#define CLI_SCHEMA_H

#include "conf/conf.h"

/* Made at the first call, the same at every other; lives as long as the process. */
const struct conf_schema *schema_get(void);

/* What only a team, its directory and its products show together: the products' groups are names as that directory has them. */
int schema_check_products(const struct conf *conf, struct err *err);
/* … and what a platform's map asks for is something that the team's directory can have. */
int schema_check_maps(const struct conf *conf, struct err *err);
/* A directory that is pushed to us is served: with [serve] and the organization's url. */
int schema_check_pushed(const struct conf *conf, struct err *err);

#endif
