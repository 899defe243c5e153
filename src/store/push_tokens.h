/*
 * The bearer tokens by which clients push to us, in push.db: several for each directory, so that one can take the place
 * of another. Of a token only its digest is kept; it is shown once, to whoever makes it.
 *
 *   push_tokens_make, push_tokens_each, push_tokens_revoke    the command line
 *   push_tokens_check                                         each request, before anything else of it is read
 */
#ifndef STORE_PUSH_TOKENS_H
#define STORE_PUSH_TOKENS_H

#include "crypto/token.h"
#include "store/pushed.h"

#define PUSH_TOKEN_PREFIX "dwscim_" /* so that whoever finds one knows what it is */
#define PUSH_TOKEN_SIZE   (sizeof PUSH_TOKEN_PREFIX - 1 + TOKEN_SIZE)
#define PUSH_TOKENS_MAX   16 /* of one directory that are good at a time */
#define PUSH_TOKENS_NOTED 60 /* seconds: the last use is noted once in so many */

struct push_token {
    int64_t id;                              /* how people name it; never given again */
    int64_t created, expires, used, revoked; /* seconds since 1970; 0: never */
    const char *note;
};

/* Those that are neither revoked nor over. */
bool push_token_is_good(const struct push_token *token, int64_t now);

/*
 * A new one for the directory of this name, within pushed_begin: *ret_token is shown once, *ret has the rest. expires 0:
 * never. note: for people, may be "". ERR_CONFLICT: there are PUSH_TOKENS_MAX good ones.
 */
int push_tokens_make(struct pushed *pushed, const char *directory, const char *note, int64_t now, int64_t expires,
                     char ret_token[static PUSH_TOKEN_SIZE], struct push_token *ret, struct err *err);
/* All that ever were, oldest first; texts are dead behind each. */
int push_tokens_each(struct pushed *pushed, const char *directory,
                     void (*each)(void *ctx, const struct push_token *token), void *ctx, struct err *err);
/* 1: it is no longer good; 0: this directory has none of this number, or it was revoked before; -1 */
int push_tokens_revoke(struct pushed *pushed, const char *directory, int64_t id, int64_t now, struct err *err);

/*
 * Is this token good for this directory? 1; 0; -1. Takes as long for each that is wrong, whatever it has in common with
 * a right one. Not within a transaction: a use is noted on the way, unless somebody else is writing.
 */
int push_tokens_check(struct pushed *pushed, const char *directory, struct span token, int64_t now, struct err *err);

#endif
