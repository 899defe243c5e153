/* What commands about sign-ins share. */
#ifndef CLI_SIGNIN_H
#define CLI_SIGNIN_H

#include "cli/cli.h"
#include "store/signins.h"

/* signin.db, to be read. *ret NULL: nobody has signed in yet. */
int signin_open(struct cli *cli, struct signins **ret, struct err *err);
/* A reason "object: fault; remedy" in its two parts; the remedy is "" when there is none. */
/* For people and for programs alike. */
const char *signin_result(enum signins_result result);
void signin_split(struct pool *pool, const char *reason, const char **ret_reason, const char **ret_remedy);
/* "7d", "12h", "2026-11-20" or "2026-11-20T08:00:00Z" as an instant; NULL as 0. ERR_USAGE. */
int signin_since(const char *text, int64_t now, int64_t *ret, struct err *err);

#endif
