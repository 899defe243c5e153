#include "connectors/ldap/search.h"

#include "base/mem.h"
#include "base/text.h"
#include "connectors/ldap/outcome.h"

struct run {
    struct search *search;
    LDAP *ld;
    int msgid;
    struct berval cookie;
    bool more;      /* the server has another page */
    char *referral; /* the first server that a part of the base was left to */
};

static void run_release(struct run *run)
{
    ber_memfree(run->cookie.bv_val);
    free(run->referral);
}

DEFINE_CLEANUP(free_control, LDAPControl *, ldap_control_free)
DEFINE_CLEANUP(free_controls, LDAPControl **, ldap_controls_free)
DEFINE_CLEANUP(free_message, LDAPMessage *, ldap_msgfree)
DEFINE_CLEANUP(free_text, char *, ldap_memfree)

/* How a search ended that did not end well: 0 cut off, -1 hopeless. said is what the server added, or NULL. */
static int ended(const struct run *run, int code, const char *said, struct err *err)
{
    const struct search *s = run->search;
    run->search->code = code;
    const struct outcome *o = outcome_of(code);
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *extra = said && *said ? pool_printf(pool, " (%.300s)", text_printable(pool, span_str(said))) : "";
    const char *what = o->what ? o->what : ldap_err2string(code);
    const char *remedy = s->page_size > 0 && o->remedy_paged ? o->remedy_paged : o->remedy;
    if (o->hopeless)
        return err_set(err, o->kind, "%s: %s below '%s': %s%s; %s", s->session->uri, s->what, s->base, what, extra,
                       remedy);
    err_set(err, o->kind, "%s: %s after %zu %s below '%s'%s; %s", s->session->uri, what, s->count, s->what, s->base,
            extra, remedy);
    return 0;
}

static int start(struct run *run, struct err *err)
{
    struct search *s = run->search;
    CLEANUP(free_control) LDAPControl *page = NULL;
    int rc = LDAP_SUCCESS;
    if (s->page_size > 0)
        rc = ldap_create_page_control(run->ld, (ber_int_t)s->page_size, &run->cookie, 1, &page);
    LDAPControl *controls[] = {page, NULL};
    if (rc == LDAP_SUCCESS)
        rc = ldap_search_ext(run->ld, s->base, s->scope, s->filter, (char **)s->attrs, 0, page ? controls : NULL, NULL,
                             NULL, LDAP_NO_LIMIT, &run->msgid);
    return rc == LDAP_SUCCESS ? 1 : ended(run, rc, NULL, err);
}

/* 1: msg is there. */
static int receive(struct run *run, LDAPMessage **ret, int *ret_type, struct err *err)
{
    struct timeval wait = {.tv_sec = run->search->session->timeout};
    *ret_type = ldap_result(run->ld, run->msgid, LDAP_MSG_ONE, &wait, ret);
    if (*ret_type > 0)
        return 1;
    if (*ret_type == 0) {
        ldap_abandon_ext(run->ld, run->msgid, NULL, NULL);
        return ended(run, LDAP_TIMEOUT, NULL, err);
    }
    int code = LDAP_SERVER_DOWN;
    ldap_get_option(run->ld, LDAP_OPT_RESULT_CODE, &code);
    return ended(run, code == LDAP_SUCCESS ? LDAP_SERVER_DOWN : code, NULL, err);
}

/* A part of the base is on another server. The search goes on, but it no longer proves that anything is absent. */
static void note_reference(struct run *run, LDAPMessage *msg)
{
    char **urls = NULL;
    if (run->referral)
        return;
    int rc = ldap_parse_reference(run->ld, msg, &urls, NULL, 0);
    run->referral = mem_strdup(rc == LDAP_SUCCESS && urls && urls[0] ? urls[0] : "another server");
    ber_memvfree((void **)urls);
}

/* The cookie of the next page. A server that leaves the control out has not said that this was the last page. */
static int read_cookie(struct run *run, LDAPControl **controls, struct err *err)
{
    LDAPControl *page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    ber_int_t estimate;
    struct berval cookie = {0, NULL};
    if (!page || ldap_parse_pageresponse_control(run->ld, page, &estimate, &cookie) != LDAP_SUCCESS) {
        const struct search *s = run->search;
        err_set(err, ERR_PARTIAL, "%s: a page without its cookie after %zu %s below '%s'; set page-size = 0",
                s->session->uri, s->count, s->what, s->base);
        return 0;
    }
    ber_memfree(run->cookie.bv_val);
    run->cookie = cookie;
    run->more = cookie.bv_len > 0;
    return 1;
}

static int finish(struct run *run, LDAPMessage *msg, struct err *err)
{
    CLEANUP(free_text) char *said = NULL;
    CLEANUP(free_controls) LDAPControl **controls = NULL;
    char **urls = NULL;
    int code = LDAP_OTHER;
    int rc = ldap_parse_result(run->ld, msg, &code, NULL, &said, &urls, &controls, 0);
    CLEANUP(freep) char *referral = urls && urls[0] ? mem_strdup(urls[0]) : NULL;
    ber_memvfree((void **)urls);
    if (rc != LDAP_SUCCESS)
        return ended(run, LDAP_DECODING_ERROR, NULL, err);
    if (code != LDAP_SUCCESS)
        return ended(run, code, referral ? referral : said, err);
    run->more = false;
    return run->search->page_size > 0 ? read_cookie(run, controls, err) : 1;
}

/* One page, or the whole stream. */
static int run_page(struct run *run, struct err *err)
{
    int rc = start(run, err);
    while (rc == 1) {
        CLEANUP(free_message) LDAPMessage *msg = NULL;
        int type;
        rc = receive(run, &msg, &type, err);
        if (rc != 1)
            break;
        if (type == LDAP_RES_SEARCH_RESULT)
            return finish(run, msg, err);
        if (type == LDAP_RES_SEARCH_REFERENCE)
            note_reference(run, msg);
        if (type == LDAP_RES_SEARCH_ENTRY) {
            run->search->count++;
            if (run->search->take(run->search->ctx, &msg, err) != 0)
                rc = -1;
        }
    }
    return rc;
}

int search_run(struct search *search, struct err *err)
{
    CLEANUP(run_release) struct run run = {.search = search, .ld = search->session->ld};
    int rc;
    do
        rc = run_page(&run, err);
    while (rc == 1 && run.more);
    if (rc != 1 || !run.referral)
        return rc;
    return ended(&run, LDAP_REFERRAL, run.referral, err);
}
