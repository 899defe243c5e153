/*
 * Signing in: who is sent where, what comes back, and who is known from then on. No HTTP and no sockets; "now" is passed in.
 *
 *   signin_begin -> (the browser goes to the identity provider and comes back) -> signin_saml_finish -> signin_who… -> signin_end
 *
 * Everything that is refused is refused here, by ERR_REFUSED or ERR_INPUT with the reason for an administrator; what a browser is shown is
 * the caller's. Whether accepted or refused, signin_begin and the finish of each protocol leave a record whose reference number comes back.
 */
#ifndef SIGNIN_SIGNIN_H
#define SIGNIN_SIGNIN_H

#include "base/pool.h"
#include "conf/conf.h"
#include "crypto/token.h"
#include "gate/sp.h"
#include "oidc/authrequest.h"
#include "oidc/providers.h"
#include "store/signins.h"
#include "store/store.h"
#include "store/who.h"

#define SIGNIN_REQUEST_SECONDS (15 * 60)   /* from sending somebody away to their coming back */
#define SIGNIN_ASSERTION       "assertion" /* kind of value that counts once */

/* What one request is answered from. The handles are this thread's alone. */
struct signin {
    const struct conf *conf;
    const struct sp *keys;   /* ours; of the rest of the struct nothing is read */
    struct store *store;     /* the main database, to be read; NULL: there is none yet */
    struct signins *signins; /* signin.db */
    struct pool *pool;       /* all that comes back lives in it */
    int64_t now;
    struct providers *providers; /* of OIDC: what is known of them, and how they are reached; NULL: they cannot be */
    /* For the record. */
    const char *client;      /* address of the browser; NULL or "": not known */
    const char *application; /* that it is for; NULL or "": none */
};

/* How to send the browser to the identity provider. */
struct signin_start {
    const char *connection;
    const char *location; /* to be redirected to; NULL: by a form instead */
    const char *post_to;  /* the form's action */
    const char *message;  /* its SAMLRequest */
    const char *relay;    /* its RelayState; NULL: none */
    bool answers;         /* message is a SAMLResponse instead */
    const char *id;       /* of signing out: what the answer has to name; NULL: nothing */
};

struct signin_ask {
    const char *email;   /* as it was typed; "" with a domain */
    const char *domain;  /* in place of an e-mail: of somebody who went on with this one before; NULL: none */
    const char *browser; /* the secret that binds the request to this browser: a token, in a cookie */
    const char *next;    /* path of ours to go on at; never from a URL or a form as it stands */
    const char *context; /* how they have to sign in there, in its words; NULL: as the provider likes */
    const char *trial;   /* of signin_trial_begin; NULL: this is a sign-in */
    bool again;          /* to be asked for their credentials even when they are signed in there */
};
/*
 * From what was typed to the identity provider: e-mail, its domain, the domain's connection, which has to be active with its gate open.
 * ret_ref (SIGNINS_REF_SIZE): set on -1.
 */
int signin_begin(const struct signin *in, const struct signin_ask *ask, struct signin_start *ret, char *ret_ref,
                 struct err *err);

struct signin_done {
    char token[TOKEN_SIZE]; /* the new session's secret, for a cookie */
    const char *next;       /* path to go on at */
    bool trial;             /* a test of a connection: nobody is signed in, and token is empty */
};

struct signin_saml_answer {
    const char *connection;  /* by the path that it came to */
    struct span response;    /* SAMLResponse, base64 */
    const char *relay;       /* RelayState; NULL: none */
    const char *browser;     /* of the cookie; NULL: none */
    const char *old_session; /* of the cookie; NULL: none. It goes on or ends: see signin/accept.h */
};
/*
 * The answer of an identity provider. It has to be for a request that this browser began here with this connection, not answered yet; to pass every rule
 * of saml/response.h; and to be of somebody who is in the mirror by immutable id and active, in one of the connection's open domains.
 * The session, the used-up request and assertion and the record are one transaction. ret_ref (SIGNINS_REF_SIZE): always set.
 */
int signin_saml_finish(const struct signin *in, const struct signin_saml_answer *answer, struct signin_done *ret,
                       char *ret_ref, struct err *err);

/*
 * A test of a connection, which may be neither active nor its gate open (store/trials.h): the name of the connection that this handle is for. 1; 0: there is none, or it was
 * answered or has expired; -1
 */
int signin_trial_find(const struct signin *in, const char *handle, const char **ret_connection, struct err *err);
/*
 * From the link to the identity provider. Of ask, the browser is read. ERR_REFUSED: as above, or another browser began it. What comes back goes the way of every
 * answer, and ends in a report (signin/finding.h) instead of a session. ret_ref: set on -1.
 */
int signin_trial_begin(const struct signin *in, const char *handle, const struct signin_ask *ask,
                       struct signin_start *ret, char *ret_ref, struct err *err);

struct signin_oidc_answer {
    const char *connection;    /* by the path that it came to */
    authresponse_param *param; /* what stands in the address */
    const void *params;        /* … and what that is called with */
    const char *browser;       /* of the cookie; NULL: none */
    const char *old_session;   /* of the cookie; NULL: none. It goes on or ends: see signin/accept.h */
};
/* The same for what an OpenID provider sent the browser back with, under the rules of signin/oidc_verify.h. ERR_NETWORK, too: the provider cannot now. */
int signin_oidc_finish(const struct signin *in, const struct signin_oidc_answer *answer, struct signin_done *ret,
                       char *ret_ref, struct err *err);

struct signin_who {
    const char *name, *email, *uid, *connection;
    struct signins_session session;
    struct who who;
};
/*
 * Whose session is this, now? 1: of somebody who may still be signed in; 0: there is none, or it was ended just now because what let the
 * person in is gone, or it waits behind a closed gate (signin/standing.h); -1.
 */
int signin_who(const struct signin *in, const char *token, struct signin_who *ret, struct err *err);
/* The same by the session's name, for what was given out in it. */
int signin_who_named(const struct signin *in, const char *sid, struct signin_who *ret, struct err *err);
int signin_end(const struct signin *in, const char *token, struct err *err);

/* A logout message of an identity provider, as it came. */
struct signin_saml_told {
    const char *connection; /* by the path that it came to */
    struct span query;      /* of a redirect: the octets */
    struct span message;    /* of a form: base64; p is NULL for a redirect */
    bool answers;           /* of a form: it was called SAMLResponse */
    const char *relay;      /* of a form: RelayState; NULL: none */
    const char *browser;    /* of the cookie; NULL: none */
};
struct signin_saml_left {
    bool told;                 /* they ended sessions; false: they answered us */
    int64_t ended;             /* … so many */
    struct signin_start start; /* our answer; neither location nor post_to: they have no address for it */
    const char *next;          /* they answered us: path of ours to go on at; NULL: they did not */
};
/*
 * Sessions of whom the identity provider names end, by a message that passes every rule of saml/logout.h and counts once; or the answer to our own
 * request to sign out is taken. ret_ref (SIGNINS_REF_SIZE): set on -1.
 */
int signin_saml_logout(const struct signin *in, const struct signin_saml_told *told, struct signin_saml_left *ret,
                       char *ret_ref, struct err *err);

#endif
