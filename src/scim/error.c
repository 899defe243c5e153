#include "scim/error.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/pool.h"
#include "base/text.h"

static const struct {
    int status;
    const char *type;
} rows[SCIM_WRONG_COUNT_OF] = {
    [SCIM_WRONG_FILTER] = {400, "invalidFilter"},  [SCIM_WRONG_TOO_MANY] = {400, "tooMany"},
    [SCIM_WRONG_UNIQUENESS] = {409, "uniqueness"}, [SCIM_WRONG_MUTABILITY] = {400, "mutability"},
    [SCIM_WRONG_SYNTAX] = {400, "invalidSyntax"},  [SCIM_WRONG_PATH] = {400, "invalidPath"},
    [SCIM_WRONG_NO_TARGET] = {400, "noTarget"},    [SCIM_WRONG_VALUE] = {400, "invalidValue"},
    [SCIM_WRONG_VERSION] = {400, "invalidVers"},   [SCIM_WRONG_SENSITIVE] = {403, "sensitive"},
    [SCIM_WRONG_CURSOR] = {400, "invalidCursor"},  [SCIM_WRONG_CURSOR_EXPIRED] = {400, "expiredCursor"},
    [SCIM_WRONG_COUNT] = {400, "invalidCount"},    [SCIM_WRONG_UNAUTHORIZED] = {401, NULL},
    [SCIM_WRONG_FORBIDDEN] = {403, NULL},          [SCIM_WRONG_NOT_FOUND] = {404, NULL},
    [SCIM_WRONG_CONFLICT] = {409, NULL},           [SCIM_WRONG_PRECONDITION] = {412, NULL},
    [SCIM_WRONG_TOO_LARGE] = {413, NULL},          [SCIM_WRONG_SERVER] = {500, NULL},
    [SCIM_WRONG_NOT_IMPLEMENTED] = {501, NULL},
};

static size_t cut_at_character(const char *s, size_t max)
{
    size_t n = strnlen(s, max + 1);
    if (n <= max)
        return n;
    for (n = max; n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80;)
        n--;
    return n;
}

/* text may be cut in the middle of a character, and hold anything. */
static void put_clean(char ret[SCIM_DETAIL_MAX], const char *text)
{
    CLEANUP(pool_free) struct pool *pool = NULL;
    if (!text_is_clean(span_str(text))) {
        pool = pool_new();
        text = text_printable(pool, span_str(text));
    }
    size_t n = cut_at_character(text, SCIM_DETAIL_MAX - 1);
    memcpy(ret, text, n);
    ret[n] = '\0';
}

int scim_error_set(struct scim_error *error, enum scim_wrong wrong, const char *fmt, ...)
{
    char text[SCIM_DETAIL_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    error->status = rows[wrong].status;
    error->type = rows[wrong].type;
    put_clean(error->detail, text);
    return -1;
}

int scim_error_wrap(struct scim_error *error, const char *fmt, ...)
{
    char front[SCIM_DETAIL_MAX], text[2 * SCIM_DETAIL_MAX + 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(front, sizeof front, fmt, ap);
    va_end(ap);
    snprintf(text, sizeof text, "%s: %s", front, error->detail);
    put_clean(error->detail, text);
    return -1;
}

json_t *scim_error_json(const struct scim_error *error)
{
    char status[16];
    snprintf(status, sizeof status, "%d", error->status);
    json_t *body = json_pack("{s:[s], s:s}", "schemas", SCIM_ERROR_URN, "status", status);
    if (error->type)
        json_object_set_new(body, "scimType", json_string(error->type));
    if (*error->detail)
        json_object_set_new(body, "detail", json_string(error->detail));
    return body;
}

static const char *known_type(const char *type)
{
    for (size_t i = 0; type && i < SCIM_WRONG_COUNT_OF; i++)
        if (rows[i].type && text_same_ascii(rows[i].type, type))
            return rows[i].type;
    return NULL;
}

bool scim_error_read(const json_t *body, int status, struct scim_error *ret)
{
    *ret = (struct scim_error){.status = status};
    const json_t *schema = NULL;
    size_t i = 0;
    json_array_foreach (json_object_get(body, "schemas"), i, schema) {
        if (!json_is_string(schema) || !text_same_ascii(json_string_value(schema), SCIM_ERROR_URN))
            continue;
        const char *detail = json_string_value(json_object_get(body, "detail"));
        ret->type = known_type(json_string_value(json_object_get(body, "scimType")));
        put_clean(ret->detail, detail ? detail : "");
        return true;
    }
    return false;
}

int scim_error_err(const struct scim_error *error, struct err *err)
{
    enum err_kind kind = error->status == 409 ? ERR_CONFLICT : error->status == 404 ? ERR_NOT_FOUND : ERR_INPUT;
    return err_set(err, kind, "%s", error->detail);
}
