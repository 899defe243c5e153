/* Recursive descent over RFC 7644, figure 1, with the depth counted: a filter can be no deeper than the stack bears. */
#include "scim/filter.h"

#include <unistr.h>

#include "base/text.h"
#include "scim/filter_literal.h"
#include "scim/limits.h"

struct parser {
    struct pool *pool;
    const struct scim_resource_type *type;
    const struct scim_attrpath *values_of; /* within a value path */
    const char *p, *end;
    size_t depth, terms;
    struct scim_error *error;
};

static const struct {
    const char *word;
    enum scim_op op;
} operators[] = {
    {"eq", SCIM_EQ}, {"ne", SCIM_NE}, {"co", SCIM_CO}, {"sw", SCIM_SW}, {"ew", SCIM_EW},
    {"gt", SCIM_GT}, {"ge", SCIM_GE}, {"lt", SCIM_LT}, {"le", SCIM_LE}, {"pr", SCIM_PR},
};

static int parse_or(struct parser *ps, struct scim_filter **ret);

static void skip_blanks(struct parser *ps)
{
    while (ps->p < ps->end && *ps->p == ' ')
        ps->p++;
}

static int wrong(struct parser *ps, const char *what)
{
    size_t left = (size_t)(ps->end - ps->p);
    return scim_error_set(ps->error, SCIM_WRONG_FILTER, "the filter has %s at '%.*s'", what, left > 40 ? 40 : (int)left,
                          left ? ps->p : "");
}

/* Ends a bare token. */
static bool is_end(char c)
{
    return c == ' ' || c == '(' || c == ')' || c == '[' || c == ']' || c == '"';
}

static struct span peek_word(const struct parser *ps)
{
    const char *p = ps->p;
    while (p < ps->end && !is_end(*p))
        p++;
    return (struct span){ps->p, (size_t)(p - ps->p)};
}

static bool take_keyword(struct parser *ps, const char *keyword)
{
    skip_blanks(ps);
    struct span word = peek_word(ps);
    if (word.n != strlen(keyword) || strncasecmp(word.p, keyword, word.n) != 0)
        return false;
    ps->p += word.n;
    return true;
}

static bool take_char(struct parser *ps, char c)
{
    skip_blanks(ps);
    if (ps->p >= ps->end || *ps->p != c)
        return false;
    ps->p++;
    return true;
}

static struct scim_filter *node(struct parser *ps, enum scim_op op)
{
    struct scim_filter *f = pool_zero(ps->pool, sizeof *f);
    f->op = op;
    return f;
}

/*
 * --- comparisons
 * ------------------------------------------------------------------------------------------------------
 */

static int take_string(struct parser *ps, struct scim_word *ret)
{
    const char *p = ps->p + 1;
    while (p < ps->end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    if (p >= ps->end)
        return wrong(ps, "a text without its closing quote");
    size_t n = (size_t)(p + 1 - ps->p);
    json_auto_t *text = json_loadb(ps->p, n, JSON_DECODE_ANY, NULL);
    if (!text)
        return wrong(ps, "a text that is not written as in JSON");
    ret->quoted = true;
    ret->text.n = json_string_length(text);
    ret->text.p = pool_strndup(ps->pool, json_string_value(text), ret->text.n);
    ps->p += n;
    return 0;
}

static int take_literal(struct parser *ps, struct scim_word *ret)
{
    skip_blanks(ps);
    if (ps->p < ps->end && *ps->p == '"')
        return take_string(ps, ret);
    *ret = (struct scim_word){peek_word(ps), false};
    if (ret->text.n == 0)
        return wrong(ps, "no value");
    ps->p += ret->text.n;
    return 0;
}

static int take_operator(struct parser *ps, enum scim_op *ret)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (take_keyword(ps, operators[i].word)) {
            *ret = operators[i].op;
            return 0;
        }
    return wrong(ps, "no operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)");
}

