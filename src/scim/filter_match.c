#include "scim/filter.h"

#include "scim/json.h"
#include "scim/value.h"

/*
 * --- one value
 * ----------------------------------------------------------------------------------------------------------
 */

static bool by_order(enum scim_op op, int order)
{
    switch (op) {
    case SCIM_GT:
        return order > 0;
    case SCIM_GE:
        return order >= 0;
    case SCIM_LT:
        return order < 0;
    case SCIM_LE:
        return order <= 0;
    default:
        return order == 0;
    }
}

static bool text_holds(enum scim_op op, const struct scim_attr *attr, const struct scim_literal *want, struct span text)
{
    static const enum scim_match how[] = {
        [SCIM_EQ] = SCIM_MATCH_EQ, [SCIM_CO] = SCIM_MATCH_CO, [SCIM_SW] = SCIM_MATCH_SW, [SCIM_EW] = SCIM_MATCH_EW};
    bool exact = attr->case_exact && attr->type != SCIM_DATETIME;
    if (op >= SCIM_GT && op <= SCIM_LE)
        return by_order(op, scim_text_order(text, want->text, exact));
    return scim_text_matches(text, how[op], want->text, exact);
}

static bool number_holds(enum scim_op op, const struct scim_literal *want, const json_t *value)
{
    if (want->is_integer && json_is_integer(value)) {
        int64_t have = json_integer_value(value);
        return by_order(op, (have > want->integer) - (have < want->integer));
    }
    double have = json_number_value(value);
    return by_order(op, (have > want->number) - (have < want->number));
}

static bool instant_holds(enum scim_op op, const struct scim_literal *want, struct span text)
{
    int64_t have = 0;
    return scim_time_parse(text, &have) == 0 && by_order(op, (have > want->integer) - (have < want->integer));
}

/* op: not NE, not PR. A value of another type than the literal's fits nothing. */
static bool value_holds(enum scim_op op, const struct scim_attr *attr, const struct scim_literal *want,
                        const json_t *value)
{
    struct span text = {json_string_value(value), json_string_length(value)};
    switch (want->kind) {
    case SCIM_TEXT:
        return text.p && text_holds(op, attr, want, text);
    case SCIM_INSTANT:
        return text.p && instant_holds(op, want, text);
    case SCIM_NUMBER:
        return json_is_number(value) && number_holds(op, want, value);
    case SCIM_TRUTH:
        return scim_json_boolean(value) == (want->truth ? 1 : 0);
    case SCIM_NULL:
        break;
    }
    return false;
}

/* RFC 7644, table 3, pr: empty text is a value, empty lists and objects are none. */
static bool is_present(const json_t *value)
{
    if (json_is_object(value))
        return json_object_size(value) > 0;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return value && !json_is_null(value);
}

static bool one_holds(const struct scim_filter *f, const struct scim_attr *attr, const json_t *value)
{
    if (f->op == SCIM_PR || (f->op == SCIM_NE && f->value.kind == SCIM_NULL))
        return is_present(value);
    if (f->op == SCIM_NE)
        return !value_holds(SCIM_EQ, attr, &f->value, value);
    return value_holds(f->op, attr, &f->value, value);
}

/*
 * --- all values of a place
 * ------------------------------------------------------------------------------------------------
 */

static bool absent_holds(const struct scim_filter *f)
{
    bool null = f->op != SCIM_PR && f->value.kind == SCIM_NULL;
    return (f->op == SCIM_EQ && null) || (f->op == SCIM_NE && !null);
}

struct scan {
    const struct scim_filter *f;
    size_t present;
    bool holds;
};

/* An array's elements one by one; sub: look below them. Depth: attribute, then sub-attribute. */
static void scan(struct scan *s, const json_t *value, const struct scim_attr *sub)
{
    const json_t *element = NULL;
    size_t i = 0;
    if (json_is_array(value)) {
        json_array_foreach (value, i, element) {
            if (!json_is_array(element))
                scan(s, element, sub);
            if (s->holds)
                return;
        }
        return;
    }
    if (sub && json_is_object(value)) {
        scan(s, json_object_get(value, sub->name), NULL);
        return;
    }
    if ((sub && value) || !is_present(value))
        return;
    s->present++;
    s->holds = one_holds(s->f, s->f->at.sub ? s->f->at.sub : s->f->at.attr, value);
}

static bool place_holds(const struct scim_filter *f, const json_t *value, const struct scim_attr *sub)
{
    struct scan s = {.f = f};
    if (f->op == SCIM_EQ && f->value.kind == SCIM_NULL) {
        struct scim_filter presence = *f;
        presence.op = SCIM_PR;
        s.f = &presence;
        scan(&s, value, sub);
        return !s.holds;
    }
    scan(&s, value, sub);
    return s.present ? s.holds : absent_holds(f);
}

/*
 * --- the tree
 * ---------------------------------------------------------------------------------------------------------------
 */

struct subject {
    const json_t *resource;
    const json_t *value; /* within a value path: one value */
    const struct scim_oracle *oracle;
};

static bool holds(const struct scim_filter *f, const struct subject *s);

static bool some_value_holds(const struct scim_filter *f, const struct subject *s)
{
    const json_t *values = scim_attrpath_get(&f->at, s->resource), *value = NULL;
    struct subject one = *s;
    one.oracle = NULL;
    if (values && !json_is_array(values)) {
        one.value = values;
        return holds(f->first, &one);
    }
    size_t i = 0;
    json_array_foreach (values, i, value) {
        one.value = value;
        if (holds(f->first, &one))
            return true;
    }
    return false;
}

static bool term_holds(const struct scim_filter *f, const struct subject *s)
{
    if (!f->known)
        return f->op != SCIM_VALUE_PATH && absent_holds(f);
    int told = s->oracle ? s->oracle->holds(s->oracle->ctx, f) : -1;
    if (told >= 0)
        return told > 0;
    if (f->op == SCIM_VALUE_PATH)
        return some_value_holds(f, s);
    if (s->value)
        return place_holds(f, s->value, f->at.sub);
    return place_holds(f, scim_attrpath_get(&f->at, s->resource), f->at.sub);
}

/* As deep as the parser let it become. */
static bool holds(const struct scim_filter *f, const struct subject *s)
{
    if (f->op == SCIM_NOT)
        return !holds(f->first, s);
    if (f->op != SCIM_AND && f->op != SCIM_OR)
        return term_holds(f, s);
    for (const struct scim_filter *kid = f->first; kid; kid = kid->next)
        if (holds(kid, s) == (f->op == SCIM_OR))
            return f->op == SCIM_OR;
    return f->op == SCIM_AND;
}

bool scim_filter_match(const struct scim_filter *filter, const json_t *resource, const struct scim_oracle *oracle)
{
    return holds(filter, &(struct subject){.resource = resource, .oracle = oracle});
}

bool scim_filter_match_value(const struct scim_filter *filter, const json_t *value)
{
    return holds(filter, &(struct subject){.value = value});
}
