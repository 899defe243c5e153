#include "store/undo.h"

/* The keys of the JSON are those that run.c writes. */
#define KEPT(key) "json_extract(c.before, '$." key "')"
/* clang-format off */
static const char rows_of_run[] =
    /* What the run moved to another id after this change is found there. */
    "WITH moved_person AS MATERIALIZED (SELECT seq, object AS was, person AS goes_by FROM done_change WHERE run = ?2 AND op = ?7),"
    " moved_group AS MATERIALIZED (SELECT seq, object AS was, coalesce(json_extract(after, '$.grp'), detail) AS goes_by"
    "  FROM done_change WHERE run = ?2 AND op = ?8)"
    " SELECT c.seq, c.op, c.person, c.object, " KEPT("state") ", " KEPT("domain") ", " KEPT("email_hash") ","
    " a.state, a.domain, a.email, a.user_name,"
    " CASE WHEN c.op IN (?3, ?4) THEN EXISTS (SELECT 1 FROM seat s WHERE s.product = c.object AND s.account = a.id)"
    "  WHEN c.op IN (?5, ?6) THEN EXISTS (SELECT 1 FROM synced_group g JOIN synced_member m"
    "   ON m.synced_group = g.id AND m.account = a.id WHERE g.team = ?1 AND g.grp = coalesce(mg.goes_by, c.object)) ELSE 0 END,"
    " " KEPT("grp") ", coalesce(json_extract(c.after, '$.grp'), c.detail)"
    " FROM done_change c LEFT JOIN moved_person mp ON mp.was = c.person AND mp.seq > c.seq"
    " LEFT JOIN moved_group mg ON mg.was = c.object AND mg.seq > c.seq"
    " LEFT JOIN account a ON a.team = ?1 AND a.person = coalesce(mp.goes_by, c.person)"
    " WHERE c.run = ?2 AND c.cause <> ?9 ORDER BY c.seq";
/* Behind the state, in the order of enum attr. */
static const char account_of_change[] =
    "SELECT " KEPT("state") ", " KEPT("user_name") ", " KEPT("email") ", " KEPT("given_name") ", "
    KEPT("family_name") ", " KEPT("display_name") ", " KEPT("employee_number") ", " KEPT("title") ", "
    KEPT("department") ", " KEPT("language")
    " FROM run_change c WHERE c.run = ? AND c.seq = ?";
/* clang-format on */

int undo_each(struct store *store, int64_t team, int64_t run, void (*each)(void *ctx, const struct undo_row *row),
              void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db, rows_of_run,
                 DB_ARGS(DB_INT(team), DB_INT(run), DB_INT(OP_ASSIGN), DB_INT(OP_UNASSIGN), DB_INT(OP_JOIN),
                         DB_INT(OP_LEAVE), DB_INT(OP_ADOPT), DB_INT(OP_ADOPT_GROUP), DB_INT(CAUSE_DRIFT)),
                 &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct undo_row row = {.seq = (uint32_t)stmt_int(st, 0),
                               .op = (enum op)stmt_int(st, 1),
                               .person = (uint32_t)stmt_int(st, 2),
                               .object = (uint32_t)stmt_int(st, 3),
                               .before = account_state_of(stmt_text(st, 4)),
                               .before_domain = stmt_text(st, 5),
                               .before_email_hash = stmt_int(st, 6),
                               .state = account_state_of(stmt_text(st, 7)),
                               .domain = stmt_text(st, 8),
                               .email = stmt_span(st, 9),
                               .user_name = stmt_span(st, 10),
                               .has = stmt_int(st, 11) != 0,
                               .group_was = (uint32_t)stmt_int(st, 12),
                               .group_is = (uint32_t)stmt_int(st, 13)};
        each(ctx, &row);
    }
    return r;
}

int undo_each_later(struct store *store, int64_t team, int64_t run,
                    void (*each)(void *ctx, uint32_t later, enum op op, uint32_t person, uint32_t object), void *ctx,
                    struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "SELECT c.run, c.op, c.person, c.object FROM done_change c JOIN run r ON r.id = c.run"
                 " WHERE c.run > ? AND r.team = ? AND c.cause <> ? ORDER BY c.run, c.seq",
                 DB_ARGS(DB_INT(run), DB_INT(team), DB_INT(CAUSE_DRIFT)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), (enum op)stmt_int(st, 1), (uint32_t)stmt_int(st, 2),
             (uint32_t)stmt_int(st, 3));
    return r;
}

int undo_each_group(struct store *store, int64_t team, void (*each)(void *ctx, uint32_t group, uint32_t members),
                    void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "SELECT g.grp, (SELECT count(*) FROM synced_member m WHERE m.synced_group = g.id) FROM synced_group g"
                 " WHERE g.team = ?",
                 DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), (uint32_t)stmt_int(st, 1));
    return r;
}

int undo_read(struct store *store, int64_t run, uint32_t seq, struct pool *pool, struct person_text *ret,
              struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db, account_of_change, DB_ARGS(DB_INT(run), DB_INT(seq)), &st, err) != 0)
        return -1;
    int found = stmt_step(st, err);
    if (found != 1)
        return found;
    *ret = (struct person_text){.state = account_state_of(stmt_text(st, 0))};
    for (int a = 0; a < ATTR_COUNT; a++)
        ret->attr[a] = span_str(pool_strdup(pool, stmt_text(st, 1 + a)));
    return ret->state != ACCOUNT_NONE;
}

int undo_repairs(struct store *store, int64_t run, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT count(*) FROM done_change WHERE run = ? AND cause = ?",
                     DB_ARGS(DB_INT(run), DB_INT(CAUSE_DRIFT)), ret, err);
}

int undo_is_undo(struct store *store, int64_t run, bool *ret, struct err *err)
{
    int64_t cause = 0;
    if (db_number(store->db, "SELECT cause FROM run_change WHERE run = ? ORDER BY seq LIMIT 1", DB_ARGS(DB_INT(run)),
                  &cause, err) != 0)
        return -1;
    *ret = cause == CAUSE_UNDO;
    return 0;
}