/* Which attribute is really compared: a complex one stands for its "value". */
static int settle(struct parser *ps, struct scim_filter *f, bool compares, struct span name)
{
    if (!f->known || f->at.sub || !f->at.attr || f->at.attr->type != SCIM_COMPLEX)
        return f->known && !f->at.attr && compares ? wrong(ps, "an extension that is compared with a value") : 0;
    const struct scim_attr *value = scim_sub_find(f->at.attr, "value");
    if (value && compares)
        f->at.sub = value;
    else if (compares)
        return scim_error_set(ps->error, SCIM_WRONG_FILTER,
                              "%.*s is no single value; compare one of its sub-attributes", SPAN_ARG(name));
    return 0;
}

static bool find_within(const struct scim_attrpath *of, struct span name, struct scim_attrpath *ret)
{
    *ret = *of;
    if (of->attr->type != SCIM_COMPLEX)
        return name.n == 5 && strncasecmp(name.p, "value", 5) == 0;
    ret->sub = scim_attr_find(of->attr->subs, of->attr->nsubs, name);
    return ret->sub != NULL;
}

static void resolve(const struct parser *ps, struct span name, struct scim_filter *f)
{
    f->known = ps->values_of ? find_within(ps->values_of, name, &f->at) : scim_attrpath_find(ps->type, name, &f->at);
}

static int parse_comparison(struct parser *ps, struct span name, struct scim_filter **ret)
{
    struct scim_filter *f = node(ps, SCIM_PR);
    struct scim_word word = {0};
    if (++ps->terms > SCIM_FILTER_TERMS_MAX)
        return scim_error_set(ps->error, SCIM_WRONG_FILTER, "the filter has more than %d comparisons",
                              SCIM_FILTER_TERMS_MAX);
    if (take_operator(ps, &f->op) != 0 || (f->op != SCIM_PR && take_literal(ps, &word) != 0))
        return -1;
    resolve(ps, name, f);
    bool is_null = !word.quoted && word.text.n == 4 && strncasecmp(word.text.p, "null", 4) == 0;
    if (settle(ps, f, f->op != SCIM_PR && !is_null, name) != 0)
        return -1;
    *ret = f;
    if (f->op == SCIM_PR)
        return 0;
    const struct scim_attr *attr = f->known ? (f->at.sub ? f->at.sub : f->at.attr) : NULL;
    return scim_literal_read(ps->pool, f->op, attr, word, &f->value, ps->error);
}

/*
 * --- value paths
 * --------------------------------------------------------------------------------------------------------
 */

/* emails[…].value eq "x": not in the grammar, but Entra ID asks so. */
static int parse_behind_brackets(struct parser *ps, struct scim_filter *path)
{
    if (ps->p >= ps->end || *ps->p != '.')
        return 0;
    ps->p++;
    struct span name = peek_word(ps);
    ps->p += name.n;
    struct scim_filter *more = NULL, *both = node(ps, SCIM_AND), *inside = (struct scim_filter *)path->first;
    const struct scim_attrpath *outer = ps->values_of;
    ps->values_of = &path->at;
    int status = scim_attrpath_is(name) ? parse_comparison(ps, name, &more) : wrong(ps, "no attribute");
    ps->values_of = outer;
    if (status != 0)
        return -1;
    inside->next = more;
    both->first = inside;
    path->first = both;
    return 0;
}

static int parse_value_path(struct parser *ps, struct span name, struct scim_filter **ret)
{
    struct scim_filter *path = node(ps, SCIM_VALUE_PATH), *inside = NULL;
    if (ps->values_of)
        return wrong(ps, "brackets within brackets");
    resolve(ps, name, path);
    if (path->known && (!path->at.attr || path->at.sub))
        return wrong(ps, "brackets behind what has no values of its own");
    ps->p++;
    /* Of an unknown attribute the inside is read for its grammar; no name in it is one. */
    static const struct scim_attr nothing = {.name = "", .type = SCIM_COMPLEX};
    struct scim_attrpath of = path->known ? path->at : (struct scim_attrpath){.attr = &nothing};
    path->at = of;
    ps->values_of = &path->at;
    int status = parse_or(ps, &inside);
    ps->values_of = NULL;
    if (status != 0)
        return -1;
    if (!take_char(ps, ']'))
        return wrong(ps, "no closing ]");
    path->first = inside;
    *ret = path;
    return parse_behind_brackets(ps, path);
}

