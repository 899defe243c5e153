#include "store/policy.h"

#include "base/mem.h"

int team_find(struct db *db, const char *name, struct team_row *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *find = NULL;
    if (db_query(db, "SELECT id, enabled_at, policy FROM team WHERE name = ?", DB_ARGS(DB_TEXT(name)), &find, err) != 0)
        return -1;
    int r = stmt_step(find, err);
    if (r < 0)
        return -1;
    *ret = (struct team_row){0};
    if (r == 1)
        *ret = (struct team_row){.id = stmt_int(find, 0),
                                 .enabled_at = stmt_int(find, 1),
                                 .policy = stmt_is_null(find, 2) ? NULL : mem_strdup(stmt_text(find, 2))};
    return 0;
}

int team_get(struct db *db, const char *name, struct team_row *ret, struct err *err)
{
    if (db_run(db, "INSERT INTO team (name) VALUES (?) ON CONFLICT (name) DO NOTHING", DB_ARGS(DB_TEXT(name)), err) !=
        0)
        return -1;
    return team_find(db, name, ret, err);
}

void team_row_release(struct team_row *row)
{
    free(row->policy);
    row->policy = NULL;
}

int team_enable(struct db *db, int64_t team, int64_t when, struct err *err)
{
    return db_run(db, "UPDATE team SET enabled_at = ? WHERE id = ?", DB_ARGS(DB_INT(when), DB_INT(team)), err);
}

int team_set_policy(struct db *db, int64_t team, const char *digest, struct err *err)
{
    return db_run(db, "UPDATE team SET policy = ? WHERE id = ?", DB_ARGS(DB_TEXT(digest), DB_INT(team)), err);
}

int target_find(struct db *db, int64_t team, enum target_kind kind, const char *name, uint32_t *ret, struct err *err)
{
    int64_t id;
    if (db_number(db, "SELECT id FROM target WHERE team = ? AND kind = ? AND name = ?",
                  DB_ARGS(DB_INT(team), DB_INT(kind), DB_TEXT(name)), &id, err) != 0)
        return -1;
    *ret = (uint32_t)id;
    return 0;
}

int target_get(struct db *db, int64_t team, enum target_kind kind, const char *name, uint32_t group, uint32_t *ret,
               struct err *err)
{
    if (target_find(db, team, kind, name, ret, err) != 0)
        return -1;
    if (*ret)
        return 0;
    if (db_run(db, "INSERT INTO target (team, kind, name, grp) VALUES (?, ?, ?, ?)",
               DB_ARGS(DB_INT(team), DB_INT(kind), DB_TEXT(name), DB_INT(group)), err) != 0)
        return -1;
    *ret = (uint32_t)db_last_id(db);
    return 0;
}

static int drop_target(struct db *db, uint32_t target, struct err *err)
{
    static const char *const scripts[] = {"DELETE FROM entitled WHERE target = ?",
                                          "DELETE FROM target_group WHERE target = ?",
                                          "DELETE FROM target WHERE id = ?"};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (db_run(db, scripts[i], DB_ARGS(DB_INT(target)), err) != 0)
            return -1;
    return 0;
}

static bool among(const uint32_t *sorted, size_t n, uint32_t value)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && sorted[low] == value;
}

int target_drop_others(struct db *db, int64_t team, const uint32_t *keep, size_t n, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT id FROM target WHERE team = ?", DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    CLEANUP(freep) uint32_t *gone = NULL;
    size_t ngone = 0, cap = 0;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        if (!among(keep, n, (uint32_t)stmt_int(st, 0)))
            *MEM_PUSH(&gone, &ngone, &cap) = (uint32_t)stmt_int(st, 0);
    for (size_t i = 0; r == 0 && i < ngone; i++)
        r = drop_target(db, gone[i], err);
    return r;
}

int target_bound(struct db *db, uint32_t target, const char *configured, uint32_t *ret_group, struct err *err)
{
    int64_t group;
    if (db_number(db, "SELECT grp FROM target_group WHERE target = ? AND configured = ?",
                  DB_ARGS(DB_INT(target), DB_TEXT(configured)), &group, err) != 0)
        return -1;
    *ret_group = (uint32_t)group;
    return 0;
}

int target_bind(struct db *db, uint32_t target, const char *configured, uint32_t group, struct err *err)
{
    return db_run(db,
                  "INSERT INTO target_group (target, configured, grp) VALUES (?, ?, ?)"
                  " ON CONFLICT (target, configured) DO UPDATE SET grp = excluded.grp",
                  DB_ARGS(DB_INT(target), DB_TEXT(configured), DB_INT(group)), err);
}

