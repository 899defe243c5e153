/* The origins that our forms may lead to: browsers apply form-action to where a form's answer sends them, too. */
#ifndef WEB_ORIGINS_H
#define WEB_ORIGINS_H

#include "conf/conf.h"
#include "oidc/providers.h"

/* list: a space around each. The list with the origin of url behind, unless it is there; in the pool. */
const char *origins_add(struct pool *pool, const char *list, const char *url);
/* … with those of every provider that is known. */
const char *origins_add_providers(struct pool *pool, const char *list, struct providers *providers);
/* Those that the configuration and the metadata of its connections name. */
const char *origins_find(const struct conf *conf, const char *state_dir, struct pool *pool);
/* Scheme, host and port of a URL, when nothing in them could end a directive of a policy. "" otherwise. */
const char *origins_of(struct pool *pool, const char *url);

#endif
