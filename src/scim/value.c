#include "scim/value.h"

#include <unicase.h>
#include <unistr.h>

#include "base/cleanup.h"

/* Bytes below 0x80 only: folding is then a matter of A to Z. */
static bool is_ascii(struct span s)
{
    unsigned char any = 0;
    for (size_t i = 0; i < s.n; i++)
        any |= (unsigned char)s.p[i];
    return any < 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static void lower_into(char *ret, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        ret[i] = lower(s.p[i]);
}

/* A text folded for one comparison, without a pool. */
struct folded {
    struct span text;
    void *heap;
    char room[256];
};

static void folded_release(struct folded *f)
{
    free(f->heap);
}

static void fold(struct folded *f, struct span s)
{
    f->text = s;
    f->heap = NULL;
    if (is_ascii(s)) {
        if (s.n > sizeof f->room && !(f->heap = malloc(s.n)))
            return;
        char *at = f->heap ? f->heap : f->room;
        lower_into(at, s);
        f->text.p = at;
        return;
    }
    size_t n = 0;
    f->heap = u8_casefold((const uint8_t *)s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
    if (f->heap)
        f->text = (struct span){f->heap, n};
}

struct span scim_fold(struct pool *pool, struct span text)
{
    CLEANUP(folded_release) struct folded f;
    fold(&f, text);
    return (struct span){pool_strndup(pool, f.text.n ? f.text.p : "", f.text.n), f.text.n};
}

static bool matches(struct span s, enum scim_match how, struct span wanted)
{
    if (wanted.n > s.n)
        return false;
    if (wanted.n == 0)
        return how != SCIM_MATCH_EQ || s.n == 0;
    switch (how) {
    case SCIM_MATCH_EQ:
        return span_eq(s, wanted);
    case SCIM_MATCH_SW:
        return memcmp(s.p, wanted.p, wanted.n) == 0;
    case SCIM_MATCH_EW:
        return memcmp(s.p + s.n - wanted.n, wanted.p, wanted.n) == 0;
    case SCIM_MATCH_CO:
        return memmem(s.p, s.n, wanted.p, wanted.n) != NULL;
    }
    return false;
}

bool scim_text_matches(struct span text, enum scim_match how, struct span wanted, bool exact)
{
    if (exact)
        return matches(text, how, wanted);
    CLEANUP(folded_release) struct folded f;
    fold(&f, text);
    return matches(f.text, how, wanted);
}

static int order(struct span a, struct span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int by = n ? memcmp(a.p, b.p, n) : 0;
    return by ? by : (a.n > b.n) - (a.n < b.n);
}

int scim_text_order(struct span text, struct span other_folded, bool exact)
{
    if (exact)
        return order(text, other_folded);
    CLEANUP(folded_release) struct folded f;
    fold(&f, text);
    return order(f.text, other_folded);
}

/*
 * --- instants
 * ---------------------------------------------------------------------------------------------------------
 */

struct reading {
    const char *p, *end;
};

static int digits(struct reading *r, int n, int *ret)
{
    int value = 0;
    for (; n > 0; n--, r->p++) {
        if (r->p >= r->end || *r->p < '0' || *r->p > '9')
            return -1;
        value = value * 10 + (*r->p - '0');
    }
    *ret = value;
    return 0;
}

static bool take(struct reading *r, const char *any)
{
    if (r->p >= r->end || !strchr(any, *r->p) || *r->p == '\0')
        return false;
    r->p++;
    return true;
}

static int fraction(struct reading *r, int *ret_micros)
{
    int value = 0, n = 0;
    *ret_micros = 0;
    if (!take(r, "."))
        return 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++, n++)
        if (n < 6)
            value = value * 10 + (*r->p - '0');
    if (n == 0)
        return -1;
    for (; n < 6; n++)
        value *= 10;
    *ret_micros = value;
    return 0;
}

static int zone(struct reading *r, int *ret_minutes)
{
    int hours = 0, minutes = 0;
    *ret_minutes = 0;
    if (r->p == r->end || take(r, "Zz"))
        return 0;
    int sign = *r->p == '-' ? -1 : 1;
    if (!take(r, "+-") || digits(r, 2, &hours) != 0 || !take(r, ":") || digits(r, 2, &minutes) != 0 || hours > 14 ||
        minutes > 59)
        return -1;
    *ret_minutes = sign * (hours * 60 + minutes);
    return 0;
}

static bool is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int days_of_month(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && is_leap(y));
}

/* Days since 1970-01-01, of the Gregorian calendar; years begin in March, so that the leap day comes last. */
static int64_t days_since_epoch(int y, int m, int d)
{
    int64_t years = m <= 2 ? y - 1 : y;
    int64_t era = years / 400, of_era = years - era * 400;
    int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int scim_time_parse(struct span text, int64_t *ret)
{
    struct reading r = {text.p, text.p + text.n};
    int y = 0, mon = 0, d = 0, h = 0, min = 0, s = 0, micros = 0, off = 0;
    if (digits(&r, 4, &y) != 0 || !take(&r, "-") || digits(&r, 2, &mon) != 0 || !take(&r, "-") ||
        digits(&r, 2, &d) != 0)
        return -1;
    if (!take(&r, "Tt") || digits(&r, 2, &h) != 0 || !take(&r, ":") || digits(&r, 2, &min) != 0 || !take(&r, ":") ||
        digits(&r, 2, &s) != 0 || fraction(&r, &micros) != 0 || zone(&r, &off) != 0 || r.p != r.end)
        return -1;
    if (y < 1 || mon < 1 || mon > 12 || d < 1 || d > days_of_month(y, mon) || h > 23 || min > 59 || s > 60)
        return -1;
    *ret = ((days_since_epoch(y, mon, d) * 86400) + h * 3600 + min * 60 + s - off * 60) * 1000000 + micros;
    return 0;
}
