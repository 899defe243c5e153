#include "connectors/scim_paths.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define NAMES_MAX 256 /* attributes and sub-attributes of a type, for the nearest one */

#define WORK    "emails[type eq \"work\"].value"
#define PRIMARY "emails[primary eq true].value"

static const char *const defaults[ATTR_COUNT][SCIM_PATHS_CANDIDATES] = {
    [ATTR_USER_NAME] = {"userName"},
    [ATTR_EMAIL] = {PRIMARY, WORK, "emails.value"},
    [ATTR_GIVEN_NAME] = {"name.givenName"},
    [ATTR_FAMILY_NAME] = {"name.familyName"},
    [ATTR_DISPLAY_NAME] = {"displayName", "name.formatted"},
    [ATTR_EMPLOYEE_NUMBER] = {SCIM_ENTERPRISE_URN ":employeeNumber"},
    [ATTR_TITLE] = {"title"},
    [ATTR_DEPARTMENT] = {SCIM_ENTERPRISE_URN ":department"},
    [ATTR_LANGUAGE] = {"preferredLanguage", "locale"},
};
static const char *const default_group_name[SCIM_PATHS_CANDIDATES] = {"displayName"};

const struct scim_resource_type *scim_paths_type(enum entry_kind kind)
{
    return kind == ENTRY_GROUP ? &scim_groups : &scim_users;
}

void scim_paths_free(struct scim_paths **paths)
{
    struct scim_paths *p = *paths;
    if (!p)
        return;
    pool_free(&p->pool);
    free(p->exclude);
    for (int kind = 0; kind <= ENTRY_GROUP; kind++)
        free(p->wanted[kind]);
    free(p);
    *paths = NULL;
}

/* --- what is wrong with a line ------------------------------------------------------------------------------------ */

/* The place stands ahead, where the configuration's reader looks for it and adds whose key it is. */
static int fault(const struct conf_section *section, const char *key, size_t i, struct span value, const char *what,
                 struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    return err_set(err, ERR_CONFIG, "%s: %s '%.400s': %s", conf_where_key(section, key, i), key,
                   text_printable(pool, value), what);
}

static void add_names(const struct scim_schema *schema, struct pool *pool, const char **names, size_t *n)
{
    for (size_t i = 0; i < schema->nattrs; i++) {
        const struct scim_attr *attr = &schema->attrs[i];
        if (*n < NAMES_MAX)
            names[(*n)++] = attr->name;
        for (size_t j = 0; j < attr->nsubs && *n < NAMES_MAX; j++)
            names[(*n)++] = pool_printf(pool, "%s.%s", attr->name, attr->subs[j].name);
    }
}

static const char *no_such(enum entry_kind kind, struct span text, struct pool *pool)
{
    const struct scim_resource_type *type = scim_paths_type(kind);
    const char *names[NAMES_MAX];
    size_t n = 0, name = 0;
    add_names(type->schema, pool, names, &n);
    add_names(&scim_common, pool, names, &n);
    for (size_t i = 0; i < type->nextensions; i++)
        add_names(type->extensions[i].schema, pool, names, &n);
    while (name < text.n && text.p[name] != '[')
        name++;
    const char *near = text_nearest(pool_strndup(pool, text.p, name), names, n);
    return near ? pool_printf(pool, "a %s has no such attribute; did you mean '%s'?", type->name, near)
                : pool_printf(pool, "a %s has no such attribute", type->name);
}

/* A name that stands in brackets and that no value has: nothing would ever fit. */
static bool is_known(const struct scim_filter *filter)
{
    if (filter->op < SCIM_AND)
        return filter->known;
    for (const struct scim_filter *f = filter->first; f; f = f->next)
        if (!is_known(f))
            return false;
    return true;
}

static bool is_readable(const struct scim_attrpath *at)
{
    if (!at->attr || at->attr->returned == SCIM_NEVER)
        return false;
    if (at->attr->type != SCIM_COMPLEX)
        return true;
    return at->sub || scim_sub_find(at->attr, "value");
}

