#include "scim/pieces.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "scim/json.h"

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* From the quote at p to behind the closing one; NULL: there is none. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : NULL;
}

/* To the comma or bracket that ends the value at p; NULL: there is none. */
static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p && p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        bool closes = *p == ']' || *p == '}';
        if (depth == 0 && (closes || *p == ','))
            return p;
        if (*p == '[' || *p == '{')
            depth++;
        else if (closes)
            depth--;
        p++;
    }
    return NULL;
}

/* One "name": value of the object. key has its quotes. */
struct pair {
    struct span key, value;
};

/* Past the pair at p, to what follows its value. NULL: it is none; then jansson will say so of the whole. */
static const char *read_pair(const char *p, const char *end, struct pair *ret)
{
    p = skip_space(p, end);
    const char *key = p;
    if (p == end || *p != '"' || !(p = skip_string(p, end)))
        return NULL;
    ret->key = (struct span){key, (size_t)(p - key)};
    p = skip_space(p, end);
    if (p == end || *p != ':')
        return NULL;
    ret->value.p = skip_space(p + 1, end);
    p = skip_value(ret->value.p, end);
    if (p)
        ret->value.n = (size_t)(p - ret->value.p);
    return p;
}

static bool is_named(struct span key, const char *name)
{
    size_t n = strlen(name);
    return key.n == n + 2 && strncasecmp(key.p + 1, name, n) == 0;
}

static bool find_array(struct span text, const char *name, struct span *ret)
{
    const char *end = text.p + text.n, *p = skip_space(text.p, end);
    struct pair pair;
    while (p && p < end && (*p == '{' || *p == ',')) {
        p = read_pair(p + 1, end, &pair);
        if (p && is_named(pair.key, name) && pair.value.n && *pair.value.p == '[') {
            *ret = pair.value;
            return true;
        }
    }
    return false;
}

/* What was overlooked above, as its name stands twice or has an escape in it, is not the array that was meant. */
static int check_rest(const json_t *rest, const char *name, bool found, struct scim_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    size_t n = 0;
    json_object_foreach((json_t *)rest, key, value) n += strcasecmp(key, name) == 0;
    value = scim_json_get(rest, name);
    if (n > 1 || (json_is_array(value) && (!found || json_array_size(value) > 0)))
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "%s stands there twice, or with an escape in its name", name);
    return 0;
}

int scim_pieces_begin(struct span text, const char *name, json_t **ret_rest, struct scim_pieces *ret,
                      struct scim_error *error)
{
    CLEANUP(buf_release) struct buf without = BUF_INIT;
    json_auto_t *rest = NULL;
    struct span array, whole = text;
    bool found = text.n > 0 && find_array(text, name, &array);
    if (found) {
        const char *behind = array.p + array.n;
        buf_add(&without, text.p, (size_t)(array.p - text.p));
        buf_adds(&without, "[]");
        buf_add(&without, behind, (size_t)(text.p + text.n - behind));
        whole = (struct span){without.data, without.len};
    }
    if (scim_json_load(whole, SCIM_MESSAGE_MAX, &rest, error) != 0 || check_rest(rest, name, found, error) != 0)
        return -1;
    *ret =
        found ? (struct scim_pieces){.at = array.p + 1, .end = array.p + array.n} : (struct scim_pieces){.ended = true};
    *ret_rest = TAKE(rest);
    return 0;
}

int scim_pieces_next_text(struct scim_pieces *pieces, struct span *ret, struct scim_error *error)
{
    if (pieces->ended)
        return 0;
    const char *begin = skip_space(pieces->at, pieces->end), *end = skip_value(begin, pieces->end);
    bool first = !pieces->begun, last = end && *end == ']';
    pieces->begun = true;
    pieces->ended = !end || *end != ',';
    if (first && last && begin == end && skip_space(end + 1, pieces->end) == pieces->end)
        return 0;
    if (!end || *end == '}' || (last && skip_space(end + 1, pieces->end) != pieces->end))
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "an array does not end as it begins");
    pieces->at = end + 1;
    *ret = (struct span){begin, (size_t)(end - begin)};
    return 1;
}

int scim_pieces_next(struct scim_pieces *pieces, json_t **ret, struct scim_error *error)
{
    struct span element;
    int r = scim_pieces_next_text(pieces, &element, error);
    if (r <= 0)
        return r;
    return scim_json_load(element, element.n, ret, error) == 0 ? 1 : -1;
}
