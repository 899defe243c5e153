#include "base/text.h"

#include <ctype.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <uniwidth.h>

#include "base/cleanup.h"

static bool is_unclean(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_plain_ascii(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7F)
            return false;
    return true;
}

bool text_is_uuid(struct span s)
{
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? s.p[i] != '-' : !strchr("0123456789abcdefABCDEF", s.p[i]) || s.p[i] == '\0')
            return false;
    }
    return true;
}

struct span text_id(struct pool *pool, struct span s)
{
    if (!text_is_uuid(s))
        return s;
    char *lower = pool_strndup(pool, s.p, s.n);
    text_lower_ascii(lower);
    return (struct span){lower, s.n};
}

struct span text_trim(struct span s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

bool text_is_clean(struct span s)
{
    if (is_plain_ascii(s))
        return true;
    const uint8_t *p = (const uint8_t *)s.p;
    for (size_t left = s.n; left > 0;) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, p, left);
        if (n <= 0 || is_unclean(c))
            return false;
        p += n;
        left -= (size_t)n;
    }
    return true;
}

char *text_printable(struct pool *pool, struct span s)
{
    if (text_is_clean(s))
        return pool_strndup(pool, s.p, s.n);
    char *out = pool_alloc(pool, s.n * 3 + 1), *to = out;
    const uint8_t *p = (const uint8_t *)s.p;
    for (size_t left = s.n; left > 0;) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, p, left);
        bool bad = n <= 0 || is_unclean(c);
        if (n <= 0)
            n = 1;
        memcpy(to, bad ? "\xEF\xBF\xBD" : (const char *)p, bad ? 3 : (size_t)n);
        to += bad ? 3 : n;
        p += n;
        left -= (size_t)n;
    }
    *to = '\0';
    return out;
}

int text_width(const char *s)
{
    struct span whole = span_str(s);
    if (is_plain_ascii(whole))
        return (int)whole.n;
    return u8_strwidth((const uint8_t *)s, "UTF-8");
}

void text_lower_ascii(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s + ('a' - 'A'));
}

bool text_same_ascii(const char *a, const char *b)
{
    return ((*a ^ *b) & ~0x20) == 0 && strcasecmp(a, b) == 0; /* most differ in the first letter */
}

bool text_same(const char *a, const char *b)
{
    int order = 0;
    if (is_plain_ascii(span_str(a)) && is_plain_ascii(span_str(b)))
        return text_same_ascii(a, b);
    if (u8_casecmp((const uint8_t *)a, strlen(a), (const uint8_t *)b, strlen(b), NULL, UNINORM_NFC, &order) != 0)
        return false;
    return order == 0;
}

char *text_fold(struct pool *pool, struct span s)
{
    if (is_plain_ascii(s)) {
        char *copy = pool_strndup(pool, s.p, s.n);
        text_lower_ascii(copy);
        return copy;
    }
    if (u8_check((const uint8_t *)s.p, s.n))
        return NULL;
    size_t n = 0;
    CLEANUP(freep) uint8_t *lower = u8_tolower((const uint8_t *)s.p, s.n, NULL, UNINORM_NFC, NULL, &n);
    return lower ? pool_strndup(pool, (char *)lower, n) : NULL;
}

#define NEAREST_MAX 64

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Edit distance with neighbours swapped counted once (optimal string alignment), on the short names of a configuration.
 */
static size_t distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    size_t row[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= nb; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *prev2 = row[(i + 1) % 3], *prev = row[(i - 1) % 3], *now = row[i % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = prev[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            if (prev[j] + 1 < best)
                best = prev[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]) &&
                prev2[j - 2] + 1 < best)
                best = prev2[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[na % 3][nb];
}

const char *text_nearest(const char *typed, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = strlen(typed) / 3 + 1;
    if (strlen(typed) > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > NEAREST_MAX)
            continue;
        size_t d = distance(typed, names[i]);
        if (d <= best_distance && (!best || d < best_distance)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

/* Bytes of the character that begins at i. */
static size_t length_at(struct span s, size_t i)
{
    size_t n = 1;
    while (i + n < s.n && ((unsigned char)s.p[i + n] & 0xC0) == 0x80)
        n++;
    return n;
}

bool text_glob(const char *pattern, struct span s)
{
    const char *star = NULL, *p = pattern;
    size_t i = 0, star_at = 0;
    while (i < s.n) {
        if (*p == '*') {
            star = p++;
            star_at = i;
        } else if (*p && (*p == '?' || tolower((unsigned char)*p) == tolower((unsigned char)s.p[i]))) {
            i += *p++ == '?' ? length_at(s, i) : 1;
        } else if (star) {
            /* Only the last star needs to give back: earlier ones matched as early as they can. */
            p = star + 1;
            i = ++star_at;
        } else {
            return false;
        }
    }
    while (*p == '*')
        p++;
    return *p == '\0';
}

void text_percent(struct buf *out, struct span s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < s.n; i++) {
        if (memchr(plain, s.p[i], sizeof plain - 1))
            buf_addc(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

void text_markup(struct buf *out, const char *text)
{
    static const struct {
        char c;
        const char *escaped;
    } marks[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    while (*text) {
        size_t plain = strcspn(text, "&<>\"'");
        buf_add(out, text, plain);
        text += plain;
        for (size_t i = 0; *text && i < sizeof marks / sizeof *marks; i++)
            if (marks[i].c == *text) {
                buf_adds(out, marks[i].escaped);
                text++;
                break;
            }
    }
}
