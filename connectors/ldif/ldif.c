/*
 * "type = ldif": a directory as a file, such as an export of ldapsearch or slapcat.
 *
 * A file proves absence only when it was read to its end, every line of it was understood, and nobody wrote to it
 * meanwhile.
 */
#include "connectors/ldif/ldif.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/deliver.h"
#include "connectors/dn.h"
#include "connectors/ldif/records.h"

struct directory {
    char *path;
    struct attrmap *map;
};

static const struct conf_item settings[] = {
    {.key = "file",
     .type = CONF_FILE,
     .required = true,
     .example = "/var/lib/doorward/hq.ldif",
     .help = "File of LDIF content records (ldapsearch -LLL, slapcat), at most 1 GiB. Entries without the id-attribute "
             "are known by their DN "
             "instead: then a rename looks like one person leaving and another joining."},
    ATTRMAP_ROWS,
    {.key = NULL},
};

static void ldif_close_directory(struct directory **directory)
{
    if (!*directory)
        return;
    attrmap_free(&(*directory)->map);
    free((*directory)->path);
    free(*directory);
    *directory = NULL;
}

static int ldif_open_directory(const struct conf_section *section, struct store *store,
                                struct directory **ret, struct err *err)
{
    (void)store;
    CLEANUP(ldif_close_directory) struct directory *directory = mem_zero(sizeof *directory);
    if (attrmap_new(section, &directory->map, err) != 0)
        return -1;
    directory->path = mem_strdup(conf_str(section, "file"));
    CLEANUP(records_close) struct records *records = NULL;
    if (records_open(directory->path, &records, err) != 0)
        return -1;
    *ret = TAKE(directory);
    return 0;
}

static bool has_class(const struct raw *raw, const struct raw_attr *attr, const char *const *classes)
{
    for (size_t i = 0; i < attr->n; i++)
        for (const char *const *class = classes; *class; class ++)
            if (strncasecmp(*class, raw->values[attr->first + i].p, raw->values[attr->first + i].n) == 0 &&
                (*class)[raw->values[attr->first + i].n] == '\0')
                return true;
    return false;
}

static bool is_of(const struct raw *raw, const char *const *classes)
{
    for (size_t i = 0; i < raw->nattrs; i++) {
        const struct raw_attr *attr = &raw->attrs[i];
        if (attr->type.n == 11 && strncasecmp(attr->type.p, "objectClass", 11) == 0 && has_class(raw, attr, classes))
            return true;
    }
    return false;
}

/* An entry that is both is a person, as with type = ldap. 1: go on with the next; -1: the sink ended it. */
static int deliver_record(const struct directory *directory, struct deliver *deliver, struct raw *raw, struct err *err)
{
    if (is_of(raw, directory->map->flavour->person_classes))
        return deliver_entry(deliver, ENTRY_PERSON, raw, err);
    if (is_of(raw, directory->map->flavour->group_classes))
        return deliver_entry(deliver, ENTRY_GROUP, raw, err);
    if (is_of(raw, flavour_container_classes))
        return deliver_entry(deliver, ENTRY_CONTAINER, raw, err);
    return 0;
}

static int ldif_pull(struct directory *directory, const char *cursor, const struct sink *sink, enum pull_result *ret,
                     struct err *err)
{
    (void)cursor;
    CLEANUP(records_close) struct records *records = NULL;
    if (records_open(directory->path, &records, err) != 0)
        return -1;
    CLEANUP(deliver_free) struct deliver *deliver = deliver_new(directory->map, sink, true);
    CLEANUP(raw_release) struct raw raw = RAW_INIT;
    int rc;
    while ((rc = records_next(records, &raw, err)) > 0)
        if (deliver_record(directory, deliver, &raw, err) != 0)
            return -1;
    if (rc == 0)
        rc = records_check_unchanged(records, err);
    if (deliver_count(deliver, ENTRY_PERSON) + deliver_count(deliver, ENTRY_GROUP) == 0)
        return rc ? -1
                  : err_set(err, ERR_INPUT, "%s: no person and no group in it; export the directory again",
                            directory->path);
    *ret = rc == 0 ? PULL_COMPLETE : PULL_PARTIAL;
    return 0;
}

static int ldif_want(struct directory *directory, const char *const *names, size_t n, struct err *err)
{
    return attrmap_want(directory->map, names, n, err);
}

static const char *ldif_describe(const struct directory *directory)
{
    return directory->path;
}

const struct directory_connector ldif_connector = {
    .name = "ldif",
    .help = "A file of LDIF: the export of a directory, read whole.",
    .settings = settings,
    .check = attrmap_check,
    .open = ldif_open_directory,
    .want = ldif_want,
    .pull = ldif_pull,
    .name_key = dn_key_of,
    .describe = ldif_describe,
    .close = ldif_close_directory,
};
