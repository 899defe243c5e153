#include "push/directory.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/keymap.h"
#include "base/mem.h"
#include "connectors/scim_entry.h"
#include "crypto/digest.h"
#include "store/pushed.h"
#include "store/store.h"

struct directory {
    struct scim_paths *paths;
    struct pushed *pushed; /* NULL: nothing was ever pushed */
    char *name, *path, *cursor;
};

static const struct conf_item settings[] = {SCIM_PATHS_ROWS, {.key = NULL}};

static void push_close(struct directory **directory)
{
    struct directory *d = *directory;
    if (!d)
        return;
    scim_paths_free(&d->paths);
    pushed_close(&d->pushed);
    free(d->name);
    free(d->path);
    free(d->cursor);
    free(d);
    *directory = NULL;
}

static int push_open(const struct conf_section *section, struct store *store, struct directory **ret, struct err *err)
{
    if (!store)
        return err_set(err, ERR_NOT_FOUND, "there is no state yet, and so nothing that was pushed");
    CLEANUP(push_close) struct directory *d = mem_zero(sizeof *d);
    d->name = mem_strdup(conf_name(section));
    d->path = mem_printf("%s/push.db", store->dir);
    if (scim_paths_new(section, &d->paths, err) != 0)
        return -1;
    if (pushed_open_read(store->dir, &d->pushed, err) != 0) {
        if (err->kind != ERR_NOT_FOUND)
            return -1;
        err_clear(err);
    }
    *ret = TAKE(d);
    return 0;
}

static int push_want(struct directory *d, const char *const *names, size_t n, struct err *err)
{
    return scim_paths_want(d->paths, names, n, err);
}

/* --- the cursor: DATABASE:CHANGE:MARK ----------------------------------------------------------------------------- */

static char *cursor_make(const struct directory *d, int64_t change)
{
    char mark[SCIM_PATHS_MARK_SIZE];
    scim_paths_mark(d->paths, mark);
    return mem_printf("%s:%" PRId64 ":%s", pushed_database(d->pushed), change, mark);
}

/*
 * The change behind which everything is new to us; 0: all is. A cursor that is ahead of the database is of before it was
 * put back from a backup.
 */
static int64_t cursor_change(const struct directory *d, const char *cursor, int64_t last)
{
    const char *number = cursor ? strchr(cursor, ':') : NULL;
    if (!number)
        return 0;
    int64_t change = strtoimax(number + 1, NULL, 10);
    CLEANUP(freep) char *same = cursor_make(d, change);
    return change > 0 && change <= last && strcmp(same, cursor) == 0 ? change : 0;
}

/* --- a pull ------------------------------------------------------------------------------------------------------- */

struct pull {
    struct directory *directory;
    struct scim_entry *entry;
    int64_t change; /* what the next pull begins behind */
    bool stays;     /* a fault: it is met, and told, each time until it is mended */
    int64_t number; /* of the directory in push.db */
    struct ids {
        bool loaded;
        struct keymap count; /* by id, up to two: only when somebody has an id that was another's */
        struct digest *digest;
        struct pool *pool; /* of one resource */
    } ids;
};

static struct key128 id_key(struct ids *ids, struct span id)
{
    digest_start(ids->digest);
    digest_field(ids->digest, id);
    return digest_key(ids->digest);
}

static int count_id(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct pull *pull = ctx;
    struct ids *ids = &pull->ids;
    json_error_t why;
    (void)err;
    if (r->gone)
        return 0;
    json_auto_t *resource = json_loadb(r->text.n ? r->text.p : "", r->text.n, 0, &why);
    pool_reset(ids->pool);
    struct span id = scim_entry_id(pull->directory->paths, resource, ids->pool);
    if (id.n == 0)
        return 0;
    struct key128 key = id_key(ids, id);
    keymap_put(&ids->count, key, keymap_find(&ids->count, key) == KEYMAP_NONE ? 1 : 2);
    return 0;
}

static int is_shared(void *ctx, struct span id, struct err *err)
{
    struct pull *pull = ctx;
    struct ids *ids = &pull->ids;
    if (!ids->loaded) {
        ids->digest = digest_new();
        ids->pool = pool_new();
        ids->loaded = true;
        if (pushed_each_since(pull->directory->pushed, pull->number, 0, count_id, pull, err) != 0)
            return -1;
    }
    return keymap_find(&ids->count, id_key(ids, id)) == 2;
}

