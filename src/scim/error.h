/*
 * What is wrong with a request, as RFC 7644, 3.12 says it: an HTTP status, a scimType where there is one, and words for
 * whoever set up the client. It goes to the client as it is, so it names what the client sent and nothing of ours.
 */
#ifndef SCIM_ERROR_H
#define SCIM_ERROR_H

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"

#define SCIM_ERROR_URN "urn:ietf:params:scim:api:messages:2.0:Error"

/* The rows of RFC 7644, table 9 (and RFC 9865, 2.5), then what has a status only. */
enum scim_wrong {
    SCIM_WRONG_FILTER,          /* 400 invalidFilter */
    SCIM_WRONG_TOO_MANY,        /* 400 tooMany */
    SCIM_WRONG_UNIQUENESS,      /* 409 uniqueness */
    SCIM_WRONG_MUTABILITY,      /* 400 mutability */
    SCIM_WRONG_SYNTAX,          /* 400 invalidSyntax */
    SCIM_WRONG_PATH,            /* 400 invalidPath */
    SCIM_WRONG_NO_TARGET,       /* 400 noTarget */
    SCIM_WRONG_VALUE,           /* 400 invalidValue */
    SCIM_WRONG_VERSION,         /* 400 invalidVers */
    SCIM_WRONG_SENSITIVE,       /* 403 sensitive */
    SCIM_WRONG_CURSOR,          /* 400 invalidCursor */
    SCIM_WRONG_CURSOR_EXPIRED,  /* 400 expiredCursor */
    SCIM_WRONG_COUNT,           /* 400 invalidCount */
    SCIM_WRONG_UNAUTHORIZED,    /* 401 */
    SCIM_WRONG_FORBIDDEN,       /* 403 */
    SCIM_WRONG_NOT_FOUND,       /* 404 */
    SCIM_WRONG_CONFLICT,        /* 409 */
    SCIM_WRONG_PRECONDITION,    /* 412 */
    SCIM_WRONG_TOO_LARGE,       /* 413 */
    SCIM_WRONG_SERVER,          /* 500 */
    SCIM_WRONG_NOT_IMPLEMENTED, /* 501 */
    SCIM_WRONG_COUNT_OF,
};

#define SCIM_DETAIL_MAX 512

struct scim_error {
    int status;                   /* HTTP; 0: nothing is wrong */
    const char *type;             /* scimType, a constant; NULL: none fits */
    char detail[SCIM_DETAIL_MAX]; /* clean UTF-8 (text_is_clean) */
};

#define SCIM_ERROR_INIT                                                                                                \
    {                                                                                                                  \
        0, NULL, ""                                                                                                    \
    }

/*
 * Fills *error and returns -1, so that a failing function can end in it. Values from outside may be formatted as they
 * are: what is not clean becomes U+FFFD, and what is long is cut at a character.
 */
int scim_error_set(struct scim_error *error, enum scim_wrong wrong, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "fmt: " before the detail that is there. Returns -1. */
int scim_error_wrap(struct scim_error *error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The body of an answer, application/scim+json. A new reference. */
json_t *scim_error_json(const struct scim_error *error);
/*
 * Reads such a body, as another service sent it, with the status of the HTTP answer (which counts, whatever the body
 * says). false: it is no SCIM error; *ret then holds the status alone. An unknown scimType is dropped.
 */
bool scim_error_read(const json_t *body, int status, struct scim_error *ret);
/*
 * The same for our own administrator: ERR_CONFLICT for 409, ERR_NOT_FOUND for 404, ERR_INPUT for the rest. Returns -1.
 */
int scim_error_err(const struct scim_error *error, struct err *err);

#endif
