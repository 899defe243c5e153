#include "store/roster.h"

#include "base/mem.h"

#define ATTRIBUTES                                                                                                     \
    "user_name, email, given_name, family_name, display_name, employee_number, title, department, language"
#define FROM_PERSON                                                                                                    \
    "SELECT ?1, p.id, e.uid, ?3, ?4, ?5, p.domain, p.email_hash, p.user_name, p.email, p.given_name, p.family_name, "  \
    "p.display_name,"                                                                                                  \
    " p.employee_number, p.title, p.department, p.language, p.fp_hi, p.fp_lo FROM person p JOIN entry e ON e.id = "    \
    "p.id WHERE p.id = ?2"
#define TAKE_ATTRIBUTES                                                                                                \
    " domain = excluded.domain, email_hash = excluded.email_hash, user_name = excluded.user_name, email = "            \
    "excluded.email,"                                                                                                  \
    " given_name = excluded.given_name, family_name = excluded.family_name, display_name = excluded.display_name,"     \
    " employee_number = excluded.employee_number, title = excluded.title, department = excluded.department,"           \
    " language = excluded.language, fp_hi = excluded.fp_hi, fp_lo = excluded.fp_lo"
#define PUT_ACCOUNT                                                                                                    \
    "INSERT INTO account (team, person, uid, state, since, activated_at, domain, email_hash, " ATTRIBUTES              \
    ", fp_hi, fp_lo) " FROM_PERSON " ON CONFLICT (team, person) DO UPDATE SET"
#define THE_ACCOUNT "(SELECT id FROM account WHERE team = ?1 AND person = ?2)"
#define THE_GROUP   "(SELECT id FROM synced_group WHERE team = ?1 AND grp = ?6)"

/*
 * ?1 team · ?2 person · ?3 state of new accounts · ?4 now · ?5 time of activation of new accounts, or 0 · ?6 object · ?7 detail.
 * Every statement must change exactly one row.
 */
static const struct {
    const char *sql;
    int params;

} statements[OP_COUNT] = {
    [OP_UNASSIGN] = {"DELETE FROM seat WHERE product = ?6 AND account = " THE_ACCOUNT, 6},
    [OP_LEAVE] = {"DELETE FROM synced_member WHERE synced_group = " THE_GROUP " AND account = " THE_ACCOUNT, 6},
    [OP_SUSPEND] = {"UPDATE account SET state = 'suspended', since = ?4 WHERE team = ?1 AND person = ?2"
                    " AND state IN ('invited', 'active')",
                    4},
    [OP_REMOVE] =
        {"UPDATE account SET state = 'removed', since = ?4 WHERE team = ?1 AND person = ?2 AND state <> 'removed'", 4},
    [OP_DROP_GROUP] = {"DELETE FROM synced_group WHERE team = ?1 AND grp = ?6", 6},
    [OP_ADD_GROUP] =
        {
            "INSERT INTO synced_group (team, grp, name) SELECT ?1, id, coalesce(display_name, name) FROM grp WHERE id "
            "= ?6",
            6,
        },
    [OP_RENAME_GROUP] = {"UPDATE synced_group SET name = (SELECT coalesce(display_name, name) FROM grp WHERE id = ?6)"
                         " WHERE team = ?1 AND grp = ?6",
                         6},
    [OP_INVITE] =
        {PUT_ACCOUNT
         " state = excluded.state, since = excluded.since, activated_at = excluded.activated_at," TAKE_ATTRIBUTES,
         5},
    [OP_RESTORE] = {PUT_ACCOUNT " state = CASE WHEN account.activated_at > 0 THEN 'active' ELSE 'invited' END, since = "
                                "excluded.since," TAKE_ATTRIBUTES,
                    5},
    [OP_UPDATE] = {PUT_ACCOUNT TAKE_ATTRIBUTES, 5},
    [OP_ASSIGN] = {"INSERT INTO seat (product, account, via, since) SELECT ?6, id, ?7, ?4 FROM account"
                   " WHERE team = ?1 AND person = ?2 AND state IN ('invited', 'active')",
                   7},
    [OP_JOIN] = {"INSERT INTO synced_member (synced_group, account) SELECT " THE_GROUP ", id FROM account"
                 " WHERE team = ?1 AND person = ?2 AND state IN ('invited', 'active')",
                 6},
};

struct roster_rows {
    struct store *store;
    int64_t team, now;
    enum account_state invited_as;
    struct stmt *prepared[OP_COUNT]; /* made when first needed */
    struct stmt *invitation;
};

int roster_rows_open(struct store *store, int64_t team, int64_t now, enum account_state invited_as,
                     struct roster_rows **ret, struct err *err)
{
    CLEANUP(roster_rows_close) struct roster_rows *r = mem_zero(sizeof *r);
    r->store = store;
    r->team = team;
    r->now = now;
    r->invited_as = invited_as;
    if (db_prepare(store->db,
                   "INSERT INTO invitation (account, email, made_at) SELECT id, email, ? FROM account WHERE team = ? "
                   "AND person = ?",
                   &r->invitation, err) != 0)
        return -1;
    *ret = TAKE(r);
    return 0;
}

void roster_rows_close(struct roster_rows **rows)
{
    if (!*rows)
        return;
    for (int op = 0; op < OP_COUNT; op++)
        stmt_free(&(*rows)->prepared[op]);
    stmt_free(&(*rows)->invitation);
    free(*rows);
    *rows = NULL;
}

static void bind(struct roster_rows *r, struct stmt *st, const struct change *c)
{
    int n = statements[c->op].params;
    int64_t activated = r->invited_as == ACCOUNT_ACTIVE ? r->now : 0;
    const int64_t values[] = {r->team, c->person, 0, r->now, activated, c->object, c->detail};
    for (int i = 1; i <= n; i++)
        if (i != 3)
            stmt_bind_int(st, i, values[i - 1]);
    if (n >= 3)
        stmt_bind_text(st, 3, account_state_names[r->invited_as]);
}

static int invite(struct roster_rows *r, const struct change *c, struct err *err)
{
    stmt_bind_int(r->invitation, 1, r->now);
    stmt_bind_int(r->invitation, 2, r->team);
    stmt_bind_int(r->invitation, 3, c->person);
    return stmt_run(r->invitation, err);
}

int roster_rows_change(struct roster_rows *r, const struct change *c, struct err *err)
{
    struct stmt **st = &r->prepared[c->op];
    if (!*st && db_prepare(r->store->db, statements[c->op].sql, st, err) != 0)
        return -1;
    bind(r, *st, c);
    if (stmt_run(*st, err) != 0)
        return -1;
    if (db_changed(r->store->db) != 1)
        return err_set(err, ERR_STATE, "%s: the roster is not as the plan found it; run doorward plan again",
                       op_names[c->op]);
    return c->op == OP_INVITE ? invite(r, c, err) : 0;
}

int account_activate(struct store *store, int64_t team, uint32_t person, int64_t now, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(store->db,
                   "UPDATE account SET state = 'active', since = ?1, activated_at = ?1 WHERE team = ?2 AND person = ?3"
                   " AND state = 'invited'",
                   &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, now);
    stmt_bind_int(st, 2, team);
    stmt_bind_int(st, 3, person);
    return stmt_run(st, err);
}
