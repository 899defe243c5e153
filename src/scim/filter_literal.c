#include "scim/filter_literal.h"

#include "base/text.h"
#include "scim/value.h"

static bool is_word(struct scim_word w, const char *word)
{
    return w.text.n == strlen(word) && strncasecmp(w.text.p, word, w.text.n) == 0;
}

static bool is_order(enum scim_op op)
{
    return op == SCIM_GT || op == SCIM_GE || op == SCIM_LT || op == SCIM_LE;
}

static bool is_substring(enum scim_op op)
{
    return op == SCIM_CO || op == SCIM_SW || op == SCIM_EW;
}

static int read_text(struct pool *pool, const struct scim_attr *attr, struct scim_word w, struct scim_literal *ret)
{
    ret->kind = SCIM_TEXT;
    ret->spelled = (struct span){pool_strndup(pool, w.text.n ? w.text.p : "", w.text.n), w.text.n};
    ret->text = attr && attr->case_exact ? ret->spelled : scim_fold(pool, w.text);
    return 0;
}

static int read_truth(const struct scim_attr *attr, struct scim_word w, struct scim_literal *ret,
                      struct scim_error *error)
{
    ret->kind = SCIM_TRUTH;
    ret->truth = is_word(w, "true");
    if (ret->truth || is_word(w, "false"))
        return 0;
    return scim_error_set(error, SCIM_WRONG_FILTER, "%s is compared with '%.*s'; it is true or false", attr->name,
                          SPAN_ARG(w.text));
}

/* JSON's numbers, by the library that reads all JSON here. */
static int read_number(const struct scim_attr *attr, struct scim_word w, struct scim_literal *ret,
                       struct scim_error *error)
{
    json_auto_t *number = json_loadb(w.text.n ? w.text.p : "", w.text.n, JSON_DECODE_ANY, NULL);
    if (!json_is_number(number))
        return scim_error_set(error, SCIM_WRONG_FILTER, "%s is compared with '%.*s'; it is a number", attr->name,
                              SPAN_ARG(w.text));
    ret->kind = SCIM_NUMBER;
    ret->number = json_number_value(number);
    ret->is_integer = json_is_integer(number);
    ret->integer = json_integer_value(number);
    return 0;
}

static int read_instant(const struct scim_attr *attr, struct scim_word w, struct scim_literal *ret,
                        struct scim_error *error)
{
    ret->kind = SCIM_INSTANT;
    if (scim_time_parse(w.text, &ret->integer) == 0)
        return 0;
    return scim_error_set(error, SCIM_WRONG_FILTER,
                          "%s is compared with '%.*s'; it is an instant, such as 2026-05-13T04:42:34Z", attr->name,
                          SPAN_ARG(w.text));
}

int scim_literal_read(struct pool *pool, enum scim_op op, const struct scim_attr *attr, struct scim_word word,
                      struct scim_literal *ret, struct scim_error *error)
{
    *ret = (struct scim_literal){.kind = SCIM_NULL};
    enum scim_attr_type type = attr ? attr->type : SCIM_STRING;
    /* RFC 7644, table 3: booleans and binaries have no order. */
    if ((is_order(op) && (type == SCIM_BOOLEAN || type == SCIM_BINARY)) ||
        (is_substring(op) && (type == SCIM_BOOLEAN || type == SCIM_INTEGER || type == SCIM_DECIMAL)))
        return scim_error_set(error, SCIM_WRONG_FILTER, "%s cannot be compared so; use eq or ne", attr->name);
    if (!word.quoted && is_word(word, "null")) {
        if (op == SCIM_EQ || op == SCIM_NE)
            return 0;
        return scim_error_set(error, SCIM_WRONG_FILTER, "null has no order and no parts; use eq or ne");
    }
    switch (type) {
    case SCIM_BOOLEAN:
        return read_truth(attr, word, ret, error);
    case SCIM_DECIMAL:
    case SCIM_INTEGER:
        return read_number(attr, word, ret, error);
    case SCIM_DATETIME:
        return is_substring(op) ? read_text(pool, NULL, word, ret) : read_instant(attr, word, ret, error);
    default:
        return read_text(pool, attr, word, ret);
    }
}