int group_get(struct db *db, const char *directory, uint32_t group, bool *ret_there, char **ret_name, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT e.gone_at = 0 AND d.name = ?, g.name FROM grp g JOIN entry e ON e.id = g.id"
                 " JOIN directory d ON d.id = e.directory WHERE g.id = ?",
                 DB_ARGS(DB_TEXT(directory), DB_INT(group)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret_there = r == 1 && stmt_int(st, 0) != 0;
    *ret_name = mem_strdup(r == 1 ? stmt_text(st, 1) : "");
    return 0;
}

int group_state(struct db *db, uint32_t group, bool *ret_there, bool *ret_any, struct err *err)
{
    int64_t there, any;
    if (db_number(db, "SELECT count(*) FROM entry WHERE id = ? AND gone_at = 0", DB_ARGS(DB_INT(group)), &there, err) !=
            0 ||
        db_number(db,
                  "SELECT EXISTS (SELECT 1 FROM edge CROSS JOIN ref ON ref.id = edge.ref CROSS JOIN entry e ON"
                  " e.id = ref.entry WHERE edge.grp = ? AND e.gone_at = 0)",
                  DB_ARGS(DB_INT(group)), &any, err) != 0)
        return -1;
    *ret_there = there != 0;
    *ret_any = any != 0;
    return 0;
}

int group_by_key(struct db *db, const char *directory, struct key128 key, uint32_t *ret, struct err *err)
{
    int64_t group;
    if (db_number(db,
                  "SELECT g.id FROM ref r JOIN directory d ON d.id = r.directory JOIN grp g ON g.id = r.entry"
                  " JOIN entry e ON e.id = g.id WHERE r.key_hi = ? AND r.key_lo = ? AND d.name = ? AND e.gone_at = 0",
                  DB_ARGS(DB_INT((int64_t)key.hi), DB_INT((int64_t)key.lo), DB_TEXT(directory)), &group, err) != 0)
        return -1;
    *ret = (uint32_t)group;
    return 0;
}

int group_named(struct db *db, const char *directory, const char *name, uint32_t *ret, size_t *ret_n, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT count(*), min(g.id) FROM grp g JOIN entry e ON e.id = g.id JOIN directory d"
                 " ON d.id = e.directory WHERE d.name = ? AND e.gone_at = 0 AND lower(g.name) = lower(?)",
                 DB_ARGS(DB_TEXT(directory), DB_TEXT(name)), &st, err) != 0 ||
        stmt_step(st, err) != 1)
        return -1;
    *ret_n = (size_t)stmt_int(st, 0);
    *ret = *ret_n ? (uint32_t)stmt_int(st, 1) : 0;
    return 0;
}

static int each_number(struct stmt *st, void (*each)(void *ctx, uint32_t a), void *ctx, struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0));
    return r;
}

static int each_pair(struct stmt *st, void (*each)(void *ctx, uint32_t a, uint32_t b), void *ctx, struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), (uint32_t)stmt_int(st, 1));
    return r;
}

int group_each(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group), void *ctx,
               struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT g.id FROM grp g CROSS JOIN entry e ON e.id = g.id"
                 " WHERE e.directory = (SELECT id FROM directory WHERE name = ?) AND e.gone_at = 0 ORDER BY g.id",
                 DB_ARGS(DB_TEXT(directory)), &st, err) != 0)
        return -1;
    return each_number(st, each, ctx, err);
}

int group_nestings(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group, uint32_t member),
                   void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    /* From the few groups to the edges that name them, not through every edge. */
    if (db_prepare(
            db,
            "SELECT edge.grp, g.id FROM grp g CROSS JOIN entry e ON e.id = g.id CROSS JOIN ref r ON r.entry = g.id"
            " CROSS JOIN edge ON edge.ref = r.id"
            " WHERE e.directory = (SELECT id FROM directory WHERE name = ?) AND e.gone_at = 0",
            &st, err) != 0)
        return -1;
    stmt_bind_text(st, 1, directory);
    return each_pair(st, each, ctx, err);
}

