#include "store/drift.h"

#include "base/mem.h"

#define TIMES_MAX 3                /* so often it is repaired, although it was right in between */
#define KEPT_FOR  (30 * 24 * 3600) /* seconds after the last repair */

struct drift_look {
    struct db *db;
    int64_t team, number, now;
    struct stmt *put;
};

int drift_looked_at(struct db *db, int64_t team, const char *platform, int64_t *ret, struct err *err)
{
    return db_number(db, "SELECT at FROM platform_look WHERE team = ? AND platform = ?",
                     DB_ARGS(DB_INT(team), DB_TEXT(platform)), ret, err);
}

/* --- a look ------------------------------------------------------------------------------------------------------- */

/* Found again: the same as before its repair, or something else, of which nothing was ever repaired. */
static const char put_row[] =
    "INSERT INTO drift (team, op, account, object, stance, print, found, look) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    " ON CONFLICT (team, account, op, object) DO UPDATE SET look = ?8, found = ?7, print = ?6, open = 1, stance = CASE"
    "  WHEN ?5 <> 0 OR ?9 <> 0 OR print <> ?6 THEN ?5"
    "  WHEN open = 1 THEN CASE WHEN times >= ?10 THEN 1 ELSE stance END"
    "  WHEN times > 0 AND (clean = 0 OR times >= ?10) THEN 1 ELSE 0 END,"
    " times = CASE WHEN print = ?6 THEN times ELSE 0 END";

int drift_begin(struct db *db, int64_t team, const char *platform, int64_t now, struct drift_look **ret,
                struct err *err)
{
    struct drift_look *look = mem_zero(sizeof *look);
    *look = (struct drift_look){.db = db, .team = team, .now = now};
    if (db_run(db,
               "INSERT INTO platform_look (team, platform, look, at) VALUES (?1, ?2, 1, 0) ON CONFLICT (team) DO UPDATE"
               " SET platform = ?2, look = look + 1, at = CASE WHEN platform = ?2 THEN at ELSE 0 END",
               DB_ARGS(DB_INT(team), DB_TEXT(platform)), err) != 0 ||
        db_number(db, "SELECT look FROM platform_look WHERE team = ?", DB_ARGS(DB_INT(team)), &look->number, err) !=
            0 ||
        db_prepare(db, put_row, &look->put, err) != 0) {
        free(look);
        return -1;
    }
    *ret = look;
    return 0;
}

static bool takes_access(enum op op)
{
    return op == OP_SUSPEND || op == OP_LEAVE;
}

int drift_put(struct drift_look *look, const struct drift_row *row, struct err *err)
{
    struct stmt *st = look->put;
    const int64_t numbers[] = {look->team, row->op, row->account, row->object, row->stance, row->print};
    stmt_reset(st);
    for (int i = 0; i < 6; i++)
        stmt_bind_int(st, 1 + i, numbers[i]);
    stmt_bind_text(st, 7, row->found);
    stmt_bind_int(st, 8, look->number);
    stmt_bind_int(st, 9, takes_access(row->op));
    stmt_bind_int(st, 10, TIMES_MAX);
    return stmt_run(st, err);
}

/* What was never repaired leaves nothing to remember; what was unclear is so until something else was seen. */
#define OTHERS "team = ?1 AND look <> ?2 AND (?3 OR stance <> ?4)"

static int close_others(struct drift_look *look, bool complete, struct err *err)
{
    struct db *db = look->db;
    const struct db_value others[] = {DB_INT(look->team), DB_INT(look->number), DB_INT(complete),
                                      DB_INT(DRIFT_UNCLEAR)};
    return db_run(db, "DELETE FROM drift WHERE " OTHERS " AND times = 0", others, 4, err) != 0 ||
                   db_run(db, "UPDATE drift SET open = 0, clean = CASE WHEN ?3 THEN 1 ELSE clean END WHERE " OTHERS,
                          others, 4, err) != 0 ||
                   db_run(db, "DELETE FROM drift WHERE team = ? AND open = 0 AND repaired_at < ?",
                          DB_ARGS(DB_INT(look->team), DB_INT(look->now - KEPT_FOR)), err) != 0 ||
                   (complete && db_run(db, "UPDATE platform_look SET at = ? WHERE team = ?",
                                       DB_ARGS(DB_INT(look->now), DB_INT(look->team)), err) != 0)
               ? -1
               : 0;
}

int drift_end(struct drift_look **look, bool complete, struct err *err)
{
    struct drift_look *l = *look;
    *look = NULL;
    stmt_free(&l->put);
    int r = close_others(l, complete, err);
    free(l);
    return r;
}

int drift_forget(struct db *db, int64_t team, struct err *err)
{
    int64_t looked;
    if (db_number(db, "SELECT count(*) FROM platform_look WHERE team = ?", DB_ARGS(DB_INT(team)), &looked, err) != 0)
        return -1;
    if (!looked)
        return 0;
    return db_run(db, "DELETE FROM drift WHERE team = ?", DB_ARGS(DB_INT(team)), err) != 0 ||
                   db_run(db, "DELETE FROM platform_look WHERE team = ?", DB_ARGS(DB_INT(team)), err) != 0
               ? -1
               : 0;
}

