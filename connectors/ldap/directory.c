/*
 * "type = ldap": people and groups by search, streamed.
 *
 * A pull is: which entries are both (they are people), the people, the groups, the containers. Entries of which the server gave a part
 * only are read again at the end of their search, so that no other search's entries pile up in memory meanwhile.
 */
#include "connectors/ldap/directory.h"

#include "base/cleanup.h"
#include "base/keymap.h"
#include "base/log.h"
#include "base/mem.h"
#include "connectors/deliver.h"
#include "connectors/dn.h"
#include "connectors/ldap/locate.h"
#include "connectors/ldap/range.h"
#include "connectors/ldap/search.h"
#include "connectors/ldap/settings.h"
#include "connectors/ldap/walk.h"

/* What is kept in memory of odd entries. More of them than this are a mistake. */
#define ODD_MAX 100000

struct directory {
    const struct conf_section *section;
    struct session session;
    struct attrmap *map;
    struct missing_base missing; /* name NULL: none */
};

static const char *const plural[] = {
    [ENTRY_PERSON] = "people", [ENTRY_GROUP] = "groups", [ENTRY_CONTAINER] = "containers"};

/* An entry to be read again, and the place of the base that it was found through. */
struct ranged {
    char *dn;
    size_t base;
};

/* One pull at work. */
struct pull {
    struct directory *directory;
    const struct sink *sink;
    struct deliver *deliver;
    struct dn_keyer *keyer;
    struct raw raw;
    struct keymap both; /* names of entries that are people and groups */
    enum entry_kind kind;
    size_t base;
    struct ranged *ranged;
    size_t nranged, cap_ranged;
};

static void forget_ranged(struct pull *pull)
{
    for (size_t i = 0; i < pull->nranged; i++)
        free(pull->ranged[i].dn);
    pull->nranged = 0;
}

static void pull_release(struct pull *pull)
{
    forget_ranged(pull);
    free(pull->ranged);
    deliver_free(&pull->deliver);
    dn_keyer_free(&pull->keyer);
    raw_release(&pull->raw);
    keymap_release(&pull->both);
}

static int undecodable(const struct pull *pull, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s: an entry that is not decodable or too large; look at the server's log",
                   pull->directory->session.uri);
}

static bool is_both(struct pull *pull)
{
    struct key128 key;
    return pull->both.used && dn_keyer_name(pull->keyer, pull->raw.name, &key) == 0 &&
           keymap_find(&pull->both, key) != KEYMAP_NONE;
}

static int take_entry(void *ctx, LDAPMessage **entry, struct err *err)
{
    struct pull *pull = ctx;
    if (walk_entry(pull->directory->session.ld, *entry, &pull->raw) != 0)
        return undecodable(pull, err);
    if (pull->kind == ENTRY_GROUP && is_both(pull))
        return 0;
    if (range_is_open(&pull->raw)) {
        if (pull->nranged == ODD_MAX || pull->raw.name.n == 0)
            return undecodable(pull, err);
        *MEM_PUSH(&pull->ranged, &pull->nranged, &pull->cap_ranged) =
            (struct ranged){mem_strndup(pull->raw.name.p, pull->raw.name.n), pull->base};
        return 0;
    }
    return deliver_entry(pull->deliver, pull->kind, &pull->raw, err);
}

static int take_both(void *ctx, LDAPMessage **entry, struct err *err)
{
    struct pull *pull = ctx;
    struct key128 key;
    if (walk_entry(pull->directory->session.ld, *entry, &pull->raw) != 0)
        return undecodable(pull, err);
    if (pull->both.used == ODD_MAX)
        return err_set(err, ERR_CONFIG,
                       "%s: person-filter and group-filter agree on more than %d entries; make them differ",
                       pull->directory->session.uri, ODD_MAX);
    if (dn_keyer_name(pull->keyer, pull->raw.name, &key) == 0)
        keymap_put(&pull->both, key, 1);
    return 0;
}

static int tell_base(struct pull *pull, size_t i, struct err *err)
{
    pull->base = i;
    if (!pull->sink->base)
        return 0;
    const char *name = settings_base(pull->directory->section, pull->kind, i);
    return pull->sink->base(pull->sink->ctx, span_str(name), err);
}

static int search_bases(struct pull *pull, const char *filter, const char **attrs,
                        int (*take)(void *, LDAPMessage **, struct err *), struct err *err)
{
    const struct conf_section *section = pull->directory->section;
    int rc = 1;
    for (size_t i = 0; rc == 1 && i < settings_base_count(section, pull->kind); i++) {
        if (tell_base(pull, i, err) != 0)
            return -1;
        struct search search = {.session = &pull->directory->session,
                                .base = settings_base(section, pull->kind, i),
                                .filter = filter,
                                .scope = LDAP_SCOPE_SUBTREE,
                                .attrs = attrs,
                                .page_size = settings_page_size(section),
                                .what = plural[pull->kind],
                                .take = take,
                                .ctx = pull};
        rc = search_run(&search, err);
        if (rc < 0 && search.code == LDAP_NO_SUCH_OBJECT)
            pull->directory->missing = (struct missing_base){search.base, settings_base_where(section, pull->kind, i)};
    }
    return rc;
}

/*
 * The server is asked for the entries that are both, and not for groups that are no people: "not" of a filter that it
 * cannot evaluate is no group at all.
 */