/* NULL, or what is wrong with it. */
static const char *parse(struct scim_paths *p, enum entry_kind kind, struct span text, struct scim_path *ret)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_path path = {0};
    if (scim_path_parse(p->pool, scim_paths_type(kind), text, &path, &error) != 0) {
        struct scim_attrpath at;
        const char *open = text.n ? memchr(text.p, '[', text.n) : NULL;
        struct span name = {text.p, open ? (size_t)(open - text.p) : text.n};
        return scim_attrpath_find(scim_paths_type(kind), name, &at) ? pool_strdup(p->pool, error.detail)
                                                                    : no_such(kind, text, p->pool);
    }
    if (!is_readable(&path.at))
        return "has parts, or is no value that can be read; write one of its parts, as in name.givenName";
    if (path.where && !is_known(path.where))
        return "the brackets name something that its values do not have; write them as in emails[type eq \"work\"]";
    *ret = path;
    return NULL;
}

static void want(struct scim_paths *p, enum entry_kind kind, const struct scim_attrpath *at)
{
    for (size_t i = 0; i < p->nwanted[kind]; i++)
        if (p->wanted[kind][i].attr == at->attr)
            return;
    *MEM_PUSH(&p->wanted[kind], &p->nwanted[kind], &p->cap_wanted[kind]) =
        (struct scim_wanted){at->extension, at->attr};
}

/* --- choices ------------------------------------------------------------------------------------------------------ */

static const char *add_choice(struct scim_paths *p, unsigned kinds, const char *text, struct scim_choice *ret)
{
    const char *what = NULL;
    for (int kind = ENTRY_PERSON; kind <= ENTRY_GROUP; kind++) {
        if (!(kinds & 1U << kind))
            continue;
        what = parse(p, (enum entry_kind)kind, span_str(text), &ret->paths[ret->n]);
        if (what)
            return what;
        want(p, (enum entry_kind)kind, &ret->paths[ret->n].at);
    }
    ret->texts[ret->n++] = pool_strdup(p->pool, text);
    return NULL;
}

static int read_choice(struct scim_paths *p, const struct conf_section *section, const char *key,
                       const char *const *otherwise, enum entry_kind kind, struct scim_choice *ret, struct err *err)
{
    size_t n = conf_count(section, key);
    if (n > SCIM_PATHS_CANDIDATES)
        return fault(section, key, n - 1, span_str(conf_at(section, key, n - 1)), "one too many; at most 4 are tried",
                     err);
    if (n == 1 && text_same_ascii(conf_at(section, key, 0), "none"))
        return 0;
    for (size_t i = 0; n ? i < n : i < SCIM_PATHS_CANDIDATES && otherwise[i]; i++) {
        const char *text = n ? conf_at(section, key, i) : otherwise[i];
        const char *what = add_choice(p, 1U << kind, text, ret);
        if (what)
            return fault(section, key, i, span_str(text), what, err);
    }
    return 0;
}

static int read_attrs(struct scim_paths *p, const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < ATTR_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof key, "map-%s", attr_names[i]);
        if (read_choice(p, section, key, defaults[i], ENTRY_PERSON, &p->attr[i], err) != 0)
            return -1;
    }
    return read_choice(p, section, "map-group-name", default_group_name, ENTRY_GROUP, &p->group_name, err);
}

