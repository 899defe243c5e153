#include "web/language.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define RANGES_MAX 64 /* of one header; browsers send ten at most */

const struct language_about languages[LANGUAGES] = {
    [LANGUAGE_EN] = {"en", "English"},
    [LANGUAGE_KO] = {"ko", "한국어"},
    [LANGUAGE_JA] = {"ja", "日本語"},
};

/* tag, of n bytes: by its first subtag. */
static enum language find(const char *tag, size_t n)
{
    const char *end = memchr(tag, '-', n);
    size_t primary = end ? (size_t)(end - tag) : n;
    for (enum language l = 0; l < LANGUAGES; l++)
        if (primary == strlen(languages[l].tag) && strncasecmp(tag, languages[l].tag, primary) == 0)
            return l;
    return LANGUAGES;
}

/* "0.8" in thousandths (RFC 9110, 12.4.2); -1: no weight. */
static int read_weight(const char *text, size_t n)
{
    int value = 0, scale = 1000;
    if (n < 1 || n > 5 || (text[0] != '0' && text[0] != '1') || (n > 1 && text[1] != '.'))
        return -1;
    value = (text[0] - '0') * scale;
    for (size_t i = 2; i < n; i++) {
        scale /= 10;
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value += (text[i] - '0') * scale;
    }
    return value <= 1000 ? value : -1;
}

static size_t blanks(const char *p)
{
    return strspn(p, " \t");
}

/* One element, of n bytes: its range's length, and the weight. */
static size_t read_range(const char *p, size_t n, int *ret_weight)
{
    size_t range = strcspn(p, " \t;,"), at = range;
    *ret_weight = 1000;
    at += blanks(p + at);
    if (range == 0 || at >= n)
        return range;
    if (p[at] != ';')
        return 0;
    at++;
    at += blanks(p + at);
    if (strncasecmp(p + at, "q=", 2) != 0)
        return 0;
    at += 2;
    size_t weight = strcspn(p + at, " \t;,");
    *ret_weight = read_weight(p + at, weight);
    at += weight;
    return *ret_weight >= 0 && at + blanks(p + at) >= n ? range : 0;
}

enum language language_accepted(const char *header)
{
    struct {
        int weight, place;            /* place 0: not named */
    } said[LANGUAGES + 1] = {{0, 0}}; /* the last one: "*" */
    const char *p = header ? header : "";
    for (int place = 1; *p && place <= RANGES_MAX; place++) {
        p += blanks(p);
        size_t n = strcspn(p, ",");
        int weight;
        size_t range = read_range(p, n, &weight);
        enum language l = range == 1 && *p == '*' ? LANGUAGES : find(p, range);
        bool counts = range && (l < LANGUAGES || *p == '*') && (!said[l].place || weight > said[l].weight);
        if (counts) {
            said[l].weight = weight;
            said[l].place = place;
        }
        p += n + (p[n] == ',');
    }
    enum language best = LANGUAGE_EN;
    int weight = 0, place = 0;
    for (enum language l = 0; l < LANGUAGES; l++) {
        int i = said[l].place ? (int)l : LANGUAGES;
        if (said[i].weight > weight || (said[i].weight == weight && weight > 0 && said[i].place < place)) {
            best = l;
            weight = said[i].weight;
            place = said[i].place;
        }
    }
    return best;
}

enum language language_listed(const char *tags)
{
    for (size_t n; *(tags += strspn(tags, " ")); tags += n) {
        n = strcspn(tags, " ");
        enum language l = find(tags, n);
        if (l < LANGUAGES)
            return l;
    }
    return LANGUAGES;
}
