/*
 * Where applications send people (OpenID Connect Core, 3.1.2): what is asked for is judged, kept while the person signs in, and answered
 * with a code.
 *
 *   authorize_begin -> AUTHORIZE_SIGN_IN -> (/signin?for=HANDLE) -> authorize_go_on -> AUTHORIZE_ANSWER
 */
#ifndef BROKER_AUTHORIZE_H
#define BROKER_AUTHORIZE_H

#include "broker/broker.h"
#include "store/grants.h"

#define AUTHORIZE_SECONDS   (15 * 60) /* that what was asked for is kept */
#define AUTHORIZE_VALUE_MAX 2048      /* bytes of one parameter */

/*
 * Reads and judges what is asked for. -1 with *ret_fault NULL: nothing of it may be believed, not even where to answer: show a page. -1 with a
 * fault: ret->redirect_uri and ret->state may be answered with it. Parameters that nobody knows are passed over; one that is known and there
 * twice is a fault.
 */
int authorize_read(const struct broker *broker, struct broker_params params, struct authorization *ret,
                   broker_fault *ret_fault, struct err *err);

enum authorize_outcome {
    AUTHORIZE_PAGE,    /* refused without anybody to tell: a page with the reference */
    AUTHORIZE_ANSWER,  /* to be sent to location: with a code, or a fault (then err has the reason, and ref a number) */
    AUTHORIZE_SIGN_IN, /* the person has to sign in for handle */
    AUTHORIZE_RETRY,   /* to be asked once more by GET, which brings the session's cookie along */
};

struct authorize_answer {
    enum authorize_outcome outcome;
    const char *location;
    const char *handle;
    char ref[SIGNINS_REF_SIZE]; /* of the record, when it was refused; "" else */
};

/* Who asks. */
struct authorize_visitor {
    const char *session; /* of the cookie; NULL: none */
    const char *browser; /* of the cookie */
    bool by_form;        /* a POST, which brings no session's cookie along from another site */
};

/* -1: for a reason of our own. */
int authorize_begin(const struct broker *broker, struct broker_params params, const struct authorize_visitor *visitor,
                    struct authorize_answer *ret, struct err *err);
/* What was kept under this handle for this browser. A handle that is not known is AUTHORIZE_PAGE. */
int authorize_go_on(const struct broker *broker, const char *handle, const struct authorize_visitor *visitor,
                    struct authorize_answer *ret, struct err *err);

#endif
