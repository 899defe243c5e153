/*
 * What a SCIM service answers, as pure functions: a reply and what was asked go in, a finding comes out. Everything
 * that is not understood for sure is a fault, never "there is none".
 */
#ifndef CONNECTORS_SCIM_ANSWER_H
#define CONNECTORS_SCIM_ANSWER_H

#include "connectors/platform.h"
#include "net/http.h"

#define SCIM_BODY_MAX (1024 * 1024)
#define SCIM_ID_MAX   (PLATFORM_ID_MAX - 16) /* of an id as the service gives it; see job.h for the rest */

/* What a good answer has to hold. */
enum scim_expect {
    SCIM_EXPECT_NOTHING, /* any body, or none */
    SCIM_EXPECT_ONE,     /* the account or group that was made, with its id */
    SCIM_EXPECT_IT,      /* what was asked for by its id, whatever it is */
    SCIM_EXPECT_SELF,    /* the account of this id; "attribute" has "value" still */
    SCIM_EXPECT_LIST,    /* a ListResponse with what "attribute" has "value" of: none or one */
};

struct scim_question {
    const char *object; /* "account ann@example.com", for messages; printable */
    enum scim_expect expect;
    const char *attribute, *value; /* of LIST: of the filter */
    bool any_case;                 /* of LIST: the attribute is compared without regard to case */
    const char *ours;              /* our id of it; may be NULL */
    struct span email;             /* of LIST of accounts: whose e-mail it would have to have */
};

enum scim_finding {
    SCIM_GOOD,      /* done; or found, with its id */
    SCIM_ABSENT,    /* of LIST: none; of others: 404 */
    SCIM_CONFLICT,  /* 409: somebody else has the name */
    SCIM_NO_TARGET, /* what a PATCH should take away is not there */
    SCIM_NO_METHOD, /* 405, 501: this can not be done this way */
    SCIM_NO_FILTER, /* of LIST: this service does not look up */
    SCIM_CHANGED,   /* 412: somebody else changed it since it was read */
    SCIM_FAULT,
};

struct scim_answer {
    enum scim_finding finding;
    char id[SCIM_ID_MAX];          /* of GOOD with ONE or LIST */
    bool is_ours, is_nobodys;      /* of GOOD with LIST or SELF: it bears our id; it bears none */
    bool same_email;               /* likewise: one of its e-mails is the one asked for */
    enum platform_verdict verdict; /* of all but GOOD, for whoever cannot go on from it: RETRY, SKIP or STOP */
    long status;                   /* of HTTP; 0: none */
    int64_t wait;                  /* of RETRY; milliseconds, at most PLATFORM_WAIT_MAX */
    bool busy;                     /* of RETRY: 429 or 503 */
    struct err why;                /* of all but GOOD */
};

void scim_read(const struct http_reply *reply, const struct scim_question *question, struct scim_answer *ret);

#endif
