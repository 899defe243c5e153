/*
 * signin.db: what signing in has to remember from one HTTP request to the next, so that a restart forgets nothing.
 *
 *   signins_open -> the functions below -> signins_close;    signins_sweep now and then
 *
 * A database of its own, because those who serve sign-ins never write the main one. Several processes and threads may write; each has its own
 * handle, which one thread uses at a time. Secrets of a browser (cookies, the handle that goes round as RelayState) stand in it only as
 * SHA-256: whoever reads the file can sign in as nobody. Functions return 0 or -1 (ERR_STORE, or ERR_CONFLICT when somebody kept the
 * file locked for seconds) but where it says otherwise. Texts that come back are in the pool.
 */
#ifndef STORE_SIGNINS_H
#define STORE_SIGNINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pool.h"
#include "store/db.h"

/* More rows than these are not kept, whatever is sent to us: the oldest go first. */
#define SIGNINS_REQUESTS_MAX 100000
#define SIGNINS_RECORDS_MAX  1000000

struct signins;

/* Opens dir/signin.db (mode 0600), making it when there is none; dir is there. ERR_STORE: damaged, not ours, or of a newer version. */
int signins_open(const char *dir, struct signins **ret, struct err *err);
/* The same to read alone, by somebody who need not be the file's owner. ERR_NOT_FOUND: there is none. */
int signins_open_read(const char *dir, struct signins **ret, struct err *err);
void signins_close(struct signins **signins); /* NULL inside is fine; fits CLEANUP */

/* Around several calls that count together or not at all. */
int signins_begin(struct signins *signins, struct err *err);
int signins_commit(struct signins *signins, struct err *err); /* on -1 nothing was done */
void signins_rollback(struct signins *signins);               /* no-op outside a transaction */

/* --- requests that we sent ----------------------------------------------------------------------------------------- */

struct signins_request {
    const char *handle;      /* secret: goes round as RelayState; not read back */
    const char *id;          /* what the response has to name: SAML's request id, OIDC's nonce */
    const char *connection;  /* whom it was sent to */
    const char *browser;     /* secret of the browser's cookie; not read back */
    const char *verifier;    /* of OIDC: what the code is exchanged with (PKCE); NULL or "" for none */
    const char *next;        /* path to go on at */
    const char *application; /* that the person signs in for; NULL or "" for none */
    const char *trial;       /* the test of a connection that it was sent for (store/trials.h); NULL or "" for none */
    bool again;              /* the person has to be asked for their credentials anew */
    bool leaving;            /* it is to sign out there, and its answer is no sign-in */
    int64_t created, expires;
};
int signins_request_put(struct signins *signins, const struct signins_request *request, struct err *err);
/*
 * The request of this handle that this very browser began and that has not expired; it stays. 1: found; 0: none, or another browser's, which
 * *ret_other tells apart for the record.
 */
int signins_request_get(struct signins *signins, const char *handle, const char *browser, int64_t now,
                        struct pool *pool, struct signins_request *ret, bool *ret_other, struct err *err);
/* Takes it out. 1: this call took it; 0: it is gone already: somebody else was answered by it. -1 */
int signins_request_take(struct signins *signins, const char *handle, struct err *err);

/* --- values that count once ---------------------------------------------------------------------------------------- */

/* 1: used from now on, until expires; 0: it was used before; -1. Of several callers at once one gets 1. */
int signins_use_once(struct signins *signins, const char *kind, const char *value, int64_t expires, struct err *err);
/* 1: it was used; 0; -1 */
int signins_was_used(struct signins *signins, const char *kind, const char *value, struct err *err);

/* --- sessions ------------------------------------------------------------------------------------------------------ */

struct signins_session {
    const char *sid;             /* a name for it that is no secret, for applications */
    const char *directory, *uid; /* the person: immutable id, and where it counts */
    const char *email;           /* as it was at sign-in */
    const char *connection;
    const char *name_id, *name_id_format, *session_index; /* what the identity provider calls it; "" for none */
    const char *context;  /* how the person signed in there, in its words; "" for not said */
    const char *hint;     /* what the identity provider wants to see again at logout; "" for none */
    int64_t signed_in_at; /* there */
    bool seated;          /* had a seat of some product when it began */
    int64_t created, expires;
    int64_t ends; /* expires moves up to here as the session is used (signins_session_touch); 0: it does not move */
    const char *browser; /* secret of the browser's cookie; NULL or "": not known; not read back */
    const char *mark;    /* read back: another one after each sign-in, also when the session goes on */
};
/* token: the secret of the cookie. ERR_STORE also when there is a session of this token. */
int signins_session_put(struct signins *signins, const char *token, const struct signins_session *session,
                        struct err *err);
