#include "scim/map.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "scim/map_inner.h"

/* What fits where nothing else is said. */
static const char *const defaults[] = {
    "userName <- first(user-name, email)",
    "name.givenName <- given-name",
    "name.familyName <- family-name",
    "displayName <- display-name",
    "title <- title",
    "preferredLanguage <- language",
    SCIM_ENTERPRISE_URN ":employeeNumber <- employee-number",
    SCIM_ENTERPRISE_URN ":department <- department",
    "emails[type eq \"work\"].value <- email",
    "emails[type eq \"work\"].primary <- \"true\"",
};
#define NDEFAULTS (sizeof defaults / sizeof *defaults)

void scim_map_free(struct scim_map **map)
{
    struct scim_map *m = *map;
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        json_decref(m->rules[i].element);
    pool_free(&m->pool);
    free(m);
    *map = NULL;
}

static struct span trim(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Where "<-" is that parts target and source: not within the quotes of a target. NULL: nowhere. */
static const char *find_arrow(const char *text)
{
    bool quoted = false;
    for (const char *p = text; *p; p++) {
        quoted ^= *p == '"';
        if (!quoted && p[0] == '<' && p[1] == '-')
            return p;
    }
    return NULL;
}

static struct scim_map_line *find_target(struct scim_map *map, const char *target)
{
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->rules[i].shown.target, target) == 0)
            return &map->rules[i];
    return NULL;
}

/* The place for a rule: that of the default that it takes the place of, or a new one. */
static struct scim_map_line *place_for(struct scim_map *map, const struct scim_map_line *rule, struct err *err)
{
    struct scim_map_line *old = find_target(map, rule->shown.target);
    if (old && old->shown.row != SCIM_MAP_DEFAULT)
        return err_set(err, ERR_CONFIG, "'%s' is written by another rule as well; remove one of them",
                       rule->shown.target),
               NULL;
    if (!old && map->n == SCIM_MAP_RULES_MAX)
        return err_set(err, ERR_CONFIG, "one rule too many; at most %d are possible", SCIM_MAP_RULES_MAX), NULL;
    if (old)
        json_decref(old->element);
    return old ? old : &map->rules[map->n++];
}

/* A constant that cannot be a value of its target is known as such now. */
static int check_constant(struct scim_map *map, const struct scim_map_line *rule, struct err *err)
{
    if (!rule->source || !scim_expr_is_constant(rule->source))
        return 0;
    const char *why = NULL;
    struct span value = scim_expr_eval(rule->source, &(struct scim_person){0}, map->pool);
    json_t *json = scim_map_json(scim_line_attr(rule), value, &why);
    json_decref(json);
    if (json)
        return 0;
    return err_set(err, ERR_CONFIG, "'%s' cannot be %s: %s", rule->shown.target, rule->shown.source, why);
}

static int read_rule(struct scim_map *map, const struct scim_map_rows *rows, size_t row, const char *text,
                     struct err *err)
{
    json_auto_t *element = NULL;
    struct scim_map_line rule = {.shown = {.row = row}};
    struct scim_expr_reading reading = {map, rows, row};
    const char *arrow = find_arrow(text);
    if (strlen(text) > SCIM_MAP_SOURCE_MAX)
        return err_set(err, ERR_CONFIG, "the rule is longer than %d bytes", SCIM_MAP_SOURCE_MAX);
    if (!text_is_clean(span_str(text)))
        return err_set(err, ERR_CONFIG, "the rule is not UTF-8, or has control characters; mend it");
    if (!arrow)
        return err_set(err, ERR_CONFIG, "a rule is TARGET <- SOURCE, as in title <- description");
    if (scim_target_parse(map, trim((struct span){text, (size_t)(arrow - text)}), &rule, err) != 0)
        return -1;
    element = rule.element;
    struct span source = trim(span_str(arrow + 2));
    if (scim_expr_parse(&reading, source, &rule.source, err) != 0)
        return -1;
    rule.shown.writes = rule.source != NULL;
    rule.shown.source = rule.source ? pool_strndup(map->pool, source.p, source.n) : "none";
    if (!rule.source && strcmp(rule.shown.target, "userName") == 0)
        return err_set(err, ERR_CONFIG, "'userName' cannot be left out; remove the rule, or write its source");
    struct scim_map_line *place = check_constant(map, &rule, err) == 0 ? place_for(map, &rule, err) : NULL;
    if (!place)
        return -1;
    *place = rule;
    element = NULL;
    return 0;
}

static bool same_value(const struct scim_map_line *a, const struct scim_map_line *b)
{
    return a->element && b->element && json_equal(a->element, b->element) &&
           strcmp(a->path.at.attr->name, b->path.at.attr->name) == 0;
}

static bool has_value(const struct scim_map *map, const struct scim_map_line *part)
{
    if (!part->source || !part->element || !scim_sub_find(part->path.at.attr, "value"))
        return true;
    for (size_t i = 0; i < map->n; i++)
        if (map->rules[i].source && same_value(&map->rules[i], part) &&
            strcmp(map->rules[i].path.at.sub->name, "value") == 0)
            return true;
    return false;
}

/* A default for a part goes with the default for the value; a part that was written needs one. */
static int check_values(struct scim_map *map, size_t *ret_row, struct err *err)
{
    for (size_t i = 0; i < map->n; i++) {
        struct scim_map_line *part = &map->rules[i];
        if (has_value(map, part))
            continue;
        if (part->shown.row != SCIM_MAP_DEFAULT) {
            *ret_row = part->shown.row;
            return err_set(err, ERR_CONFIG, "'%s' is nothing without a value; add a rule for its .value",
                           part->shown.target);
        }
        part->source = NULL;
        part->shown.source = "none";
        part->shown.writes = false;
    }
    return 0;
}

int scim_map_new(const struct scim_map_rows *rows, struct scim_map **ret, size_t *ret_row, struct err *err)
{
    CLEANUP(scim_map_free) struct scim_map *map = mem_zero(sizeof *map);
    map->pool = pool_new();
    map->type = &scim_users;
    for (size_t i = 0; i < NDEFAULTS; i++)
        if (read_rule(map, NULL, SCIM_MAP_DEFAULT, defaults[i], err) != 0)
            return -1;
    for (size_t i = 0; rows && i < rows->nextensions; i++)
        map->type = scim_type_extend(map->pool, map->type, rows->extensions[i], false);
    for (size_t i = 0; rows && i < rows->n; i++)
        if (read_rule(map, rows, i, rows->at(rows->ctx, i), err) != 0) {
            *ret_row = i;
            return -1;
        }
    if (check_values(map, ret_row, err) != 0)
        return -1;
    map->user_name = (size_t)(find_target(map, "userName") - map->rules);
    *ret = TAKE(map);
    return 0;
}

const struct scim_resource_type *scim_map_type(const struct scim_map *map)
{
    return map->type;
}

size_t scim_map_raw(const struct scim_map *map, const char *const **ret_names)
{
    *ret_names = map->raw;
    return map->nraw;
}

size_t scim_map_count(const struct scim_map *map)
{
    return map->n;
}

struct scim_map_rule scim_map_rule(const struct scim_map *map, size_t i)
{
    return map->rules[i].shown;
}
