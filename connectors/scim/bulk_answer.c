#include "connectors/scim/bulk_answer.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "scim/json.h"

struct reading {
    struct scim_bulk_answer *answer;
    const char *base;
    const struct scim_bulk_item *items;
    bool *spoilt; /* by operation: it is named twice, or as somebody else */
    json_t *made; /* ids that were given, with the operation: no two are the same */
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(scim_json_get(object, key));
}

/* --- which operation it is ---------------------------------------------------------------------------------------- */

static const char *path_of(const struct reading *r, size_t i)
{
    return r->items[i].request.url.data + strlen(r->base);
}

/* "https://…/v2/Users/1" or "/v2/Users/1" ends in the path; a service may write the id with other escapes. */
static bool is_at(const char *location, const char *path)
{
    size_t n = strlen(location), m = strlen(path);
    return n >= m && strcmp(location + n - m, path) == 0;
}

static bool is_post(const struct reading *r, size_t i)
{
    return strcmp(r->items[i].request.method, "POST") == 0;
}

/* answer->n: none. */
static size_t by_bulk_id(const struct reading *r, const char *id)
{
    char own[24];
    for (size_t i = 0; i < r->answer->n; i++) {
        snprintf(own, sizeof own, "%zu", i);
        if (strcmp(own, id) == 0)
            return i;
    }
    return r->answer->n;
}

static size_t by_location(const struct reading *r, const char *location)
{
    for (size_t i = 0; i < r->answer->n; i++)
        if (!is_post(r, i) && is_at(location, path_of(r, i)))
            return i;
    return r->answer->n;
}

static size_t find(const struct reading *r, const json_t *result)
{
    const char *id = text_of(result, "bulkId"), *location = text_of(result, "location");
    return id ? by_bulk_id(r, id) : location ? by_location(r, location) : r->answer->n;
}

static bool agrees(const struct reading *r, size_t i, const json_t *result)
{
    const char *method = text_of(result, "method"), *location = text_of(result, "location");
    if (method && !text_same_ascii(method, r->items[i].request.method))
        return false;
    return is_post(r, i) || !location || is_at(location, path_of(r, i));
}

/* --- what became of it -------------------------------------------------------------------------------------------- */

/* 201, "201", and {"code": "201"} of drafts that are still spoken. 0: none of these. */
static long status_of(const json_t *result)
{
    const json_t *status = scim_json_get(result, "status");
    if (json_is_object(status))
        status = scim_json_get(status, "code");
    long n = json_is_integer(status) ? (long)json_integer_value(status) : 0;
    const char *digits = json_string_value(status);
    if (digits && strlen(digits) == 3 && strspn(digits, "0123456789") == 3)
        n = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    return n >= 200 && n < 600 ? n : 0;
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* The id at the end of an address; a new reference, NULL: none. */
static json_t *id_in(const char *location)
{
    CLEANUP(buf_release) struct buf id = BUF_INIT;
    const char *from = location ? strrchr(location, '/') : NULL;
    for (const char *p = from ? from + 1 : ""; *p; p++) {
        int high = *p == '%' ? hex(p[1]) : -1, low = high >= 0 ? hex(p[2]) : -1;
        buf_addc(&id, low >= 0 ? (char)(high * 16 + low) : *p);
        p += low >= 0 ? 2 : 0;
    }
    return id.len ? json_stringn(id.data, id.len) : NULL;
}

/*
 * Of what was made: the resource as the service shows it, or at least its id. A new reference; NULL: no id, or two
 * different ones, or one that somebody else has got already.
 */
static json_t *made(const struct reading *r, size_t i, const json_t *result)
{
    json_t *shown = scim_json_get(result, "response");
    json_auto_t *resource = json_is_object(shown) ? json_copy(shown) : json_object();
    json_auto_t *there = id_in(text_of(result, "location"));
    json_t *id = json_object_get(resource, "id");
    if (id && there && !json_equal(id, there))
        return NULL;
    if (!id && there)
        json_object_set(resource, "id", there);
    const char *text = json_string_value(json_object_get(resource, "id"));
    const json_t *other = text ? json_object_get(r->made, text) : NULL;
    if (other)
        r->spoilt[json_integer_value(other)] = true;
    if (!text || other)
        return NULL;
    json_object_set_new(r->made, text, json_integer((json_int_t)i));
    return json_incref(resource);
}

static struct http_reply *as_reply(long status, const json_t *result, const json_t *body)
{
    struct http_reply *reply = mem_zero(sizeof *reply);
    CLEANUP(freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    const char *version = text_of(result, "version");
    reply->status = status;
    snprintf(reply->type, sizeof reply->type, "%s", SCIM_TYPE);
    if (version && strlen(version) < sizeof reply->etag)
        snprintf(reply->etag, sizeof reply->etag, "%s", version);
    if (text)
        buf_adds(&reply->body, text);
    return reply;
}

static void free_reply(struct http_reply **reply)
{
    if (*reply)
        buf_release(&(*reply)->body);
    free(*reply);
    *reply = NULL;
}

static void read_result(struct reading *r, const json_t *result)
{
    size_t i = find(r, result);
    if (i == r->answer->n) {
        r->answer->lies = true;
        return;
    }
    long status = status_of(result);
    const json_t *shown = scim_json_get(result, "response");
    bool is_made = is_post(r, i) && status < 300;
    json_auto_t *body = is_made                 ? made(r, i, result)
                        : json_is_object(shown) ? json_incref((json_t *)(uintptr_t)shown)
                                                : NULL;
    if (r->answer->replies[i] || !agrees(r, i, result) || !status || (is_made && !body))
        r->spoilt[i] = true;
    else
        r->answer->replies[i] = as_reply(status, result, body);
}

static void drop_spoilt(struct reading *r)
{
    for (size_t i = 0; i < r->answer->n; i++) {
        if (r->spoilt[i])
            free_reply(&r->answer->replies[i]);
        r->answer->lies |= !r->answer->replies[i];
    }
}

void scim_bulk_answer_read(struct scim_bulk_answer *ret, const char *base, const struct scim_bulk_item *items, size_t n,
                           const struct http_reply *reply)
{
    CLEANUP(freep) bool *spoilt = mem_zero(n * sizeof *spoilt);
    json_auto_t *body =
        json_loadb(reply->body.len ? reply->body.data : "", reply->body.len, JSON_REJECT_DUPLICATES, NULL);
    json_auto_t *ids = json_object();
    const json_t *result, *results = scim_json_get(body, "Operations");
    size_t i;
    *ret = (struct scim_bulk_answer){.replies = mem_zero(n * sizeof *ret->replies), .n = n};
    struct reading r = {ret, base, items, spoilt, ids};
    json_array_foreach(results, i, result) read_result(&r, result);
    drop_spoilt(&r);
}

void scim_bulk_answer_release(struct scim_bulk_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++)
        free_reply(&answer->replies[i]);
    free(answer->replies);
}