/* The session of this sid goes on as this one, with another secret and all that was given out in it. 1: done; 0: it is gone; -1 */
int signins_session_renew(struct signins *signins, const char *token, const struct signins_session *session,
                          struct err *err);
/*
 * What this browser has: by the secret of the session's cookie, or, as that one does not come along from everywhere, by its
 * own. NULL: not there. 1: it is there and has not expired; 0; -1
 */
int signins_session_here(struct signins *signins, const char *token, const char *browser, int64_t now, struct pool *pool,
                         struct signins_session *ret, struct err *err);
/* Ends all of them but the one of this sid. */
int signins_session_end_here(struct signins *signins, const char *token, const char *browser, const char *but,
                             struct err *err);
/* 1: it is there and has not expired; 0; -1 */
int signins_session_get(struct signins *signins, const char *token, int64_t now, struct pool *pool,
                        struct signins_session *ret, struct err *err);
/* It is used now, and expires then, or when it ends, whichever comes first. No fault when there is none. */
int signins_session_touch(struct signins *signins, const char *sid, int64_t until, struct err *err);
/* The same by the name that is no secret. */
int signins_session_named(struct signins *signins, const char *sid, int64_t now, struct pool *pool,
                          struct signins_session *ret, struct err *err);
/*
 * At most this many sessions that have not expired, by their sid: those behind after ("" for the first ones) into ret. The number that
 * there were; less than most: there are no more. -1
 */
int signins_session_next(struct signins *signins, const char *after, int64_t now, int most, struct pool *pool,
                         struct signins_session *ret, struct err *err);

/*
 * However a session ends (these, signins_sweep), all visits made in it end with it, and what the applications have to be told
 * (store/notices.h) is there in the same transaction: it follows from the tables by itself.
 */
/* No fault when there is none. */
int signins_session_end(struct signins *signins, const char *token, struct err *err);
/* 1: ended; 0: there was none; -1 */
int signins_session_end_sid(struct signins *signins, const char *sid, struct err *err);
/* Every session of the person, on every browser. */
int signins_session_end_of(struct signins *signins, const char *directory, const char *uid, int64_t *ret_ended,
                           struct err *err);
/*
 * Sessions that began through this connection: of the subject (as name_id), of the session there (as session_index), or of both where both are
 * given; NULL: any, but not both NULL. With a subject, a session whose session_index is not known counts too. *ret_ended: how many.
 */
int signins_session_end_there(struct signins *signins, const char *connection, const char *subject, const char *session,
                              int64_t *ret_ended, struct err *err);

/* --- records ------------------------------------------------------------------------------------------------------- */

#define SIGNINS_REF_SIZE 11 /* of a reference number: ten letters and digits that nobody guesses, and NUL */

/* Their numbers are those of the file. */
enum signins_result {
    RESULT_REFUSED,
    RESULT_SIGNED_IN,
    RESULT_TESTED, /* a test of the connection by link, which signs nobody in */
    RESULT_ENDED,  /* a session that ended before its time */
};

struct signins_record {
    const char *ref;                /* signins_new_ref */
    int64_t at;                     /* when */
    const char *connection, *email; /* "": not known. The e-mail is as it was claimed when it was refused */
    const char *client;             /* address of the browser; "": not known */
    const char *application;        /* that it was for; "": none */
    enum signins_result result;
    const char *reason; /* for an administrator; "" when somebody signed in */
};
void signins_new_ref(char ret[static SIGNINS_REF_SIZE]);
int signins_record_put(struct signins *signins, const struct signins_record *record, struct err *err);
/* 1: found; 0; -1 */
int signins_record_get(struct signins *signins, const char *ref, struct pool *pool, struct signins_record *ret,
                       struct err *err);

/* Which records: since: 0 for all; connection: NULL for all. Newest first; texts are dead behind the call. */
int signins_record_each(struct signins *signins, int64_t since, const char *connection,
                        void (*each)(void *ctx, const struct signins_record *record), void *ctx, struct err *err);

/*
 * Forgets at most about most rows of each kind: what expired before now, records from before records_since, and what is over the limits
 * above. *ret_more: there is more to forget.
 */
int signins_sweep(struct signins *signins, int64_t now, int64_t records_since, int most, bool *ret_more,
                  struct err *err);

#endif
