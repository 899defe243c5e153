#include "conf/ini.h"

#include <ini_configobj.h>
#include <ini_valueobj.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

/*
 * libini_config splits the values, but takes sections with like names for one, keeps no line of a header, loses the
 * first key that stands before all headers, and gives up without a word at some bytes in a key. So the text it gets is
 * made ready: one number stands for each header (its line), and keys it would trip over are reported and left out here.
 */
struct reader {
    struct pool *pool;
    struct ini *ini;
    char **ready; /* one per line of the text, without its newline */
    size_t n, cap;
    unsigned headers, values, total;
    bool skipping; /* the value above was left out, and so is what continues it */
    bool lost;     /* the header above is at fault */
};

DEFINE_CLEANUP(cfgobj_freep, struct ini_cfgobj *, ini_config_destroy)
DEFINE_CLEANUP(cfgfile_freep, struct ini_cfgfile *, ini_config_file_destroy)
DEFINE_CLEANUP(sections_freep, char **, ini_free_section_list)
DEFINE_CLEANUP(keys_freep, char **, ini_free_attribute_list)
DEFINE_CLEANUP(errors_freep, char **, ini_config_free_errors)

static void add(struct reader *r, enum ini_what what, unsigned number, const char *key, const char *text)
{
    *MEM_PUSH(&r->ini->lines, &r->ini->n, &r->ini->cap) = (struct ini_line){what, number, key, text};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n && is_space(*s.p)) {
        s.p++;
        s.n--;
    }
    return s;
}

static struct span without_comment(struct span line)
{
    struct span rest = trim(line);
    if (rest.n && (*rest.p == ';' || *rest.p == '#'))
        return (struct span){line.p, 0};
    for (size_t i = 1; i < line.n; i++)
        if (line.p[i] == ';' && is_space(line.p[i - 1]))
            return (struct span){line.p, i};
    return line;
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

static bool is_key(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_key_byte(s.p[i]))
            return false;
    return true;
}

static struct span key_of(struct span line)
{
    const char *equal = memchr(line.p, '=', line.n);
    return trim((struct span){line.p, equal ? (size_t)(equal - line.p) : 0});
}

/* "" when the line is left out, else what the library is to read. */
static char *ready_header(struct reader *r, unsigned number, struct span line)
{
    const char *close = memchr(line.p, ']', line.n);
    struct span name = trim((struct span){line.p + 1, close ? (size_t)(close - line.p) - 1 : 0});
    r->lost = true;
    r->values = 0;
    if (!close)
        add(r, INI_FAULT, number, NULL, "the section has no closing bracket; write [KIND NAME]");
    else if (name.n == 0)
        add(r, INI_FAULT, number, NULL, "the section has no name; write [KIND NAME]");
    else if (close + 1 < line.p + line.n)
        add(r, INI_FAULT, number, NULL,
            "there is text after the section's closing bracket; put it on a line of its own");
    else if (++r->headers > INI_HEADERS_MAX)
        add(r, INI_FAULT, number, NULL,
            pool_printf(r->pool, "more than %d sections in one file; spread them over conf.d", INI_HEADERS_MAX));
    else {
        add(r, INI_HEADER, number, NULL, pool_strndup(r->pool, name.p, name.n));
        r->lost = false;
    }
    return pool_printf(r->pool, "[%u]", number);
}

static char *ready_value(struct reader *r, unsigned number, struct span line)
{
    struct span key = key_of(line);
    r->skipping = true;
    if (r->lost && r->headers <= INI_HEADERS_MAX)
        return "";
    if (!is_key(key)) {
        add(r, INI_FAULT, number, NULL,
            pool_printf(r->pool, "'%s' is not a key; a key has only letters, digits and hyphens",
                        text_printable(r->pool, key)));
        return "";
    }
    if (++r->values > INI_VALUES_MAX) {
        if (r->values == INI_VALUES_MAX + 1)
            add(r, INI_FAULT, number, NULL,
                pool_printf(r->pool, "more than %d lines in one section; remove some", INI_VALUES_MAX));
        return "";
    }
    if (++r->total > INI_TOTAL_MAX) {
        if (r->total == INI_TOTAL_MAX + 1)
            add(r, INI_FAULT, number, NULL,
                pool_printf(r->pool, "more than %d lines in one file; spread them over conf.d", INI_TOTAL_MAX));
        return "";
    }
    r->skipping = false;
    return pool_strndup(r->pool, line.p, line.n);
}

static char *ready_more(struct reader *r, unsigned number, struct span line)
{
    struct span key = key_of(line);
    if (r->skipping || r->lost)
        return "";
    if (key.n && is_key(key))
        add(r, INI_MORE, number, pool_strndup(r->pool, key.p, key.n), "");
    return pool_printf(r->pool, " %.*s", SPAN_ARG(line));
}

