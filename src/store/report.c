#include "store/report.h"

int report_people(struct store *store, void (*each)(void *ctx, const struct report_person *row), void *ctx,
                  struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(store->db,
                   "SELECT t.name, coalesce(a.display_name, a.user_name, a.email), a.email, a.uid, a.state, a.since,"
                   " coalesce((SELECT group_concat(p.name, ', ') FROM seat s JOIN product p ON p.id = s.product"
                   "  WHERE p.team = a.team AND s.account = a.id), '')"
                   " FROM account a JOIN team t ON t.id = a.team WHERE a.state <> 'removed' ORDER BY 1, 2, 3",
                   &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct report_person row = {.team = stmt_text(st, 0),
                                    .name = stmt_text(st, 1),
                                    .email = stmt_text(st, 2),
                                    .uid = stmt_text(st, 3),
                                    .state = stmt_text(st, 4),
                                    .since = stmt_int(st, 5),
                                    .products = stmt_text(st, 6)};
        each(ctx, &row);
    }
    return r;
}

int report_seats_used(struct store *store, const char *team, const char *product, int64_t *ret, struct err *err)
{
    return db_number(store->db,
                     "SELECT count(*) FROM seat s JOIN product p ON p.id = s.product JOIN team t ON t.id = p.team"
                     " WHERE t.name = ? AND p.name = ?",
                     DB_ARGS(DB_TEXT(team), DB_TEXT(product)), ret, err);
}

int report_entitled(struct store *store, const char *team, const char *product, int64_t *ret, struct err *err)
{
    return db_number(store->db,
                     "SELECT count(*) FROM entitled e JOIN target g ON g.id = e.target JOIN team t ON t.id = g.team"
                     " WHERE t.name = ? AND g.kind = 1 AND g.name = ?",
                     DB_ARGS(DB_TEXT(team), DB_TEXT(product)), ret, err);
}

int report_states(struct store *store, const char *team, int64_t ret[static ACCOUNT_STATES], struct err *err)
{
    for (int i = 0; i < ACCOUNT_STATES; i++)
        if (db_number(store->db,
                      "SELECT count(*) FROM account a JOIN team t ON t.id = a.team WHERE t.name = ? AND a.state = ?",
                      DB_ARGS(DB_TEXT(team), DB_TEXT(account_state_names[i])), &ret[i], err) != 0)
            return -1;
    return 0;
}

int report_last_run(struct store *store, const char *team, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT max(r.started_at) FROM run r JOIN team t ON t.id = r.team WHERE t.name = ?",
                     DB_ARGS(DB_TEXT(team)), ret, err);
}

int report_mirror_version(struct store *store, const char *directory, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT version FROM directory WHERE name = ?", DB_ARGS(DB_TEXT(directory)), ret, err);
}

int report_last_run_number(struct store *store, int64_t team, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT max(id) FROM run WHERE team = ?", DB_ARGS(DB_INT(team)), ret, err);
}
