#include "connectors/scim/answer.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "base/text.h"

#define DETAIL_MAX 300 /* bytes of the service's own words */

struct reading {
    const struct http_reply *reply;
    const struct scim_question *question;
    struct pool *pool;
    json_t *body; /* NULL: no JSON object */
    struct scim_answer *ret;
};

/* --- the service's own words ------------------------------------------------------------------------------------ */

static const char *printable(const struct reading *r, const char *words, size_t n)
{
    bool cut = n > DETAIL_MAX;
    n = cut ? DETAIL_MAX : n;
    while (cut && n > 0 && ((unsigned char)words[n] & 0xC0) == 0x80)
        n--;
    return pool_printf(r->pool, "%s%s", text_printable(r->pool, (struct span){words, n}), cut ? "…" : "");
}

static const char *text_of(const struct reading *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value) || json_string_length(value) == 0)
        return NULL;
    return printable(r, json_string_value(value), json_string_length(value));
}

/* " (409 uniqueness: userName is taken)" */
static const char *words_of(const struct reading *r)
{
    const char *type = text_of(r, r->body, "scimType"), *detail = text_of(r, r->body, "detail");
    return pool_printf(r->pool, " (%ld%s%s%s%s)", r->reply->status, type ? " " : "", type ? type : "",
                       detail ? ": " : "", detail ? detail : "");
}

/* --- verdicts --------------------------------------------------------------------------------------------------- */

/* There is an answer, even where it is to be tried again: the platform is not lost. */
static void fault(const struct reading *r, enum scim_finding finding, enum platform_verdict verdict, const char *text)
{
    r->ret->finding = finding;
    r->ret->verdict = verdict;
    err_set(&r->ret->why, verdict == PLATFORM_RETRY ? ERR_FAILED : ERR_REFUSED, "%s: %s%s", r->question->object, text,
            words_of(r));
}

/* clang-format off */
/* The first row that fits. What stands ahead of a service answers in its place now and then: hence 5xx as a whole. */
static const struct {
    long from, to;
    enum scim_finding finding;
    enum platform_verdict verdict;
    const char *text;
} verdicts[] = {
    {300, 399, SCIM_FAULT, PLATFORM_STOP, "the service redirects elsewhere; write where it leads to into url"},
    {401, 401, SCIM_FAULT, PLATFORM_STOP, "the service refuses the token; put a valid one into token-file, or mend "
                                            "what the client of token-url may do"},
    {404, 404, SCIM_ABSENT, PLATFORM_SKIP, "the service does not have it; if it should, look for it there"},
    {405, 405, SCIM_NO_METHOD, PLATFORM_SKIP, "the service does not know how to do this; ask its makers"},
    {407, 407, SCIM_FAULT, PLATFORM_STOP, "a proxy asks for a password; let this machine reach the service directly"},
    {408, 408, SCIM_FAULT, PLATFORM_RETRY, "the service was too slow; it is tried again"},
    {409, 409, SCIM_CONFLICT, PLATFORM_SKIP, "the service has another with the same name; rename one of them"},
    {412, 412, SCIM_CHANGED, PLATFORM_RETRY, "somebody else changed it meanwhile; it is tried again"},
    {425, 425, SCIM_FAULT, PLATFORM_RETRY, "the service asks for it later; it is tried again"},
    {429, 429, SCIM_FAULT, PLATFORM_RETRY, "the service asks for fewer requests; lower connections if this goes on"},
    {400, 499, SCIM_FAULT, PLATFORM_SKIP, "the service refuses it; mend what it names"},
    {501, 501, SCIM_NO_METHOD, PLATFORM_SKIP, "the service does not know how to do this; ask its makers"},
    {505, 505, SCIM_FAULT, PLATFORM_STOP, "the service does not speak this HTTP; check url"},
    {500, 599, SCIM_FAULT, PLATFORM_RETRY, "the service is out of order; look at its state if this goes on"},
};
/* clang-format on */

/* What could not be reached now may be reached later; of a certificate or a setting that is wrong nothing comes. */
static enum platform_verdict verdict_of_failure(enum err_kind kind)
{
    if (kind == ERR_NETWORK)
        return PLATFORM_RETRY;
    return kind == ERR_INPUT ? PLATFORM_SKIP : PLATFORM_STOP;
}

