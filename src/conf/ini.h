/*
 * The lines of an INI text: headers, values and faults, in their order, each with its number.
 *
 *   ini_parse -> lines[0..n) -> ini_release
 *
 * What a key or section means is not known here. Rules of the text:
 * - "[header]" begins a section; "key = value" belongs to the header above it.
 * - A line that begins with white space continues the value above it; the two are joined with one space.
 * - A line whose first sign is ; or # is a comment, and so is the rest of a line from a ; that stands after white
 *   space.
 */
#ifndef CONF_INI_H
#define CONF_INI_H

#include "base/pool.h"
#include "base/span.h"

/* libini_config's time grows with the square of these. */
#define INI_HEADERS_MAX 4096  /* in one text */
#define INI_VALUES_MAX  2048  /* below one header */
#define INI_TOTAL_MAX   20000 /* values in one text */

enum ini_what {
    INI_HEADER, /* text: what stands between the brackets */
    INI_VALUE,  /* key and text */
    INI_MORE,   /* continues the value above; key: what stands before its equal sign, where that could be a key */
    INI_FAULT,  /* text: "fault; remedy" */
};

struct ini_line {
    enum ini_what what;
    unsigned number; /* counted from 1 */
    const char *key;
    const char *text;
};

struct ini {
    struct ini_line *lines;
    size_t n, cap;
};

#define INI_INIT                                                                                                       \
    {                                                                                                                  \
        NULL, 0, 0                                                                                                     \
    }

/*
 * text must be valid UTF-8 without NUL. The lines' strings live in pool. What is wrong comes as INI_FAULT among the
 * others; the lines under a header that is itself at fault are left out, as nobody can say what they belong to.
 */
void ini_parse(struct pool *pool, struct span text, struct ini *ret);
void ini_release(struct ini *ini);

#endif
