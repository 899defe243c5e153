/* The record that each sign-in leaves. */
#ifndef SIGNIN_RECORD_H
#define SIGNIN_RECORD_H

#include "signin/signin.h"

/* in, for the record of what such a request led to. */
static inline struct signin record_for(const struct signin *in, const struct signins_request *request)
{
    struct signin with = *in;
    with.application = request->application;
    return with;
}

/*
 * Why it was refused, under a new reference number. email: as it was claimed, NULL when nobody was named. When the record cannot be kept, err says so
 * behind the reason.
 */
void record_refused(const struct signin *in, const char *connection, const char *email, struct err *err, char *ret_ref);
/* As a part of the caller's transaction. */
int record_accepted(const struct signin *in, const char *connection, const char *email, char *ret_ref, struct err *err);
/* A test of a connection was answered, which signs nobody in. fault: NULL: it passed. As a part of the caller's transaction. */
int record_trial(const struct signin *in, const char *connection, const char *email, const char *fault, char *ret_ref,
                 struct err *err);
/* Why a session ended before its time. As a part of the caller's transaction. */
int record_ended(const struct signin *in, const char *connection, const char *email, const char *reason, char *ret_ref,
                 struct err *err);

#endif
