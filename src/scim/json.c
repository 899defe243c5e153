#include "scim/json.h"

#include "base/text.h"

struct measure {
    size_t depth, deepest, nodes;
};

/* Past the string that begins behind the quote at p. */
static const char *skip_string(const char *p, const char *end)
{
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return p;
}

static void measure(struct span text, struct measure *m)
{
    const char *end = text.n ? text.p + text.n : text.p;
    for (const char *p = text.p; p < end; p++) {
        if (*p == '"') {
            p = skip_string(p + 1, end);
            continue;
        }
        m->nodes += *p == ',' || *p == ':' || *p == '[' || *p == '{';
        if (*p == '[' || *p == '{')
            m->depth++;
        else if ((*p == ']' || *p == '}') && m->depth > 0)
            m->depth--;
        if (m->depth > m->deepest)
            m->deepest = m->depth;
    }
}

int scim_json_load(struct span text, size_t max, json_t **ret, struct scim_error *error)
{
    if (text.n > max)
        return scim_error_set(error, SCIM_WRONG_TOO_LARGE, "the message has %zu bytes; send at most %zu", text.n, max);
    struct measure m = {0};
    measure(text, &m);
    if (m.deepest > SCIM_JSON_DEPTH)
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "the message nests values %zu deep; at most %d are taken",
                              m.deepest, SCIM_JSON_DEPTH);
    if (m.nodes > SCIM_NODES_MAX)
        return scim_error_set(error, SCIM_WRONG_TOO_LARGE, "the message has %zu values; send at most %d at once",
                              m.nodes, SCIM_NODES_MAX);
    json_error_t why;
    json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "the message is not JSON: line %d: %s", why.line, why.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return scim_error_set(error, SCIM_WRONG_SYNTAX, "the message is no JSON object; send one");
    }
    *ret = root;
    return 0;
}

json_t *scim_json_get(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (value)
        return value;
    const char *key = NULL;
    json_object_foreach ((json_t *)object, key, value)
        if (text_same_ascii(key, name))
            return value;
    return NULL;
}

bool scim_json_is(const json_t *message, const char *urn)
{
    const json_t *schemas = scim_json_get(message, "schemas");
    if (!schemas)
        return true;
    const json_t *schema = NULL;
    size_t i = 0;
    json_array_foreach (schemas, i, schema)
        if (json_is_string(schema) && text_same_ascii(json_string_value(schema), urn))
            return true;
    return false;
}

int scim_json_boolean(const json_t *value)
{
    if (json_is_boolean(value))
        return json_is_true(value);
    const char *text = json_string_value(value);
    if (text && text_same_ascii(text, "true"))
        return 1;
    return text && text_same_ascii(text, "false") ? 0 : -1;
}
