/*
 * One search, as a stream of entries: pages if asked for, and the proof that nothing was left out.
 */
#ifndef CONNECTORS_LDAP_SEARCH_H
#define CONNECTORS_LDAP_SEARCH_H

#include "connectors/ldap/session.h"

struct search {
    const struct session *session;
    const char *base, *filter;
    int scope;
    const char **attrs;
    int64_t page_size; /* 0: one stream */
    const char *what;  /* for messages: "people" */
    /* Takes one entry, which is freed afterwards unless *entry is taken (set to NULL). -1 ends the search with -1. */
    int (*take)(void *ctx, LDAPMessage **entry, struct err *err);
    void *ctx;
    size_t count; /* entries so far */
    int code;     /* the result that it ended with, when it did not end well */
};

/*
 * 1: the server said success for every page, and nothing was left to other servers. 0: cut off, err tells by what,
 * after how many entries, and what mends it. -1: the search cannot be done as configured, or take ended it.
 */
int search_run(struct search *search, struct err *err);

#endif
