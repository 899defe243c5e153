/* The bearer token, or the client's secret, as its file has it now. */
#ifndef CONNECTORS_SCIM_TOKEN_H
#define CONNECTORS_SCIM_TOKEN_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

#define SCIM_TOKEN_MAX 8192

struct scim_token {
    const char *key; /* that names the file, for messages: "token-file" */
    const char *path;
    struct stat seen; /* of the file when it was read; zero: never */
    struct buf text;  /* NUL-terminated */
};

/*
 * Reads the file when it is another one than last time, or was changed. *ret_changed says whether it was read. An
 * error, when others may read the file or when it does not hold a token, leaves nothing behind: the next call reads it
 * again.
 */
int scim_token_refresh(struct scim_token *token, bool *ret_changed, struct err *err);
void scim_token_release(struct scim_token *token);

#endif
