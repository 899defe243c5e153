#include "connectors/attrmap.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/dn.h"

static const char *const member_types[MEMBER_KINDS] = {
    [MEMBER_DN] = "member",
    [MEMBER_DN_AND_UID] = "uniqueMember",
    [MEMBER_ALIAS] = "memberUid",
};

#define FOR_PEOPLE (1U << ENTRY_PERSON)
#define FOR_GROUPS (1U << ENTRY_GROUP)
#define FOR_ALL    ((1U << ENTRY_KINDS) - 1)

void attrmap_free(struct attrmap **map)
{
    if (!*map)
        return;
    pool_free(&(*map)->pool);
    free((*map)->slots);
    free((*map)->exclude);
    free(*map);
    *map = NULL;
}

size_t attrmap_slot(const struct attrmap *map, struct span type)
{
    for (size_t i = 0; i < map->nslots; i++)
        if (map->slots[i].n == type.n && strncasecmp(map->slots[i].name, type.p, type.n) == 0)
            return i;
    return ATTRMAP_NONE;
}

static size_t want(struct attrmap *map, struct span name, unsigned kinds)
{
    size_t i = attrmap_slot(map, name);
    if (i == ATTRMAP_NONE) {
        i = map->nslots;
        struct attr_slot slot = {.name = pool_strndup(map->pool, name.p, name.n), .n = name.n};
        *MEM_PUSH(&map->slots, &map->nslots, &map->cap_slots) = slot;
    }
    for (unsigned kind = 0; kind < ENTRY_KINDS; kind++)
        map->slots[i].wanted[kind] |= (kinds & 1U << kind) != 0;
    return i;
}

/* An attribute description without options (RFC 4512 section 2.5): a name or a dotted number. */
static bool is_type(struct span name)
{
    if (name.n == 0 || name.n > 128)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool rest = (c >= '0' && c <= '9') || (i > 0 && (c == '-' || c == '.' || c == '_'));
        if (!letter && !rest)
            return false;
    }
    return true;
}

/* The place stands ahead, where the configuration's reader looks for it and adds whose key it is. */
static int fault(const struct conf_section *section, const char *key, size_t i, const char *value, const char *what,
                 struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    return err_set(err, ERR_CONFIG, "%s: %s '%s': %s", conf_where_key(section, key, i), key,
                   text_printable(pool, span_str(value)), what);
}

static int read_choice(struct attrmap *map, const struct conf_section *section, const char *key,
                       const char *const *defaults, unsigned kinds, struct attr_choice *ret, struct err *err)
{
    size_t n = conf_count(section, key);
    if (n > FLAVOUR_CANDIDATES)
        return fault(section, key, n - 1, conf_at(section, key, n - 1), "one too many; at most 4 are tried", err);
    if (n == 1 && text_same_ascii(conf_at(section, key, 0), "none"))
        return 0;
    for (size_t i = 0; n ? i < n : i < FLAVOUR_CANDIDATES && defaults[i]; i++) {
        const char *name = n ? conf_at(section, key, i) : defaults[i];
        if (!is_type(span_str(name)))
            return fault(section, key, i, name, "not the name of an attribute", err);
        ret->slots[ret->n++] = want(map, span_str(name), kinds);
    }
    return 0;
}

/* "ATTRIBUTE=PATTERN", or with != where that is allowed. */
static bool parse_rule(struct attrmap *map, const char *text, bool may_negate, unsigned kinds, struct attr_rule *ret)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return false;
    struct span name = {text, (size_t)(equals - text)};
    bool negated = name.n > 0 && name.p[name.n - 1] == '!';
    if (negated)
        name.n--;
    while (name.n > 0 && name.p[name.n - 1] == ' ')
        name.n--;
    const char *pattern = equals + 1 + strspn(equals + 1, " ");
    if (!is_type(name) || !*pattern || (negated && !may_negate))
        return false;
    *ret = (struct attr_rule){want(map, name, kinds), pool_strdup(map->pool, pattern), negated};
    return true;
}

static const char *active_rule(const struct conf_section *section)
{
    const char *text = conf_str(section, "map-active");
    return text ? text : flavour_find(conf_str(section, "flavour"))->active;
}