static void read_failure(const struct reading *r)
{
    r->ret->finding = SCIM_FAULT;
    r->ret->verdict = verdict_of_failure(r->reply->err.kind);
    /* Made, with an answer that is too large: a look-up finds it. */
    if (r->reply->err.kind == ERR_INPUT && r->reply->status >= 200 && r->question->expect == SCIM_EXPECT_ONE)
        r->ret->verdict = PLATFORM_RETRY;
    r->ret->why = r->reply->err;
    err_wrap(&r->ret->why, "%s", r->question->object);
}

/* A gateway's refusal concerns everything, a SCIM service's what it explains. */
static bool is_gateway(const struct reading *r)
{
    return r->reply->status == 403 && !r->body;
}

static bool is_type(const struct reading *r, const char *wanted)
{
    const char *type = text_of(r, r->body, "scimType");
    return r->reply->status == 400 && type && text_same_ascii(type, wanted);
}

/* Where accounts and groups are made and found there is always something. */
static bool is_no_service(const struct reading *r)
{
    return r->reply->status == 404 &&
           (r->question->expect == SCIM_EXPECT_ONE || r->question->expect == SCIM_EXPECT_LIST);
}

/* Who is busy and gives no span says with the limit when there is more, if at all. */
static void note_wait(const struct reading *r)
{
    const struct rate_limit *limit = &r->reply->limit;
    r->ret->busy = r->reply->status == 429 || r->reply->status == 503;
    int64_t wait = r->reply->wait ? r->reply->wait : r->ret->busy && limit->left == 0 ? limit->until : 0;
    r->ret->wait = wait > PLATFORM_WAIT_MAX ? PLATFORM_WAIT_MAX : wait;
}

static void read_refusal(const struct reading *r)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        if (r->reply->status < verdicts[i].from || r->reply->status > verdicts[i].to)
            continue;
        fault(r, verdicts[i].finding, verdicts[i].verdict, verdicts[i].text);
        if (is_gateway(r))
            fault(r, SCIM_FAULT, PLATFORM_STOP,
                  "something ahead of the service refuses the request; check url and what the token may do");
        if (is_no_service(r))
            fault(r, SCIM_FAULT, PLATFORM_STOP, "there is no SCIM service at this address; check url");
        if (is_type(r, "noTarget"))
            r->ret->finding = SCIM_NO_TARGET;
        if (is_type(r, "invalidFilter") && r->question->expect == SCIM_EXPECT_LIST)
            r->ret->finding = SCIM_NO_FILTER;
        if (r->ret->verdict == PLATFORM_RETRY)
            note_wait(r);
        return;
    }
    fault(r, SCIM_FAULT, PLATFORM_STOP, "not an answer of HTTP; check url");
}

/* --- good answers ----------------------------------------------------------------------------------------------- */

static bool is_html(const struct reading *r)
{
    return strncasecmp(r->reply->type, "text/html", 9) == 0;
}

static void not_scim(const struct reading *r)
{
    const char *type = printable(r, r->reply->type, strnlen(r->reply->type, 100));
    fault(r, SCIM_FAULT, PLATFORM_STOP,
          pool_printf(r->pool, "the answer is not SCIM but %s; check url", *type ? type : "of no type"));
}

/* What the service gives as id goes back to it in addresses. */
static bool take_id(const struct reading *r, const json_t *resource)
{
    const json_t *id = json_object_get(resource, "id");
    size_t n = json_string_length(id);
    const char *text = json_string_value(id);
    if (!json_is_string(id) || n == 0 || n >= SCIM_ID_MAX || memchr(text, '\0', n) ||
        !text_is_clean((struct span){text, n}) || strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
        fault(r, SCIM_FAULT, PLATFORM_SKIP,
              pool_printf(r->pool,
                          "the service gives an id that cannot be used: none, longer than %d bytes, or with "
                          "control characters; ask its makers",
                          SCIM_ID_MAX - 1));
        return false;
    }
    memcpy(r->ret->id, text, n + 1);
    return true;
}

static void read_one(const struct reading *r)
{
    const char *ours = json_string_value(json_object_get(r->body, "externalId"));
    if (!r->body)
        not_scim(r);
    else if (ours && r->question->ours && strcmp(ours, r->question->ours) != 0)
        fault(r, SCIM_FAULT, PLATFORM_SKIP, "the service answers with another one; ask its makers");
    else if (take_id(r, r->body))
        r->ret->finding = SCIM_GOOD;
}