/* People and groups alike have it, and once. */
static int read_id(struct scim_paths *p, const struct conf_section *section, struct err *err)
{
    const char *text = conf_str(section, "id-attribute");
    const struct scim_attrpath own = {.attr = scim_type_attr(&scim_users, span_str("id"))};
    const char *what = add_choice(p, 1U << ENTRY_PERSON | 1U << ENTRY_GROUP, text, &p->id);
    if (!what && (p->id.paths[0].at.attr->multi || p->id.paths[0].at.attr->type != SCIM_STRING))
        what = "not a text that stands once; write id or externalId";
    for (int kind = ENTRY_PERSON; kind <= ENTRY_GROUP; kind++)
        want(p, (enum entry_kind)kind, &own);
    p->id_is_own = !what && p->id.paths[0].at.attr == own.attr;
    return what ? fault(section, "id-attribute", 0, span_str(text), what, err) : 0;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

/* Behind the brackets, which may hold one, too. */
static const char *find_equals(const char *text)
{
    const char *close = strrchr(text, ']'), *open = strchr(text, '['), *equals = strchr(text, '=');
    if (open && close && equals && open < equals && open < close)
        equals = strchr(close, '=');
    return equals;
}

/* NULL, or what is wrong with it. Of two kinds, one has to have the attribute. */
static const char *parse_rule(struct scim_paths *p, const char *text, bool may_negate, unsigned kinds,
                              struct scim_rule *ret)
{
    static const char form[] = "not a rule; write PATH=PATTERN, as in emails.value=*-test@example.com";
    const char *equals = find_equals(text), *what = NULL;
    if (!equals)
        return form;
    struct span name = {text, (size_t)(equals - text)};
    *ret = (struct scim_rule){.negated = name.n > 0 && name.p[name.n - 1] == '!'};
    name.n -= ret->negated;
    while (name.n > 0 && name.p[name.n - 1] == ' ')
        name.n--;
    const char *pattern = equals + 1 + strspn(equals + 1, " ");
    if (name.n == 0 || !*pattern || (ret->negated && !may_negate))
        return form;
    ret->text = pool_strdup(p->pool, text);
    ret->pattern = pool_strdup(p->pool, pattern);
    for (int kind = ENTRY_GROUP; kind >= ENTRY_PERSON; kind--)
        if (kinds & 1U << kind && !(what = parse(p, (enum entry_kind)kind, name, &ret->paths[kind])))
            want(p, (enum entry_kind)kind, &ret->paths[kind].at);
    return ret->paths[ENTRY_PERSON].at.attr || ret->paths[ENTRY_GROUP].at.attr ? NULL : what;
}

static int read_rules(struct scim_paths *p, const struct conf_section *section, struct err *err)
{
    const char *text = conf_str(section, "map-active"), *what = NULL;
    p->has_active = !text_same_ascii(text, "always");
    if (p->has_active && (what = parse_rule(p, text, true, 1U << ENTRY_PERSON, &p->active)))
        return fault(section, "map-active", 0, span_str(text), what, err);
    for (size_t i = 0; i < conf_count(section, "exclude"); i++) {
        text = conf_at(section, "exclude", i);
        struct scim_rule rule;
        if ((what = parse_rule(p, text, false, 1U << ENTRY_PERSON | 1U << ENTRY_GROUP, &rule)))
            return fault(section, "exclude", i, span_str(text), what, err);
        *MEM_PUSH(&p->exclude, &p->nexclude, &p->cap_exclude) = rule;
    }
    return 0;
}

int scim_paths_new(const struct conf_section *section, struct scim_paths **ret, struct err *err)
{
    CLEANUP(scim_paths_free) struct scim_paths *p = mem_zero(sizeof *p);
    p->pool = pool_new();
    if (read_id(p, section, err) != 0 || read_attrs(p, section, err) != 0 || read_rules(p, section, err) != 0)
        return -1;
    *ret = TAKE(p);
    return 0;
}

int scim_paths_check(const struct conf_section *section, struct err *err)
{
    CLEANUP(scim_paths_free) struct scim_paths *p = NULL;
    struct key128 key;
    if (scim_paths_new(section, &p, err) != 0)
        return -1;
    for (size_t i = 0; i < conf_count(section, "scope-group"); i++)
        if (scim_paths_name_key(conf_at(section, "scope-group", i), &key, err) != 0)
            return err_wrap(err, "%s: scope-group", conf_where_key(section, "scope-group", i));
    return 0;
}

/* --- further attributes ------------------------------------------------------------------------------------------- */

static int want_one(struct scim_paths *p, const char *name, struct scim_choice *ret, struct err *err)
{
    const char *what = add_choice(p, 1U << ENTRY_PERSON, name, ret);
    return what ? err_set(err, ERR_CONFIG, "'%.200s': %s", text_printable(p->pool, span_str(name)), what) : 0;
}

int scim_paths_want(struct scim_paths *p, const char *const *names, size_t n, struct err *err)
{
    p->extra = pool_zero(p->pool, (n + 1) * sizeof *p->extra);
    for (p->nextra = 0; p->nextra < n; p->nextra++)
        if (want_one(p, names[p->nextra], &p->extra[p->nextra], err) != 0)
            return -1;
    return 0;
}

int scim_paths_can_want(const char *name, struct err *err)
{
    CLEANUP(scim_paths_free) struct scim_paths *p = mem_zero(sizeof *p);
    struct scim_choice choice = {.n = 0};
    p->pool = pool_new();
    return want_one(p, name, &choice, err);
}