static char *ready_line(struct reader *r, unsigned number, struct span raw)
{
    struct span line = without_comment(raw), inner = trim(line);
    if (inner.n == 0)
        return "";
    if (is_space(*line.p))
        return ready_more(r, number, inner);
    r->skipping = false;
    return *inner.p == '[' ? ready_header(r, number, inner) : ready_value(r, number, inner);
}

static void make_ready(struct reader *r, struct span text)
{
    const char *p = text.p, *end = text.n ? text.p + text.n : text.p;
    for (unsigned number = 1; p < end; number++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : end;
        char *line = ready_line(r, number, (struct span){p, (size_t)(stop - p)});
        *MEM_PUSH(&r->ready, &r->n, &r->cap) = line;
        p = stop + 1;
    }
}

static void add_error(struct reader *r, const char *message)
{
    static const char *const faults[] = {
        [ERR_NOEQUAL] = "there is no equal sign; write key = value",
        [ERR_NOKEY] = "there is no key before the equal sign; write key = value",
        [ERR_SPACE] =
            "the line begins with white space but there is no value above it to continue; remove the white space",
    };
    unsigned code, number;
    if (sscanf(message, "Error (%u) on line %u", &code, &number) != 2 || number < 2 || number - 2 >= r->n)
        return;
    bool known = code < sizeof faults / sizeof *faults && faults[code];
    size_t i = number - 2;
    if (code == ERR_SPACE && !*r->ready[i])
        return; /* it continued a line that is at fault itself */
    add(r, INI_FAULT, number - 1, NULL, known ? faults[code] : pool_strdup(r->pool, message));
    r->ready[i] = "";
    while (code != ERR_SPACE && ++i < r->n && *r->ready[i] == ' ')
        r->ready[i] = "";
}

static void add_values_of(struct reader *r, struct ini_cfgobj *object, const char *section, const char *key)
{
    struct value_obj *value = NULL;
    int mode = INI_GET_FIRST_VALUE, error = 0;
    while (ini_get_config_valueobj(section, key, object, mode, &value) == 0 && value) {
        uint32_t number = 0;
        value_get_line(value, &number);
        const char *text = ini_get_const_string_config_value(value, &error);
        struct span clean = trim(span_str(text));
        add(r, INI_VALUE, number - 1, pool_strdup(r->pool, key), pool_strndup(r->pool, clean.p, clean.n));
        mode = INI_GET_NEXT_VALUE;
        value = NULL;
    }
}

static bool seen_before(char *const *keys, int i)
{
    for (int j = 0; j < i; j++)
        if (text_same_ascii(keys[j], keys[i]))
            return true;
    return false;
}

static void add_values(struct reader *r, struct ini_cfgobj *object)
{
    int nsections = 0, nkeys = 0, error = 0;
    CLEANUP(sections_freep) char **sections = ini_get_section_list(object, &nsections, &error);
    for (int i = 0; i < nsections; i++) {
        CLEANUP(keys_freep) char **keys = ini_get_attribute_list(object, sections[i], &nkeys, &error);
        for (int j = 0; j < nkeys; j++)
            if (!seen_before(keys, j))
                add_values_of(r, object, sections[i], keys[j]);
    }
}

/*
 * True when the text was read; else its faults have been added and their lines taken out, and another try may go
 * further.
 */
static bool parse_once(struct reader *r)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    CLEANUP(cfgobj_freep) struct ini_cfgobj *object = NULL;
    CLEANUP(cfgfile_freep) struct ini_cfgfile *file = NULL;
    CLEANUP(errors_freep) char **errors = NULL;
    buf_adds(&text, "[0]\n");
    for (size_t i = 0; i < r->n; i++)
        buf_printf(&text, "%s\n", r->ready[i]);
    if (ini_config_create(&object) != 0 || ini_config_file_from_mem(text.data, (uint32_t)text.len, &file) != 0)
        return false;
    if (ini_config_parse(file, INI_STOP_ON_NONE, INI_MS_DETECT | INI_MV1S_ALLOW | INI_MV2S_ALLOW,
                         INI_PARSE_NO_C_COMMENTS, object) == 0) {
        add_values(r, object);
        return true;
    }
    if (ini_config_get_errors(object, &errors) == 0)
        for (size_t i = 0; errors[i]; i++)
            add_error(r, errors[i]);
    return false;
}

static int by_number(const void *a, const void *b)
{
    const struct ini_line *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

void ini_parse(struct pool *pool, struct span text, struct ini *ret)
{
    struct reader r = {.pool = pool, .ini = ret};
    make_ready(&r, text);
    /* Each failed try takes out at least one line, or nothing was found that could be: */
    for (size_t before = SIZE_MAX; !parse_once(&r) && before != ret->n;)
        before = ret->n;
    free(r.ready);
    if (ret->n)
        qsort(ret->lines, ret->n, sizeof *ret->lines, by_number);
}

void ini_release(struct ini *ini)
{
    free(ini->lines);
    *ini = (struct ini)INI_INIT;
}
