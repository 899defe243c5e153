/* What the SCIM suites share: a pool and an error for each case, and JSON with single quotes. */
#ifndef TESTS_UNIT_SCIM_SUITE_H
#define TESTS_UNIT_SCIM_SUITE_H

#include <check.h>
#include <jansson.h>

#include "base/pool.h"
#include "base/text.h"
#include "scim/error.h"
#include "suite.h"

static struct pool *pool;
static struct scim_error error;

static inline void scim_setup(void)
{
    pool = pool_new();
    error = (struct scim_error)SCIM_ERROR_INIT;
}

static inline void scim_teardown(void)
{
    pool_free(&pool);
}

/* JSON in which ' stands for ". A new reference. */
static inline json_t *js(const char *text)
{
    char *copy = pool_strdup(pool, text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_error_t why;
    json_t *value = json_loads(copy, JSON_DECODE_ANY, &why);
    ck_assert_msg(value != NULL, "%s: %s", why.text, text);
    return value;
}

/* That the error is this one, can be shown, and says something. */
static inline void expect_error(int status, const char *type, const char *about)
{
    ck_assert_msg(error.status == status, "%s: status %d, not %d: %s", about, error.status, status, error.detail);
    if (type)
        ck_assert_msg(error.type && strcmp(error.type, type) == 0, "%s: scimType %s, not %s: %s", about,
                      error.type ? error.type : "none", type, error.detail);
    else
        ck_assert_msg(!error.type, "%s: scimType %s", about, error.type);
    ck_assert_msg(*error.detail && text_is_clean(span_str(error.detail)), "%s", about);
}

/* That two values are equal, with both shown when they are not. expected: with single quotes. */
static inline void expect_json(const json_t *value, const char *expected, const char *about)
{
    json_t *wanted = js(expected);
    char *shown = json_dumps(value, JSON_ENCODE_ANY);
    ck_assert_msg(json_equal(value, wanted), "%s:\n  is     %s\n  wanted %s", about, shown ? shown : "nothing",
                  expected);
    free(shown);
    json_decref(wanted);
}

#endif
