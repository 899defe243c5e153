#include "store/there.h"

#include "base/mem.h"

struct there {
    struct db *db;
    int64_t team;
    struct stmt *of, *at, *is, *seat;
};

#define COLUMNS                                                                                                        \
    "SELECT a.id, a.person, a.state, a.uid, a.remote, a.user_name, a.email, a.given_name, a.family_name,"              \
    " a.display_name, a.employee_number, a.title, a.department, a.language, a.mapped FROM "

enum { COL_ID, COL_PERSON, COL_STATE, COL_UID, COL_REMOTE, COL_ATTR };

/* An account bears the id of its entry, which has an index. */
static const char account_of[] = COLUMNS "directory d CROSS JOIN entry e ON e.directory = d.id AND e.uid = ?2"
                                         " CROSS JOIN account a ON a.team = ?1 AND a.person = e.id";
static const char account_at[] = COLUMNS "account a WHERE a.remote = ?2 AND a.team = ?1";

int there_open(struct store *store, int64_t team, struct there **ret, struct err *err)
{
    CLEANUP(there_close) struct there *t = mem_zero(sizeof *t);
    t->db = store->db;
    t->team = team;
    if (db_prepare(t->db, account_of, &t->of, err) != 0 || db_prepare(t->db, account_at, &t->at, err) != 0 ||
        db_prepare(t->db, "SELECT 1 FROM directory d CROSS JOIN entry e ON e.directory = d.id AND e.uid = ?1", &t->is,
                   err) != 0 ||
        db_prepare(t->db, "SELECT 1 FROM seat WHERE product = ? AND account = ?", &t->seat, err) != 0)
        return -1;
    *ret = TAKE(t);
    return 0;
}

void there_close(struct there **there)
{
    if (!*there)
        return;
    stmt_free(&(*there)->of);
    stmt_free(&(*there)->at);
    stmt_free(&(*there)->is);
    stmt_free(&(*there)->seat);
    free(*there);
    *there = NULL;
}

static int find_account(struct stmt *st, int64_t team, struct span id, struct there_account *ret, struct err *err)
{
    stmt_reset(st);
    stmt_bind_int(st, 1, team);
    stmt_bind_span(st, 2, id);
    int found = stmt_step(st, err);
    if (found != 1)
        return found;
    *ret = (struct there_account){.id = (uint32_t)stmt_int(st, COL_ID),
                                  .person = (uint32_t)stmt_int(st, COL_PERSON),
                                  .state = account_state_of(stmt_text(st, COL_STATE)),
                                  .uid = stmt_text(st, COL_UID),
                                  .remote = stmt_is_null(st, COL_REMOTE) ? NULL : stmt_text(st, COL_REMOTE)};
    for (int a = 0; a < ATTR_COUNT; a++)
        ret->attr[a] = stmt_span(st, COL_ATTR + a);
    ret->mapped = stmt_span(st, COL_ATTR + ATTR_COUNT);
    return 1;
}

int there_account_of(struct there *t, struct span uid, struct there_account *ret, struct err *err)
{
    return uid.n ? find_account(t->of, t->team, uid, ret, err) : 0;
}

int there_account_at(struct there *t, struct span remote, struct there_account *ret, struct err *err)
{
    return remote.n ? find_account(t->at, t->team, remote, ret, err) : 0;
}

int there_is_person(struct there *t, struct span uid, bool *ret, struct err *err)
{
    stmt_reset(t->is);
    stmt_bind_span(t->is, 1, uid);
    int found = uid.n ? stmt_step(t->is, err) : 0;
    *ret = found == 1;
    return found < 0 ? -1 : 0;
}

int there_has_seat(struct there *t, uint32_t account, uint32_t product, bool *ret, struct err *err)
{
    stmt_reset(t->seat);
    stmt_bind_int(t->seat, 1, product);
    stmt_bind_int(t->seat, 2, account);
    int found = stmt_step(t->seat, err);
    *ret = found == 1;
    return found < 0 ? -1 : 0;
}

static int each_object(struct there *t, const char *sql, void (*each)(void *ctx, const struct there_object *row),
                       void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(t->db, sql, DB_ARGS(DB_INT(t->team)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct there_object row = {.id = (uint32_t)stmt_int(st, 0),
                                   .object = (uint32_t)stmt_int(st, 1),
                                   .uid = stmt_text(st, 2),
                                   .name = stmt_text(st, 3),
                                   .remote = stmt_is_null(st, 4) ? NULL : stmt_text(st, 4)};
        each(ctx, &row);
    }
    return r;
}

int there_each_group(struct there *t, void (*each)(void *ctx, const struct there_object *row), void *ctx,
                     struct err *err)
{
    return each_object(t,
                       "SELECT s.id, s.grp, e.uid, s.name, s.remote FROM synced_group s JOIN entry e ON e.id = s.grp"
                       " WHERE s.team = ? ORDER BY s.id",
                       each, ctx, err);
}

int there_each_product(struct there *t, void (*each)(void *ctx, const struct there_object *row), void *ctx,
                       struct err *err)
{
    return each_object(t, "SELECT id, id, name, name, remote FROM product WHERE team = ? ORDER BY id", each, ctx, err);
}

int there_each_unanswered(struct there *t, void (*each)(void *ctx, enum op op, uint32_t person, uint32_t object),
                          void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(t->db,
                 "SELECT c.op, c.person, c.object FROM delivery d JOIN run r ON r.id = d.run"
                 " JOIN run_change c ON c.run = d.run AND c.seq = d.seq"
                 " WHERE d.state = 'sent' AND r.team = ? AND r.state IN ('running', 'interrupted')",
                 DB_ARGS(DB_INT(t->team)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (enum op)stmt_int(st, 0), (uint32_t)stmt_int(st, 1), (uint32_t)stmt_int(st, 2));
    return r;
}

int there_keep_account(struct there *t, uint32_t account, const char *remote, struct err *err)
{
    return db_run(t->db,
                  "UPDATE account SET remote = ?1 WHERE id = ?2 AND EXISTS (SELECT 1 FROM open_domain o"
                  " WHERE o.name = account.domain AND o.until > (julianday('now') - 2440587.5) * 86400)",
                  DB_ARGS(DB_TEXT(remote), DB_INT(account)), err);
}

int there_keep_group(struct there *t, uint32_t synced_group, const char *remote, struct err *err)
{
    return db_run(t->db, "UPDATE synced_group SET remote = ? WHERE id = ?",
                  DB_ARGS(DB_TEXT(remote), DB_INT(synced_group)), err);
}

int there_keep_product(struct there *t, uint32_t product, const char *remote, struct err *err)
{
    return db_run(t->db, "UPDATE product SET remote = ? WHERE id = ?", DB_ARGS(DB_TEXT(remote), DB_INT(product)), err);
}
