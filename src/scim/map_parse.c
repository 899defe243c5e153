/* The source of a rule: names, constants, functions. */
#include "scim/map_inner.h"

#include "base/text.h"

struct reader {
    const struct scim_expr_reading *of;
    struct span rest;
    size_t terms, depth;
    struct err *err;
};

static const struct {
    const char *name;
    enum scim_expr_op op;
    size_t min, max;   /* of its arguments, a constant ahead of them apart */
    const char *ahead; /* what the constant ahead is called; NULL: there is none */
} functions[] = {
    {"first", EXPR_FIRST, 1, SCIM_MAP_TERMS_MAX, NULL},
    {"join", EXPR_JOIN, 1, SCIM_MAP_TERMS_MAX, "separator"},
    {"lower", EXPR_LOWER, 1, 1, NULL},
    {"upper", EXPR_UPPER, 1, 1, NULL},
    {"lookup", EXPR_LOOKUP, 1, 1, "name of a table file"},
};
#define NFUNCTIONS (sizeof functions / sizeof *functions)

/* Names of the directory that look much like ours and are meant as they are. */
static const char *const usual[] = {"mail",           "givenName",         "displayName",
                                    "employeeNumber", "employeeType",      "departmentNumber",
                                    "personalTitle",  "preferredLanguage", "initials"};

static int parse_expr(struct reader *r, const struct scim_expr **ret);

static int fault(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fault(struct reader *r, const char *fmt, ...)
{
    va_list args;
    char text[512];
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_set(r->err, ERR_CONFIG, "%s", text);
}

static const char *shown(struct reader *r, struct span text)
{
    struct span part = {text.p, text.n > 100 ? 100 : text.n};
    return text_printable(r->of->map->pool, part);
}

static void skip_blanks(struct reader *r)
{
    while (r->rest.n > 0 && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t'))
        r->rest = (struct span){r->rest.p + 1, r->rest.n - 1};
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->rest.n == 0 || r->rest.p[0] != c)
        return false;
    r->rest = (struct span){r->rest.p + 1, r->rest.n - 1};
    return true;
}

static struct scim_expr *new_expr(struct reader *r, enum scim_expr_op op)
{
    struct scim_expr *expr = pool_zero(r->of->map->pool, sizeof *expr);
    expr->op = op;
    return expr;
}

/* --- constants --------------------------------------------------------------------------------------------------- */

/* Behind the quote that opens it. */
static int parse_text(struct reader *r, struct span *ret)
{
    char *text = pool_alloc(r->of->map->pool, r->rest.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < r->rest.n; i++) {
        char c = r->rest.p[i];
        if (c == '"') {
            text[n] = '\0';
            *ret = (struct span){text, n};
            r->rest = (struct span){r->rest.p + i + 1, r->rest.n - i - 1};
            return 0;
        }
        if (c == '\\' && (i + 1 == r->rest.n || !strchr("\"\\", r->rest.p[i + 1])))
            return fault(r, "behind \\ comes only \" or \\; write \\\\ for \\ itself");
        if (c == '\\')
            c = r->rest.p[++i];
        text[n++] = c;
    }
    return fault(r, "a text does not end; close it with \"");
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == ':';
}

static bool is_function(const char *name, size_t *ret)
{
    for (*ret = 0; *ret < NFUNCTIONS; ++*ret)
        if (text_same_ascii(name, functions[*ret].name))
            return true;
    return false;
}

static bool is_usual(const char *name)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (text_same_ascii(name, usual[i]))
            return true;
    return false;
}

/*
 * What is no name of ours is one of the directory, whose names nobody knows here. What differs from one of ours by a
 * letter or two is a slip all the same, unless directories have it.
 */
static int check_raw(struct reader *r, const char *name)
{
    const char *near = strlen(name) > 4 && !is_usual(name) ? text_nearest(name, attr_names, ATTR_COUNT) : NULL;
    if (near && (strchr(name, '-') || strlen(name) + 2 > strlen(near)))
        return fault(r, "unknown source '%s'; did you mean '%s'?", shown(r, span_str(name)), near);
    if (strchr("-._:", name[0]) || strlen(name) > 256)
        return fault(r, "'%s' is not the name of an attribute", shown(r, span_str(name)));
    return 0;
}

static int note_raw(struct reader *r, const char *name)
{
    struct scim_map *map = r->of->map;
    for (size_t i = 0; i < map->nraw; i++)
        if (strcmp(map->raw[i], name) == 0)
            return 0;
    if (map->nraw == SCIM_MAP_RAW_MAX)
        return fault(r, "'%s' is one attribute too many; at most %d of the directory are read",
                     shown(r, span_str(name)), SCIM_MAP_RAW_MAX);
    map->raw[map->nraw++] = name;
    return 0;
}

static int parse_name(struct reader *r, char *name, const struct scim_expr **ret)
{
    struct scim_expr *expr = new_expr(r, EXPR_ATTR);
    *ret = expr;
    for (size_t i = 0; i < ATTR_COUNT; i++)
        if (text_same_ascii(name, attr_names[i])) {
            expr->attr = (enum attr)i;
            return 0;
        }
    if (text_same_ascii(name, "id")) {
        expr->op = EXPR_ID;
        return 0;
    }
    if (text_same_ascii(name, "none"))
        return fault(r, "'none' stands alone, or not at all");
    if (check_raw(r, name) != 0)
        return -1;
    text_lower_ascii(name);
    expr->op = EXPR_RAW;
    expr->text = span_str(name);
    return note_raw(r, name);
}

