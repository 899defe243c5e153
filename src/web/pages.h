/*
 * The pages that people see: plain HTML without scripts, in the language and the words of struct page_about. Everything that was not written
 * here goes through text_markup.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include <stdbool.h>

#include "base/buf.h"
#include "web/text.h"

extern const char page_style[]; /* the style sheet; "accent" of the configuration comes behind it */

/* Whose pages they are, and for whom. Texts are escaped here. */
struct page_about {
    const char *organization, *contact; /* contact: an e-mail; NULL: none */
    enum language language;
    const struct texts *texts;
    bool logo; /* there is one at /logo */
    const char
        *query; /* of this page, "" or with "&" at its end, for links to it in other languages; NULL: no such links */
};

/* The page that asks who somebody is. Texts not NULL where it does not say so. */
struct page_ask {
    const char *email;  /* as it was typed or remembered; "" for none */
    const char *domain; /* that somebody went on with before, as people write it; NULL: none */
    const char *ref;    /* the address led nowhere; NULL: it did not */
    const char *handle; /* of what an application asked for, to be sent along as "for"; NULL: none */
    bool remember;      /* the box is ticked */
};
void page_sign_in(struct buf *out, const struct page_about *about, const struct page_ask *ask);
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

/* A test of a connection: its button, which posts to the page's own address; and its end, where nobody was signed in. */
void page_trial(struct buf *out, const struct page_about *about, const char *connection, const char *action);
void page_trial_over(struct buf *out, const struct page_about *about, bool passed);

enum page_fault {
    FAULT_REFUSED,
    FAULT_BROKEN,
    FAULT_NOT_FOUND,
    FAULT_METHOD,
    FAULT_FORM,
    FAULT_TOO_MANY,
    FAULT_TOO_LARGE,
    FAULT_TRIAL,
    PAGE_FAULTS
};
/* One fixed sentence; ref: NULL: none. */
void page_fault(struct buf *out, const struct page_about *about, enum page_fault fault, const char *ref);

#endif
