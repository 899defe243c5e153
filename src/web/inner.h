/* What the parts of src/web/ share: a server, and one request on its way through a route. */
#ifndef WEB_INNER_H
#define WEB_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "broker/broker.h"
#include "net/server.h"
#include "push/line.h"
#include "signin/signin.h"
#include "store/pushed.h"
#include "web/keeper.h"
#include "web/limit.h"
#include "web/looks.h"
#include "web/visitor.h"
#include "web/web.h"

enum count {
    COUNT_REQUESTS,
    COUNT_FAULTS,
    COUNT_STARTED,
    COUNT_ACCEPTED,
    COUNT_REFUSED,
    COUNT_HELD_UP,
    COUNT_TOLD,
    COUNT_UNTOLD,
    COUNT_PUSHES,
    COUNT_PUSHES_UNKNOWN,
    COUNT_PUSHED_CREATED,
    COUNT_PUSHED_CHANGED,
    COUNT_PUSHED_DELETED,
    COUNT_PUSHED_JOINED,
    COUNT_PUSHED_LEFT,
    COUNT_PUSHED_FAILED,
    COUNTS
};

/* The handles of one request: taken for as long as it lasts, so that there are no more than threads. */
struct desk {
    struct store *store; /* NULL: there is no state yet */
    struct signins *signins;
    struct pushed *pushed; /* NULL: nobody has asked for it yet */
    struct desk *next;
};

/*
 * What follows from the configuration; replaced as a whole, and never changed, but for origins. Whoever answers holds it as long as that takes, so
 * that nobody waits for another: neither a reload for a slow provider, nor a sign-in for a reload.
 */
struct web_site {
    atomic_uint holders;
    struct conf *conf; /* shared with who loaded it */
    struct sp keys;
    struct applications *applications;
    struct keyring *ring; /* NULL: there are no applications */
    _Atomic(const char *) origins; /* of the identity providers and the applications, for form-action: a space around each */
    struct pool *origins_pool; /* … in here: they change by themselves, and only one thread puts others in their place */
    bool secure;               /* browsers reach us by https */
    struct looks looks;
    struct pool *pool;
};

struct web {
    pthread_mutex_t lock; /* of site; held for moments only */
    struct web_site *site;
    char *state_dir;
    struct server *server, *status;
    pthread_mutex_t desks_lock;
    struct desk *desks; /* free ones */
    _Atomic unsigned long counts[COUNTS];
    struct signins *sweeper;
    int64_t ring_tried; /* when new keys were tried to be made */
    struct providers *providers;
    struct keeper *keeper;
    struct watching *watching;
    struct outbox *outbox;
    struct folding *folding;
    _Atomic unsigned long reloads; /* of the configuration */
    struct limit *limit;
    struct line *line; /* of what is pushed */
    atomic_uint large; /* bodies that are being worked on … */
    atomic_uint slow;  /* … and requests that may look at everything there is */
    bool tls;
};

/* One request. */
struct call {
    struct web *web;
    struct web_site *site; /* held */
    const struct request *request;
    struct response *response;
    struct visitor visitor;
    enum language language; /* of the pages that are answered */
    const char *word;       /* the last part of the path, where the route has one */
    const char *noted;      /* more fields of its line in the log; NULL: none */
    const char *policy;     /* Content-Security-Policy; NULL: that of pages */
    bool cacheable;         /* the same for everybody */
    bool leads_away;        /* a page whose form ends at an identity provider, by whatever way that one takes people */
    struct signin in;       /* with handles of its own */
};

enum route_how {
    ROUTE_STATELESS = 1, /* needs no database */
    ROUTE_SLOW = 2,      /* waits for an identity provider … */
    ROUTE_FIRST = 4,     /* … as long as one is not known yet */
    ROUTE_TREE = 8,      /* takes whatever stands behind its path, and says itself what is wrong */
};

/* One way to ask. A table of them ends with a row of NULL. */
struct route {
    const char *method, *path; /* a path that ends in "/" takes one more word, but for "/" itself; method NULL: any */
    void (*answer)(struct call *call);
    size_t body_max;
    unsigned how; /* of enum route_how; true: stateless */
};
extern const struct route signin_routes[], saml_routes[], oidc_routes[], broker_routes[], forward_routes[],
    logout_routes[], trial_routes[], scim_routes[];

/* Of scim_routes, which look at who asks before a body is read. */
size_t scim_body_max(struct web *web, const struct request *request);
/* Whether it may take longer than a sign-in should wait for. */
bool scim_is_slow(const struct request *request);

struct web_site *site_hold(struct web *web);
void site_give(struct web_site **site); /* NULL inside is fine; fits CLEANUP */

int desk_take(struct web *web, struct desk **ret, struct err *err);
/* What could not be opened when it was taken: the main database, which there need not be. */
int desk_open(struct web *web, struct desk *desk, struct err *err);
/* desk->pushed, from here on. */
int desk_open_pushed(struct web *web, struct desk *desk, struct err *err);
void desk_give(struct web *web, struct desk *desk);

/* Threads of their own; *ret is to be stopped, started or not. */
struct watching;
int watching_start(struct web *web, struct watching **ret, struct err *err);
void watching_stop(struct watching **watching);
struct outbox;
int outbox_start(struct web *web, struct outbox **ret, struct err *err);
void outbox_stop(struct outbox **outbox);
struct folding;
int folding_start(struct web *web, struct folding **ret, struct err *err);
void folding_stop(struct folding **folding);

void routes_answer(void *web, const struct request *request, struct response *response);
size_t routes_body_max(void *web, const struct request *request);
bool routes_is_slow(void *web, const struct request *request);
void status_answer(void *web, const struct request *request, struct response *response);
size_t status_body_max(void *web, const struct request *request);

#endif