/* --- functions --------------------------------------------------------------------------------------------------- */

static int parse_ahead(struct reader *r, size_t f, struct scim_expr *expr)
{
    if (!take(r, '"'))
        return fault(r, "%s() begins with the %s, in quotes", functions[f].name, functions[f].ahead);
    if (parse_text(r, &expr->text) != 0)
        return -1;
    if (!take(r, ','))
        return fault(r, "%s() has a comma behind its %s", functions[f].name, functions[f].ahead);
    return 0;
}

static int find_table(struct reader *r, struct scim_expr *expr)
{
    const struct scim_map_rows *rows = r->of->rows;
    if (!rows || !rows->table)
        return fault(r, "there are no tables here");
    return rows->table(rows->ctx, r->of->row, expr->text.p, &expr->table, r->err);
}

static int parse_arguments(struct reader *r, size_t f, struct scim_expr *expr)
{
    const struct scim_expr **end = &expr->first;
    size_t n = 0;
    do {
        struct scim_expr *argument;
        if (parse_expr(r, (const struct scim_expr **)&argument) != 0)
            return -1;
        *end = argument;
        end = &argument->next;
        n++;
    } while (take(r, ','));
    if (n > functions[f].max)
        return fault(r, "%s() takes one value, not %zu", functions[f].name, n);
    return 0;
}

static int parse_call(struct reader *r, size_t f, const struct scim_expr **ret)
{
    struct scim_expr *expr = new_expr(r, functions[f].op);
    if (r->depth == SCIM_MAP_DEPTH_MAX)
        return fault(r, "functions stand more than %d deep in each other", SCIM_MAP_DEPTH_MAX);
    r->depth++;
    if ((functions[f].ahead && parse_ahead(r, f, expr) != 0) || parse_arguments(r, f, expr) != 0)
        return -1;
    if (!take(r, ')'))
        return fault(r, "%s( is not closed; write ) before '%s'", functions[f].name, shown(r, r->rest));
    r->depth--;
    *ret = expr;
    return expr->op == EXPR_LOOKUP ? find_table(r, expr) : 0;
}

static int unknown_function(struct reader *r, const char *name)
{
    const char *names[NFUNCTIONS];
    for (size_t i = 0; i < NFUNCTIONS; i++)
        names[i] = functions[i].name;
    const char *near = text_nearest(name, names, NFUNCTIONS);
    if (near)
        return fault(r, "unknown function '%s'; did you mean '%s'?", shown(r, span_str(name)), near);
    return fault(r, "unknown function '%s'; there are first, join, lower, upper and lookup", shown(r, span_str(name)));
}

static int parse_expr(struct reader *r, const struct scim_expr **ret)
{
    if (++r->terms > SCIM_MAP_TERMS_MAX)
        return fault(r, "more than %d names, constants and functions", SCIM_MAP_TERMS_MAX);
    if (take(r, '"')) {
        struct scim_expr *expr = new_expr(r, EXPR_TEXT);
        *ret = expr;
        return parse_text(r, &expr->text);
    }
    size_t n = 0, f;
    while (n < r->rest.n && is_name_char(r->rest.p[n]))
        n++;
    if (n == 0)
        return r->rest.n ? fault(r, "a source cannot begin with '%s'; write a name, \"text\" or a function",
                                 shown(r, r->rest))
                         : fault(r, "a source is missing; write the name of an attribute, \"text\" or a function");
    char *name = pool_strndup(r->of->map->pool, r->rest.p, n);
    r->rest = (struct span){r->rest.p + n, r->rest.n - n};
    if (!take(r, '('))
        return parse_name(r, name, ret);
    return is_function(name, &f) ? parse_call(r, f, ret) : unknown_function(r, name);
}

int scim_expr_parse(const struct scim_expr_reading *reading, struct span text, const struct scim_expr **ret,
                    struct err *err)
{
    struct reader r = {.of = reading, .rest = text, .err = err};
    skip_blanks(&r);
    if (r.rest.n >= 4 && strncasecmp(r.rest.p, "none", 4) == 0) {
        struct reader after = r;
        after.rest = (struct span){r.rest.p + 4, r.rest.n - 4};
        skip_blanks(&after);
        if (after.rest.n == 0) {
            *ret = NULL;
            return 0;
        }
    }
    if (parse_expr(&r, ret) != 0)
        return -1;
    skip_blanks(&r);
    return r.rest.n == 0 ? 0
                         : fault(&r, "'%s' is too much behind the source; put constants in quotes, or remove it",
                                 shown(&r, r.rest));
}

bool scim_expr_is_constant(const struct scim_expr *expr)
{
    if (expr->op == EXPR_ATTR || expr->op == EXPR_ID || expr->op == EXPR_RAW)
        return false;
    for (const struct scim_expr *kid = expr->first; kid; kid = kid->next)
        if (!scim_expr_is_constant(kid))
            return false;
    return true;
}
