/*
 * A thread that fetches, on time and waiting for nobody, what OpenID providers say of themselves, so that people need not wait for it.
 *
 *   keeper_start -> keeper_look (when something new is wanted) -> keeper_stop
 */
#ifndef WEB_KEEPER_H
#define WEB_KEEPER_H

#include "oidc/providers.h"

struct keeper;

/* ERR_FAILED: no thread can be had. */
int keeper_start(struct providers *providers, struct keeper **ret, struct err *err);
void keeper_look(struct keeper *keeper);
/* What it is fetching is waited for. NULL inside is fine. */
void keeper_stop(struct keeper **keeper);

#endif
