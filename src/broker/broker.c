#include "broker/broker.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define SHOWN_MAX 200

int broker_refuse(broker_fault *ret, const char *code, struct err *err, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    *ret = code;
    return err_set(err, ERR_REFUSED, "%s", text);
}

const char *broker_shown(const struct broker *broker, const char *value)
{
    struct span s = span_str(value ? value : "");
    s.n = s.n > SHOWN_MAX ? SHOWN_MAX : s.n;
    return text_printable(broker->in->pool, s);
}

const char *const scope_words[] = {"openid", "profile", "email", "groups", "products", "offline_access", NULL};

/* The next word of a text with spaces; false at its end. */
static bool next_word(const char **at, struct span *ret)
{
    *at += strspn(*at, " ");
    *ret = (struct span){*at, strcspn(*at, " ")};
    *at += ret->n;
    return ret->n > 0;
}

static bool has(const char *scope, struct span word)
{
    struct span one;
    while (next_word(&scope, &one))
        if (span_eq(one, word))
            return true;
    return false;
}

bool scope_has(const char *scope, const char *word)
{
    return has(scope, span_str(word));
}

const char *scope_known(struct pool *pool, const char *scope)
{
    const char *ret = "";
    for (size_t i = 0; scope_words[i]; i++)
        if (scope_has(scope, scope_words[i]))
            ret = pool_printf(pool, "%s%s%s", ret, *ret ? " " : "", scope_words[i]);
    return ret;
}

bool scope_within(const char *scope, const char *wider)
{
    struct span one;
    while (next_word(&scope, &one))
        if (!has(wider, one))
            return false;
    return true;
}
