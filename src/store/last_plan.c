#include "store/last_plan.h"

#include "base/mem.h"

static int drop(struct db *db, int64_t team, struct err *err)
{
    static const char *const statements[] = {"DELETE FROM last_trip WHERE team = ?",
                                             "DELETE FROM last_waiting WHERE team = ?",
                                             "DELETE FROM last_plan WHERE team = ?"};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (db_run(db, statements[i], DB_ARGS(DB_INT(team)), err) != 0)
            return -1;
    return 0;
}

static int put(struct db *db, int64_t team, const struct last_plan *p, struct err *err)
{
    if (drop(db, team, err) != 0 ||
        db_run(db, "INSERT INTO last_plan (team, made_at, state, content) VALUES (?, ?, ?, ?)",
               DB_ARGS(DB_INT(team), DB_INT(p->made_at), DB_TEXT(p->state), DB_TEXT(p->content)), err) != 0)
        return -1;
    for (size_t i = 0; i < p->ntrips; i++) {
        const struct last_trip *t = &p->trips[i];
        if (db_run(
                db,
                "INSERT INTO last_trip (team, seq, what, grp, removals, total, allowed) VALUES (?, ?, ?, ?, ?, ?, ?)",
                DB_ARGS(DB_INT(team), DB_INT((int64_t)i), DB_TEXT(t->what), DB_INT(t->group), DB_INT(t->removals),
                        DB_INT(t->of), DB_INT(t->limit)),
                err) != 0)
            return -1;
    }
    for (size_t i = 0; i < p->nwaiting; i++)
        if (db_run(db, "INSERT INTO last_waiting (team, product, waiting) VALUES (?, ?, ?)",
                   DB_ARGS(DB_INT(team), DB_TEXT(p->waiting[i].product), DB_INT(p->waiting[i].waiting)), err) != 0)
            return -1;
    return 0;
}

int last_plan_put(struct db *db, int64_t team, const struct last_plan *plan, struct err *err)
{
    if (db_begin(db, err) != 0)
        return -1;
    if (put(db, team, plan, err) != 0) {
        db_rollback(db);
        return -1;
    }
    return db_commit(db, err);
}

static int get_trips(struct db *db, int64_t team, struct pool *pool, struct last_plan *p, struct err *err)
{
    int64_t n;
    if (db_number(db, "SELECT count(*) FROM last_trip WHERE team = ?", DB_ARGS(DB_INT(team)), &n, err) != 0)
        return -1;
    p->trips = pool_zero(pool, ((size_t)n + 1) * sizeof *p->trips);
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT what, grp, removals, total, allowed FROM last_trip WHERE team = ? ORDER BY seq",
                 DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    int r = 0;
    while (p->ntrips < (size_t)n && (r = stmt_step(st, err)) == 1)
        p->trips[p->ntrips++] = (struct last_trip){.what = pool_strdup(pool, stmt_text(st, 0)),
                                                   .group = (uint32_t)stmt_int(st, 1),
                                                   .removals = stmt_int(st, 2),
                                                   .of = stmt_int(st, 3),
                                                   .limit = stmt_int(st, 4)};
    return r < 0 ? -1 : 0;
}

static int get_waiting(struct db *db, int64_t team, struct pool *pool, struct last_plan *p, struct err *err)
{
    int64_t n;
    if (db_number(db, "SELECT count(*) FROM last_waiting WHERE team = ?", DB_ARGS(DB_INT(team)), &n, err) != 0)
        return -1;
    p->waiting = pool_zero(pool, ((size_t)n + 1) * sizeof *p->waiting);
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT product, waiting FROM last_waiting WHERE team = ? ORDER BY product", DB_ARGS(DB_INT(team)),
                 &st, err) != 0)
        return -1;
    int r = 0;
    while (p->nwaiting < (size_t)n && (r = stmt_step(st, err)) == 1)
        p->waiting[p->nwaiting++] = (struct last_waiting){pool_strdup(pool, stmt_text(st, 0)), stmt_int(st, 1)};
    return r < 0 ? -1 : 0;
}

int last_plan_get(struct db *db, int64_t team, struct pool *pool, struct last_plan *ret, struct err *err)
{
    *ret = (struct last_plan){0};
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT made_at, state, content FROM last_plan WHERE team = ?", DB_ARGS(DB_INT(team)), &st, err) !=
        0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    ret->made_at = stmt_int(st, 0);
    snprintf(ret->state, sizeof ret->state, "%s", stmt_text(st, 1));
    snprintf(ret->content, sizeof ret->content, "%s", stmt_text(st, 2));
    return get_trips(db, team, pool, ret, err) != 0 ? -1 : get_waiting(db, team, pool, ret, err);
}
