/*
 * Inside this module: one signed token of a provider on its way through the rules, and the rules that every kind of token has.
 *
 *   struct token_reading with its first members set -> tokenrules_run -> tokenrules_release
 */
#ifndef OIDC_TOKENRULES_H
#define OIDC_TOKENRULES_H

#include <jansson.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/span.h"
#include "model/check.h"
#include "oidc/keyset.h"

#define TOKEN_BYTES_MAX  (64 * 1024)
#define TOKEN_SKEW_MAX   180  /* seconds */
#define TOKEN_AGE_MAX    3600 /* seconds since it was issued: it is made for this one purpose */
#define TOKEN_NAME_BYTES 255  /* of a subject, a session and an id (OpenID Connect Core, 2) */

struct token_reading {
    struct pool *pool;
    const char *what; /* "ID token", for messages */
    const struct keyset *keys;
    const char *issuer, *client_id;
    int64_t now;
    int skew; /* what was asked for; cut by tokenrules_run */
    struct span input;
    void *own; /* of the kind of token */

    struct _cjose_jws_int *jws;
    const char *alg, *kid, *type;
    json_t *claims;
    const char *text; /* of the claims, in the pool */
    int64_t expires, issued_at;
    bool unknown_key, malformed;
    struct check *checks;
    size_t nchecks;
    const char *detail;
};

struct token_rule {
    const char *code, *title;
    bool fatal; /* nothing after it can be looked at */
    enum check_outcome (*check)(struct token_reading *in);
};

/* The first check that failed, or NULL. in->checks are all of them. */
const struct check *tokenrules_run(struct token_reading *in, const struct token_rule *rules, size_t n);
/* All of them as skipped. */
const struct check *tokenrules_unseen(struct pool *pool, const struct token_rule *rules, size_t n);
void tokenrules_release(struct token_reading *in);

/* How a rule answers. */
enum check_outcome tokenrules_say(struct token_reading *in, enum check_outcome outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define PASSED(...)  tokenrules_say(in, CHECK_PASSED, __VA_ARGS__)
#define FAILED(...)  tokenrules_say(in, CHECK_FAILED, __VA_ARGS__)
#define SKIPPED(...) tokenrules_say(in, CHECK_SKIPPED, __VA_ARGS__)
const char *tokenrules_shown(struct token_reading *in, const char *value);

const char *tokenrules_text(const struct token_reading *in, const char *name); /* a claim, NULL when it is no text */
/* A text of 1 to TOKEN_NAME_BYTES clean bytes, in the pool; else NULL. */
const char *tokenrules_name(const struct token_reading *in, const char *name);
/* A whole number of seconds; fractions are allowed by RFC 7519 and cut. -1: not there, or no such number. */
int64_t tokenrules_time(const struct token_reading *in, const char *name);
/* How many it is meant for, and whether we are among them. */
size_t tokenrules_audiences(const struct token_reading *in, bool *ret_ours);

/* Rules of every kind, in the order in which they are made. */
enum check_outcome tokenrules_form(struct token_reading *in);
enum check_outcome tokenrules_algorithm(struct token_reading *in);
enum check_outcome tokenrules_signature(struct token_reading *in);
enum check_outcome tokenrules_claims(struct token_reading *in);
enum check_outcome tokenrules_issuer(struct token_reading *in);
enum check_outcome tokenrules_audience(struct token_reading *in);
enum check_outcome tokenrules_expiry(struct token_reading *in);
enum check_outcome tokenrules_times(struct token_reading *in);

#endif
