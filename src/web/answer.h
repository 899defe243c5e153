/* What every route answers with: pages, redirects, faults and cookies. */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "web/inner.h"
#include "web/pages.h"

/* For a page; in the language of the call. */
struct page_about answer_about(const struct call *call);
void answer_html(struct call *call, int status); /* the body is a page */
void answer_redirect(struct call *call, const char *location);
/* This answer may stand in a frame of this origin, which no other may. */
void answer_framed(struct call *call, const char *origin);
/* To the identity provider, by whichever way start says. False: by none. */
bool answer_start(struct call *call, const struct signin_start *start);
void answer_fault(struct call *call, int status, enum page_fault fault, const char *ref);

/* The path of the request, for the log: printable, cut, and without what opens something. */
const char *answer_logged_path(const struct call *call);
/* The reason is for administrators: it goes to the log, and a browser gets the number that leads there. */
void answer_log(struct call *call, const char *ref, const struct err *err);
bool answer_is_refusal(const struct err *err);
void answer_error(struct call *call, const char *ref, const struct err *err);

/* Back from it, whatever the protocol: the session's cookie, and on to where the person was going; or the end of a test. */
void answer_done(struct call *call, const struct signin_done *done);

enum cookie { COOKIE_SESSION, COOKIE_BROWSER, COOKIE_LANGUAGE, COOKIE_ADDRESS };
/* The first two hold tokens of ours. */
const char *cookie_get(const struct call *call, enum cookie which); /* NULL: none, or nothing that we gave */
/* Of COOKIE_BROWSER: what the browser brought, or a new one, for which *ret_new is set; then it has to be given with cookie_set. */
const char *cookie_browser(const struct call *call, bool *ret_new);
void cookie_set(struct call *call, enum cookie which, const char *value); /* value NULL: it is taken back */
/* The others hold a text that stays on the device for months. It is no secret, and what comes back is anybody's. */
const char *cookie_text(const struct call *call, enum cookie which); /* NULL: none, or not clean */
void cookie_keep(struct call *call, enum cookie which, const char *text);
/* What proves that a form is ours: made of the session's secret, which no other site knows. */
const char *cookie_guard(const struct call *call, const char *token);

/* --- away from here ------------------------------------------------------------------------------------------------- */

/*
 * Ends the session of the cookie token and goes on to its identity provider, from where the browser comes back to next. false: nobody has to go
 * anywhere, and the caller shows that it is over. A fault is answered here.
 */
bool answer_leave(struct call *call, const char *token, const char *next);

#endif