/*
 * --- logic
 * --------------------------------------------------------------------------------------------------------------
 */

static int parse_grouped(struct parser *ps, struct scim_filter **ret)
{
    if (parse_or(ps, ret) != 0)
        return -1;
    return take_char(ps, ')') ? 0 : wrong(ps, "no closing bracket");
}

static int parse_factor(struct parser *ps, struct scim_filter **ret)
{
    const char *start = ps->p;
    if (take_keyword(ps, "not")) {
        if (take_char(ps, '(')) {
            struct scim_filter *inner = NULL;
            if (parse_grouped(ps, &inner) != 0)
                return -1;
            *ret = node(ps, SCIM_NOT);
            (*ret)->first = inner;
            return 0;
        }
        ps->p = start;
    }
    if (take_char(ps, '('))
        return parse_grouped(ps, ret);
    struct span name = peek_word(ps);
    if (!scim_attrpath_is(name))
        return wrong(ps, "no attribute");
    ps->p += name.n;
    return ps->p < ps->end && *ps->p == '[' ? parse_value_path(ps, name, ret) : parse_comparison(ps, name, ret);
}

/* One or more of what "of" reads, joined by the keyword, as one node with all of them. */
static int parse_joined(struct parser *ps, const char *keyword, enum scim_op op,
                        int (*of)(struct parser *, struct scim_filter **), struct scim_filter **ret)
{
    struct scim_filter *first = NULL, *last = NULL, *more = NULL;
    if (of(ps, &first) != 0)
        return -1;
    for (last = first; take_keyword(ps, keyword); last = more) {
        if (of(ps, &more) != 0)
            return -1;
        last->next = more;
    }
    *ret = first;
    if (last == first)
        return 0;
    *ret = node(ps, op);
    (*ret)->first = first;
    return 0;
}

static int parse_and(struct parser *ps, struct scim_filter **ret)
{
    return parse_joined(ps, "and", SCIM_AND, parse_factor, ret);
}

static int parse_or(struct parser *ps, struct scim_filter **ret)
{
    if (++ps->depth > SCIM_FILTER_DEPTH_MAX)
        return scim_error_set(ps->error, SCIM_WRONG_FILTER, "the filter has more than %d brackets in each other",
                              SCIM_FILTER_DEPTH_MAX);
    int status = parse_joined(ps, "or", SCIM_OR, parse_and, ret);
    ps->depth--;
    return status;
}

static int parse(struct parser *ps, struct span text, const struct scim_filter **ret)
{
    if (text.n > SCIM_FILTER_MAX)
        return scim_error_set(ps->error, SCIM_WRONG_FILTER, "the filter has %zu bytes; at most %d are taken", text.n,
                              SCIM_FILTER_MAX);
    if (text.n == 0 || u8_check((const uint8_t *)text.p, text.n) || memchr(text.p, '\0', text.n))
        return scim_error_set(ps->error, SCIM_WRONG_FILTER, "the filter is %s", text.n ? "not UTF-8" : "empty");
    struct scim_filter *f = NULL;
    ps->p = text.p;
    ps->end = text.p + text.n;
    if (parse_or(ps, &f) != 0)
        return -1;
    skip_blanks(ps);
    if (ps->p < ps->end)
        return wrong(ps, "more than a filter");
    *ret = f;
    return 0;
}

int scim_filter_parse(struct pool *pool, const struct scim_resource_type *type, struct span text,
                      const struct scim_filter **ret, struct scim_error *error)
{
    struct parser ps = {.pool = pool, .type = type, .error = error};
    return parse(&ps, text, ret);
}

int scim_filter_parse_values(struct pool *pool, const struct scim_attrpath *at, struct span text,
                             const struct scim_filter **ret, struct scim_error *error)
{
    struct parser ps = {.pool = pool, .values_of = at, .error = error};
    return parse(&ps, text, ret);
}