static bool is_asked_for(const struct reading *r, const json_t *resource)
{
    const char *value = json_string_value(json_object_get(resource, r->question->attribute));
    if (!value)
        return false;
    return r->question->any_case ? text_same(value, r->question->value) : strcmp(value, r->question->value) == 0;
}

/* A service that leaves filters aside lists everybody: who is asked for could be further down. */
static bool is_filtered(const struct reading *r, const json_t *resources)
{
    for (size_t i = 0; i < json_array_size(resources); i++)
        if (!is_asked_for(r, json_array_get(resources, i)))
            return false;
    return true;
}

static bool has_email(const struct reading *r, const json_t *resource)
{
    const json_t *emails = json_object_get(resource, "emails"), *one;
    const char *wanted = pool_strndup(r->pool, r->question->email.n ? r->question->email.p : "", r->question->email.n);
    size_t i;
    json_array_foreach(emails, i, one)
    {
        const char *value = json_string_value(json_object_get(one, "value"));
        if (value && *wanted && text_same(value, wanted))
            return true;
    }
    return false;
}

static void read_found(const struct reading *r, const json_t *resource)
{
    const char *theirs = json_string_value(json_object_get(resource, "externalId"));
    if (!take_id(r, resource))
        return;
    r->ret->finding = SCIM_GOOD;
    r->ret->is_ours = theirs && r->question->ours && strcmp(theirs, r->question->ours) == 0;
    r->ret->is_nobodys = !theirs || !*theirs;
    r->ret->same_email = has_email(r, resource);
}

static void read_list(const struct reading *r)
{
    const json_t *total = json_object_get(r->body, "totalResults"), *found = json_object_get(r->body, "Resources");
    size_t n = json_array_size(found);
    if (!r->body || !json_is_integer(total) || (found && !json_is_array(found))) {
        not_scim(r);
    } else if (!is_filtered(r, found)) {
        fault(r, SCIM_NO_FILTER, PLATFORM_STOP,
              pool_printf(r->pool, "the service does not look up by %s; it has to, or nothing could be found again",
                          r->question->attribute));
    } else if ((json_int_t)n != json_integer_value(total) || n > 1) {
        fault(r, SCIM_FAULT, PLATFORM_SKIP,
              pool_printf(r->pool, "the service says that %lld have this %s and shows %zu; there has to be one at most",
                          (long long)json_integer_value(total), r->question->attribute, n));
    } else if (n == 0) {
        r->ret->finding = SCIM_ABSENT;
        r->ret->verdict = PLATFORM_SKIP;
        err_set(&r->ret->why, ERR_REFUSED, "%s: the service does not have it; if it should, look for it there",
                r->question->object);
    } else {
        read_found(r, json_array_get(found, 0));
    }
}

static void read_self(const struct reading *r)
{
    if (!r->body)
        not_scim(r);
    else if (!is_asked_for(r, r->body))
        fault(r, SCIM_FAULT, PLATFORM_RETRY, "the service has another there by now; it is tried again");
    else
        read_found(r, r->body);
}

static void read_nothing(const struct reading *r)
{
    if (is_html(r))
        not_scim(r);
    else
        r->ret->finding = SCIM_GOOD;
}

void scim_read(const struct http_reply *reply, const struct scim_question *question, struct scim_answer *ret)
{
    static void (*const readers[])(const struct reading *r) = {
        [SCIM_EXPECT_NOTHING] = read_nothing,
        [SCIM_EXPECT_IT] = read_nothing,
        [SCIM_EXPECT_ONE] = read_one,
        [SCIM_EXPECT_SELF] = read_self,
        [SCIM_EXPECT_LIST] = read_list,
    };
    CLEANUP(pool_free) struct pool *pool = pool_new();
    /* What was asked for by its id may be a group of any size, and is parsed by whoever wants it. */
    bool is_read = reply->body.len && (question->expect != SCIM_EXPECT_IT || reply->status >= 300);
    json_auto_t *body = is_read ? json_loadb(reply->body.data, reply->body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    *ret = (struct scim_answer){.finding = SCIM_FAULT, .verdict = PLATFORM_STOP, .status = reply->status};
    struct reading r = {reply, question, pool, json_is_object(body) ? body : NULL, ret};
    if (reply->err.kind != ERR_NONE && reply->status < 300)
        read_failure(&r);
    else if (reply->status >= 200 && reply->status < 300)
        readers[question->expect](&r);
    else
        read_refusal(&r);
}