/* --- what was found ----------------------------------------------------------------------------------------------- */

#define OPEN_ROWS                                                                                                      \
    "SELECT d.op, d.stance, d.account, d.object, coalesce(a.person, 0), d.print, d.found, d.times FROM drift d"        \
    " LEFT JOIN account a ON a.id = d.account WHERE d.team = ?1 AND d.open = 1"

static int step_rows(struct stmt *st, void (*each)(void *ctx, const struct drift_row *row), void *ctx, struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct drift_row row = {.op = (enum op)stmt_int(st, 0),
                                .stance = (enum drift_stance)stmt_int(st, 1),
                                .account = (uint32_t)stmt_int(st, 2),
                                .object = (uint32_t)stmt_int(st, 3),
                                .person = (uint32_t)stmt_int(st, 4),
                                .print = (uint32_t)stmt_int(st, 5),
                                .found = stmt_text(st, 6),
                                .times = (uint32_t)stmt_int(st, 7)};
        each(ctx, &row);
    }
    return r;
}

int drift_each(struct db *db, int64_t team, void (*each)(void *ctx, const struct drift_row *row), void *ctx,
               struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, OPEN_ROWS " ORDER BY d.account, d.op, d.object", DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    return step_rows(st, each, ctx, err);
}

int drift_each_of(struct db *db, int64_t team, uint32_t person, void (*each)(void *ctx, const struct drift_row *row),
                  void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 OPEN_ROWS " AND d.account = (SELECT id FROM account WHERE team = ?1 AND person = ?2)"
                           " ORDER BY d.op, d.object",
                 DB_ARGS(DB_INT(team), DB_INT(person)), &st, err) != 0)
        return -1;
    return step_rows(st, each, ctx, err);
}

/* The account that a change is about, and no other team's; 0 for a group. */
#define ITS_ACCOUNT "coalesce((SELECT id FROM account WHERE team = ?1 AND person = ?2 AND ?2 <> 0), 0)"

int drift_found(struct db *db, int64_t team, const struct change *c, struct pool *pool, const char **ret,
                struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT found FROM drift WHERE team = ?1 AND account = " ITS_ACCOUNT
                 " AND op = ?3 AND object = ?4 AND print = ?5",
                 DB_ARGS(DB_INT(team), DB_INT(c->person), DB_INT(c->op), DB_INT(c->object), DB_INT(c->detail)), &st,
                 err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = r ? pool_strdup(pool, stmt_text(st, 0)) : "";
    return 0;
}

int drift_state(struct db *db, int64_t team, char ret[static DIGEST_HEX_MAX], struct err *err)
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT account, op, object, stance, print FROM drift WHERE team = ? AND open = 1"
                 " ORDER BY account, op, object",
                 DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    digest_start(d);
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        int64_t row[5];
        for (int i = 0; i < 5; i++)
            row[i] = stmt_int(st, i);
        digest_add(d, row, sizeof row);
    }
    digest_hex(d, ret);
    return r;
}

/* --- repairs ------------------------------------------------------------------------------------------------------ */

/* Whatever was found of what a change is about: of the account itself, or of one thing that it has. */
static int forget_about(struct db *db, int64_t team, const struct change *c, struct err *err)
{
    bool of_thing = c->person && c->object && !op_changes_id((enum op)c->op);
    uint32_t object = of_thing || !c->person ? c->object : 0;
    return db_run(db, "DELETE FROM drift WHERE team = ?1 AND account = " ITS_ACCOUNT " AND object = ?3 AND open = 1",
                  DB_ARGS(DB_INT(team), DB_INT(c->person), DB_INT(object)), err);
}

int drift_settled(struct db *db, int64_t team, const struct change *c, int64_t now, struct err *err)
{
    if (c->cause != CAUSE_DRIFT)
        return forget_about(db, team, c, err);
    return db_run(
        db,
        "UPDATE drift SET open = 0, times = times + 1, repaired_at = ?5, clean = 0 WHERE team = ?1 AND account"
        " = " ITS_ACCOUNT " AND op = ?3 AND object = ?4",
        DB_ARGS(DB_INT(team), DB_INT(c->person), DB_INT(c->op), DB_INT(c->object), DB_INT(now)), err);
}

int drift_refused(struct db *db, int64_t team, const struct change *c, int64_t now, struct err *err)
{
    if (c->cause != CAUSE_DRIFT)
        return 0;
    return db_run(db,
                  "UPDATE drift SET times = times + 1, repaired_at = ?5 WHERE team = ?1 AND account = " ITS_ACCOUNT
                  " AND op = ?3 AND object = ?4",
                  DB_ARGS(DB_INT(team), DB_INT(c->person), DB_INT(c->op), DB_INT(c->object), DB_INT(now)), err);
}