static int find_both(struct pull *pull, struct err *err)
{
    const struct conf_section *section = pull->directory->section;
    CLEANUP(freep) char *people = settings_filter(section, ENTRY_PERSON);
    CLEANUP(freep) char *groups = settings_filter(section, ENTRY_GROUP);
    CLEANUP(freep) char *filter = mem_printf("(&%s%s)", groups, people);
    const char *none[] = {LDAP_NO_ATTRS, NULL};
    pull->kind = ENTRY_GROUP;
    int rc = search_bases(pull, filter, none, take_both, err);
    if (pull->both.used)
        log_debug("%s: %zu entries are people and groups; taken as people", pull->directory->session.uri,
                  pull->both.used);
    return rc;
}

static int read_ranged(struct pull *pull, const char **attrs, struct err *err)
{
    for (size_t i = 0; i < pull->nranged; i++) {
        CLEANUP(range_free) struct range *range = NULL;
        int rc = range_read(&pull->directory->session, pull->ranged[i].dn, attrs, &pull->raw, &range, err);
        if (rc != 1)
            return rc < 0 && err->kind == ERR_CONFIG ? 0 : rc;
        if (tell_base(pull, pull->ranged[i].base, err) != 0 ||
            deliver_entry(pull->deliver, pull->kind, &pull->raw, err) != 0)
            return -1;
    }
    forget_ranged(pull);
    return 1;
}

static int pull_kind(struct pull *pull, enum entry_kind kind, struct err *err)
{
    CLEANUP(freep) const char **attrs = attrmap_wanted(pull->directory->map, kind);
    CLEANUP(freep) char *filter = settings_filter(pull->directory->section, kind);
    pull->kind = kind;
    int rc = search_bases(pull, filter, attrs, take_entry, err);
    return rc == 1 ? read_ranged(pull, attrs, err) : rc;
}

/* An empty answer is what wrong access rules and wrong filters look like: it is no evidence that everybody left. */
static int check_found(const struct pull *pull, struct err *err)
{
    const struct conf_section *section = pull->directory->section;
    if (deliver_count(pull->deliver, ENTRY_PERSON) > 0)
        return 1;
    err_set(err, ERR_PARTIAL, "%s: no people below '%s'; check person-filter, the base, and what the bind DN may read",
            pull->directory->session.uri, settings_base(section, ENTRY_PERSON, 0));
    return 0;
}

static int directory_pull(struct directory *directory, const char *cursor, const struct sink *sink,
                          enum pull_result *ret, struct err *err)
{
    (void)cursor;
    CLEANUP(pull_release)
    struct pull pull = {.directory = directory,
                        .sink = sink,
                        .deliver = deliver_new(directory->map, sink, false),
                        .keyer = dn_keyer_new()};
    directory->missing = (struct missing_base){0};
    int rc = find_both(&pull, err);
    for (int kind = ENTRY_PERSON; rc == 1 && kind < ENTRY_KINDS; kind++)
        rc = pull_kind(&pull, (enum entry_kind)kind, err);
    if (rc == 1)
        rc = check_found(&pull, err);
    bool nothing = deliver_count(pull.deliver, ENTRY_PERSON) + deliver_count(pull.deliver, ENTRY_GROUP) == 0;
    if (rc < 0 || (rc == 0 && nothing))
        return -1;
    *ret = rc == 1 ? PULL_COMPLETE : PULL_PARTIAL;
    return 0;
}

static void directory_close(struct directory **directory)
{
    if (!*directory)
        return;
    session_close(&(*directory)->session);
    attrmap_free(&(*directory)->map);
    free(*directory);
    *directory = NULL;
}

static int directory_open(const struct conf_section *section, struct store *store,
                           struct directory **ret, struct err *err)
{
    (void)store;
    CLEANUP(directory_close) struct directory *directory = mem_zero(sizeof *directory);
    directory->section = section;
    if (settings_check(section, err) != 0 || attrmap_new(section, &directory->map, err) != 0 ||
        session_open(section, &directory->session, err) != 0)
        return -1;
    *ret = TAKE(directory);
    return 0;
}

static int directory_locate(struct directory *directory, struct span id, struct pool *pool, const char **ret,
                            struct err *err)
{
    const struct locate locate = {&directory->session, attrmap_id_name(directory->section),
                                  settings_page_size(directory->section)};
    return locate_entry(&locate, id, pool, ret, err);
}

static int directory_want(struct directory *directory, const char *const *names, size_t n, struct err *err)
{
    return attrmap_want(directory->map, names, n, err);
}

static bool directory_missing_base(const struct directory *directory, struct missing_base *ret)
{
    *ret = directory->missing;
    return directory->missing.name != NULL;
}

static const char *directory_describe(const struct directory *directory)
{
    return directory->session.uri;
}

const struct directory_connector ldap_connector = {
    .name = "ldap",
    .help = "An LDAP server: OpenLDAP and others that keep to the standard.",
    .settings = ldap_rows,
    .check = settings_check,
    .open = directory_open,
    .want = directory_want,
    .pull = directory_pull,
    .locate = directory_locate,
    .missing_base = directory_missing_base,
    .name_key = dn_key_of,
    .describe = directory_describe,
    .close = directory_close,
};
