#include "net/rate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define INSTANT_FROM      1000000000    /* seconds; a larger number is no span of time but an instant */
#define MILLISECONDS_FROM 1000000000000 /* a larger instant is in milliseconds */
#define UNTIL_MAX         86400000      /* milliseconds */

/* Whole numbers alone, and decimals where one is cut off. */
static bool read_number(const char *text, int64_t *ret)
{
    char *end = NULL;
    while (*text == ' ')
        text++;
    if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 15)
        return false;
    *ret = strtoll(text, &end, 10);
    return *end == '\0' || strchr(" .,;", *end) != NULL;
}

/* "name=5" among "a=1, b=2" or "\"default\";r=5;t=10", from the beginning of a word. */
static bool read_parameter(const char *text, const char *name, int64_t *ret)
{
    size_t n = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at += n)
        if ((at == text || strchr(" ,;\t", at[-1])) && at[n] == '=')
            return read_number(at + n + 1, ret);
    return false;
}

static int64_t until_of(int64_t reset, int64_t now)
{
    if (reset >= MILLISECONDS_FROM)
        reset = reset - now * 1000;
    else
        reset = (reset >= INSTANT_FROM ? reset - now : reset) * 1000;
    if (reset < 0)
        return 0;
    return reset < UNTIL_MAX ? reset : UNTIL_MAX;
}

static bool read_one_header(rate_header *header, void *ctx, int64_t *left, int64_t *reset)
{
    static const char *const names[][2] = {{"r", "t"}, {"remaining", "reset"}};
    const char *text = header(ctx, "ratelimit");
    for (size_t i = 0; text && i < sizeof names / sizeof *names; i++)
        if (read_parameter(text, names[i][0], left)) {
            read_parameter(text, names[i][1], reset);
            return true;
        }
    return false;
}

static bool read_headers(rate_header *header, void *ctx, int64_t *left, int64_t *reset)
{
    static const char *const names[][2] = {{"ratelimit-remaining", "ratelimit-reset"},
                                           {"x-ratelimit-remaining", "x-ratelimit-reset"},
                                           {"x-rate-limit-remaining", "x-rate-limit-reset"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = header(ctx, names[i][0]);
        if (!text || !read_number(text, left))
            continue;
        text = header(ctx, names[i][1]);
        if (text && !read_number(text, reset))
            *reset = 0;
        return true;
    }
    return false;
}

void rate_limit_read(rate_header *header, void *ctx, int64_t now, struct rate_limit *ret)
{
    int64_t left = -1, reset = 0;
    *ret = RATE_LIMIT_NONE;
    if (read_one_header(header, ctx, &left, &reset) || read_headers(header, ctx, &left, &reset))
        *ret = (struct rate_limit){left, until_of(reset, now)};
}