static void ids_release(struct ids *ids)
{
    keymap_release(&ids->count);
    digest_free(&ids->digest);
    pool_free(&ids->pool);
}

static int take_member(void *ctx, const struct pushed_resource *member, struct err *err)
{
    (void)err;
    scim_entry_member(ctx, span_str(member->id));
    return 0;
}

static int deliver(struct pull *pull, const struct pushed_resource *r, struct err *err)
{
    json_error_t why;
    json_auto_t *resource = json_loadb(r->text.n ? r->text.p : "", r->text.n, 0, &why);
    if (!json_is_object(resource))
        return err_set(err, ERR_STORE, "%s: the database is damaged; restore it from a backup", pull->directory->path);
    json_object_set_new(resource, "id", json_string(r->id));
    if (r->kind == PUSHED_USER)
        return scim_entry_deliver(pull->entry, ENTRY_PERSON, resource, err);
    if (pushed_members(pull->directory->pushed, r->row, take_member, pull->entry, err) != 0)
        return -1;
    return scim_entry_deliver(pull->entry, ENTRY_GROUP, resource, err);
}

static int take_resource(void *ctx, const struct pushed_resource *r, struct err *err)
{
    struct pull *pull = ctx;
    size_t faults = scim_entry_faults(pull->entry);
    int rc = r->gone ? scim_entry_gone(pull->entry, r->kind == PUSHED_USER ? ENTRY_PERSON : ENTRY_GROUP,
                                       span_str(r->id), err)
                     : deliver(pull, r, err);
    bool faulty = scim_entry_faults(pull->entry) > faults;
    /* Others may have the same number: the groups that a deletion changed. */
    if (faulty && !pull->stays && pull->change >= r->change)
        pull->change = r->change - 1;
    pull->stays |= faulty;
    if (!pull->stays)
        pull->change = r->change;
    return rc;
}

static int pull_changes(struct directory *d, const char *cursor, const struct sink *sink, struct err *err)
{
    int64_t directory = 0;
    struct pushed_about about = {0};
    int found = pushed_directory(d->pushed, d->name, &directory, err);
    if (found < 0 || (found && pushed_about(d->pushed, directory, &about, err) != 0))
        return -1;
    struct pull pull = {.directory = d,
                        .number = directory,
                        .entry = scim_entry_new(d->paths, sink, true),
                        .change = cursor_change(d, cursor, about.change)};
    scim_entry_ask_shared(pull.entry, is_shared, &pull);
    int r = found ? pushed_each_since(d->pushed, directory, pull.change, take_resource, &pull, err) : 0;
    scim_entry_free(&pull.entry);
    ids_release(&pull.ids);
    if (r != 0)
        return -1;
    d->cursor = cursor_make(d, pull.change);
    return 0;
}

static int push_pull(struct directory *d, const char *cursor, const struct sink *sink, enum pull_result *ret,
                     struct err *err)
{
    free(TAKE(d->cursor));
    *ret = PULL_CHANGES;
    if (!d->pushed)
        return cursor ? err_set(err, ERR_STORE,
                                "%s: it is gone, and what was pushed with it; put it back from the backup of the state "
                                "folder, or give the section another name and let the client push everything there",
                                d->path)
                      : 0;
    if (pushed_snapshot(d->pushed, err) != 0)
        return -1;
    int r = pull_changes(d, cursor, sink, err);
    pushed_rollback(d->pushed);
    return r;
}

static const char *push_cursor(const struct directory *d)
{
    return d->cursor;
}

static const char *push_describe(const struct directory *d)
{
    return d->path;
}

const struct directory_connector push_connector = {
    .name = PUSH_DIRECTORY,
    .help = "A directory that is pushed to this server by SCIM 2.0, as Entra ID, Okta, Google and JumpCloud do. The "
            "client needs the address and a token: \"doorward token create NAME\". It needs [serve].",
    .settings = settings,
    .check = scim_paths_check,
    .open = push_open,
    .want = push_want,
    .can_want = scim_paths_can_want,
    .pull = push_pull,
    .cursor = push_cursor,
    .name_key = scim_paths_name_key,
    .names_repeat = true,
    .describe = push_describe,
    .close = push_close,
};
