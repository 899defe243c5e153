/* Where a browser goes that signed out: to its identity provider, when that can be told. */
#ifndef SIGNIN_LEAVE_H
#define SIGNIN_LEAVE_H

#include "signin/signin.h"

/* How each protocol says it. Leaves *ret as it is when the identity provider has no address for that. */
typedef int leave_with(const struct signin *in, const struct conf_section *connection,
                       const struct signins_session *session, const char *browser, struct signin_start *ret,
                       struct err *err);
leave_with saml_leave;

#endif
