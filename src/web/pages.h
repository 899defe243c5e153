/*
 * The pages that people see: plain HTML without scripts. What they say stands in one table (pages.c); everything that was not written here goes through
 * page_escape.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "base/buf.h"

/* Adds text as the content of an element or of an attribute in double quotes. */
void page_escape(struct buf *out, const char *text);

extern const char page_style[]; /* the style sheet */

/* contact: of the organisation; NULL: none. Texts are escaped here. */
struct page_about {
    const char *organization, *contact;
};

/*
 * ref: of the fault when the address led nowhere, else NULL; email: as it was typed, "" for none; asked: handle of what an application asked for,
 * "" for none.
 */
void page_sign_in(struct buf *out, const struct page_about *about, const char *email, const char *asked,
                  const char *ref);
/* A form that goes to the identity provider. field: what the message is called; relay: NULL: none. */
void page_continue(struct buf *out, const struct page_about *about, const char *post_to, const char *field,
                   const char *message, const char *relay);
/* guard: what the form to sign out has to bring along. */
void page_home(struct buf *out, const struct page_about *about, const char *name, const char *email, const char *guard);
/* Asks whether to sign out, as an application wants. Each of the last three may be NULL. */
struct page_leave {
    const char *email, *guard;
    const char *client, *to, *state; /* client_id, post_logout_redirect_uri, state: sent along */
};
void page_leave(struct buf *out, const struct page_about *about, const struct page_leave *leave);
void page_signed_out(struct buf *out, const struct page_about *about);

enum page_fault { FAULT_REFUSED, FAULT_BROKEN, FAULT_NOT_FOUND, FAULT_METHOD, FAULT_FORM, PAGE_FAULTS };
/* One fixed sentence; ref: NULL: none. */
void page_fault(struct buf *out, const struct page_about *about, enum page_fault fault, const char *ref);

#endif
