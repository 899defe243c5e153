/*
 * The pages that people see: plain HTML without scripts. What they say stands in one table (pages.c); everything that was not written here goes through
 * page_escape.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include <stdbool.h>

#include "base/buf.h"

/* Adds text as the content of an element or of an attribute in double quotes. */
void page_escape(struct buf *out, const char *text);

extern const char page_style[]; /* the style sheet */

/* contact: of the organisation; NULL: none. Texts are escaped here. */
struct page_about {
    const char *organization, *contact;
};

/* fault: true when the address led nowhere, then with the reference; email: as it was typed, "" for none. */
void page_sign_in(struct buf *out, const struct page_about *about, const char *email, const char *ref);
/* A form that goes to the identity provider. */
void page_continue(struct buf *out, const struct page_about *about, const char *post_to, const char *message,
                   const char *relay);
/* guard: what the form to sign out has to bring along. */
void page_home(struct buf *out, const struct page_about *about, const char *name, const char *email, const char *guard);
void page_signed_out(struct buf *out, const struct page_about *about);

/* A test of a connection: its button, which posts to the page's own address; and its end, where nobody was signed in. */
void page_trial(struct buf *out, const struct page_about *about, const char *connection, const char *action);
void page_trial_over(struct buf *out, const struct page_about *about, bool passed);

enum page_fault { FAULT_REFUSED, FAULT_BROKEN, FAULT_NOT_FOUND, FAULT_METHOD, FAULT_FORM, FAULT_TRIAL, PAGE_FAULTS };
/* One fixed sentence; ref: NULL: none. */
void page_fault(struct buf *out, const struct page_about *about, enum page_fault fault, const char *ref);

#endif