int group_parents(struct db *db, const char *directory, uint32_t member, void (*each)(void *ctx, uint32_t group),
                  void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT edge.grp FROM entry e CROSS JOIN ref r ON r.entry = e.id CROSS JOIN edge ON edge.ref = r.id"
                 " WHERE e.id = ? AND e.gone_at = 0 AND e.directory = (SELECT id FROM directory WHERE name = ?)"
                 " ORDER BY edge.grp",
                 DB_ARGS(DB_INT(member), DB_TEXT(directory)), &st, err) != 0)
        return -1;
    return each_number(st, each, ctx, err);
}

/* Which person each reference names now: an array, as a join would look each of many edges up in three tables. */
static int load_bearers(struct db *db, const char *directory, uint32_t **ret, uint32_t *ret_n, struct err *err)
{
    int64_t max = 0;
    if (db_get_int(db, "SELECT max(id) FROM ref", &max, err) != 0)
        return -1;
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT r.id, r.entry FROM ref r JOIN entry e ON e.id = r.entry"
                 " WHERE +r.directory = (SELECT id FROM directory WHERE name = ?) AND e.kind = 0 AND e.gone_at = 0 "
                 "ORDER BY r.id",
                 DB_ARGS(DB_TEXT(directory)), &st, err) != 0)
        return -1;
    CLEANUP(freep) uint32_t *bearer = mem_zero(((size_t)max + 1) * sizeof *bearer);
    int r;
    while ((r = stmt_step(st, err)) == 1)
        bearer[stmt_int(st, 0)] = (uint32_t)stmt_int(st, 1);
    *ret_n = (uint32_t)max + 1;
    *ret = TAKE(bearer);
    return r;
}

int group_members(struct db *db, const char *directory, void (*each)(void *ctx, uint32_t group, uint32_t person),
                  void *ctx, struct err *err)
{
    CLEANUP(freep) uint32_t *bearer = NULL;
    uint32_t n = 0;
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (load_bearers(db, directory, &bearer, &n, err) != 0 ||
        db_prepare(db, "SELECT grp, ref FROM edge ORDER BY grp, ref", &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        int64_t ref = stmt_int(st, 1);
        if (ref < n && bearer[ref])
            each(ctx, (uint32_t)stmt_int(st, 0), bearer[ref]);
    }
    return r;
}

int person_groups(struct db *db, uint32_t person, void (*each)(void *ctx, uint32_t group), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT edge.grp FROM entry e JOIN ref r ON r.entry = e.id JOIN edge ON edge.ref = r.id"
                 " WHERE e.id = ? AND e.gone_at = 0 ORDER BY edge.grp",
                 DB_ARGS(DB_INT(person)), &st, err) != 0)
        return -1;
    return each_number(st, each, ctx, err);
}

int entitled_clear(struct db *db, uint32_t target, struct err *err)
{
    return db_run(db, "DELETE FROM entitled WHERE target = ?", DB_ARGS(DB_INT(target)), err);
}

int entitled_drop(struct db *db, uint32_t target, uint32_t person, struct err *err)
{
    return db_run(db, "DELETE FROM entitled WHERE target = ? AND person = ?", DB_ARGS(DB_INT(target), DB_INT(person)),
                  err);
}

int entitled_begin(struct db *db, struct stmt **ret, struct err *err)
{
    return db_prepare(db, "INSERT INTO entitled (target, person, via) VALUES (?, ?, ?)", ret, err);
}

int entitled_put(struct stmt *put, uint32_t target, uint32_t person, uint32_t via, struct err *err)
{
    stmt_bind_int(put, 1, target);
    stmt_bind_int(put, 2, person);
    stmt_bind_int(put, 3, via);
    return stmt_run(put, err);
}

int entitled_each(struct db *db, uint32_t target, void (*each)(void *ctx, uint32_t person, uint32_t via), void *ctx,
                  struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT person, via FROM entitled WHERE target = ? ORDER BY person", DB_ARGS(DB_INT(target)), &st,
                 err) != 0)
        return -1;
    return each_pair(st, each, ctx, err);
}

int entitled_each_of(struct db *db, uint32_t target, uint32_t person,
                     void (*each)(void *ctx, uint32_t person, uint32_t via), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT person, via FROM entitled WHERE target = ? AND person = ?",
                 DB_ARGS(DB_INT(target), DB_INT(person)), &st, err) != 0)
        return -1;
    return each_pair(st, each, ctx, err);
}

int max_entry(struct db *db, uint32_t *ret, struct err *err)
{
    int64_t max = 0;
    if (db_get_int(db, "SELECT max(id) FROM entry", &max, err) != 0)
        return -1;
    *ret = (uint32_t)max;
    return 0;
}
