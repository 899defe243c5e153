/* How each protocol sends a browser to its identity provider, and keeps the request. */
#ifndef SIGNIN_BEGIN_H
#define SIGNIN_BEGIN_H

#include "signin/signin.h"

typedef int begin_with(const struct signin *in, const struct conf_section *connection, const struct signin_ask *ask,
                       struct signin_start *ret, struct err *err);
begin_with saml_begin, oidc_begin;

/* By the connection's protocol. */
begin_with begin_send_away;

#endif