const char *attrmap_active_name(const struct conf_section *section, struct pool *pool)
{
    const char *text = active_rule(section), *brackets = strrchr(text, ']'); /* of a SCIM path */
    const char *equals = strchr(brackets ? brackets : text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;
    while (n > 0 && strchr("! ", text[n - 1]))
        n--;
    return n ? pool_strndup(pool, text, n) : NULL;
}

static int read_active(struct attrmap *map, const struct conf_section *section, struct err *err)
{
    const char *text = active_rule(section);
    if (text_same_ascii(text, "always"))
        return 0;
    map->has_active = parse_rule(map, text, true, FOR_PEOPLE, &map->active);
    if (!map->has_active)
        return fault(section, "map-active", 0, text,
                     "not a rule; write always, ATTRIBUTE=PATTERN or ATTRIBUTE!=PATTERN", err);
    return 0;
}

static int read_exclude(struct attrmap *map, const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < conf_count(section, "exclude"); i++) {
        const char *text = conf_at(section, "exclude", i);
        struct attr_rule rule;
        if (!parse_rule(map, text, false, FOR_PEOPLE | FOR_GROUPS, &rule))
            return fault(section, "exclude", i, text,
                         "not a rule; write ATTRIBUTE=PATTERN, as in mail=*-test@example.com", err);
        *MEM_PUSH(&map->exclude, &map->nexclude, &map->cap_exclude) = rule;
    }
    return 0;
}

const char *attrmap_id_name(const struct conf_section *section)
{
    const char *id = conf_str(section, "id-attribute");
    return id ? id : flavour_find(conf_str(section, "flavour"))->id;
}

static int read_id(struct attrmap *map, const struct conf_section *section, struct err *err)
{
    const char *id = attrmap_id_name(section);
    if (!is_type(span_str(id)))
        return fault(section, "id-attribute", 0, id, "not the name of an attribute", err);
    map->id = want(map, span_str(id), FOR_ALL);
    return 0;
}

static int read_attrs(struct attrmap *map, const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < ATTR_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof key, "map-%s", attr_names[i]);
        if (read_choice(map, section, key, map->flavour->attr[i], FOR_PEOPLE, &map->attr[i], err) != 0)
            return -1;
    }
    return read_choice(map, section, "map-group-name", map->flavour->group_name, FOR_GROUPS, &map->group_name, err);
}

int attrmap_new(const struct conf_section *section, struct attrmap **ret, struct err *err)
{
    CLEANUP(attrmap_free) struct attrmap *map = mem_zero(sizeof *map);
    map->pool = pool_new();
    map->flavour = flavour_find(conf_str(section, "flavour"));
    if (!map->flavour)
        return fault(section, "flavour", 0, conf_str(section, "flavour"), "not known", err);
    if (read_id(map, section, err) != 0 || read_attrs(map, section, err) != 0 || read_active(map, section, err) != 0 ||
        read_exclude(map, section, err) != 0)
        return -1;
    map->alias = map->flavour->alias ? want(map, span_str(map->flavour->alias), FOR_PEOPLE) : ATTRMAP_NONE;
    for (size_t i = 0; i < MEMBER_KINDS; i++)
        map->member[i] = want(map, span_str(member_types[i]), FOR_GROUPS);
    *ret = TAKE(map);
    return 0;
}

int attrmap_check(const struct conf_section *section, struct err *err)
{
    CLEANUP(attrmap_free) struct attrmap *map = NULL;
    if (attrmap_new(section, &map, err) != 0)
        return -1;
    for (size_t i = 0; i < conf_count(section, "scope-group"); i++) {
        struct key128 key;
        if (dn_key_of(conf_at(section, "scope-group", i), &key, err) != 0)
            return err_wrap(err, "%s: scope-group", conf_where_key(section, "scope-group", i));
    }
    return 0;
}

int attrmap_want(struct attrmap *map, const char *const *names, size_t n, struct err *err)
{
    map->extra = pool_alloc(map->pool, (n + 1) * sizeof *map->extra);
    map->nextra = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_type(span_str(names[i])))
            return err_set(err, ERR_CONFIG, "'%.128s' is not the name of an attribute; mend the map of the platform",
                           text_printable(map->pool, span_str(names[i])));
        map->extra[map->nextra].name = pool_strdup(map->pool, names[i]);
        map->extra[map->nextra++].slot = want(map, span_str(names[i]), FOR_PEOPLE);
    }
    return 0;
}

const char **attrmap_wanted(const struct attrmap *map, enum entry_kind kind)
{
    const char **names = mem_resize(NULL, map->nslots + 1, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < map->nslots; i++)
        if (map->slots[i].wanted[kind])
            names[n++] = map->slots[i].name;
    names[n] = NULL;
    return names;
}
