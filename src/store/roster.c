#include "store/roster.h"

#include "base/mem.h"

/* ?1 team · ?2 run · ?3 and ?4 first and last change · ?5 now · ?6 state of new accounts · ?7 when they became active, or 0 */
#define OF_JOURNAL    " FROM run_change c"
#define WITH_ACCOUNT  " JOIN account a ON a.team = ?1 AND a.person = c.person"
#define WITH_GROUP    " JOIN synced_group g ON g.team = ?1 AND g.grp = c.object"
#define THESE         " WHERE c.run = ?2 AND c.seq BETWEEN ?3 AND ?4"
#define THEIR_PEOPLE  "(SELECT c.person" OF_JOURNAL THESE ")"
#define THEIR_OBJECTS "(SELECT c.object" OF_JOURNAL THESE ")"

#define ATTRIBUTES                                                                                                     \
    "user_name, email, given_name, family_name, display_name, employee_number, title, department, language"
#define PUT_ACCOUNT                                                                                                    \
    "INSERT INTO account (team, person, uid, state, since, activated_at, domain, email_hash, " ATTRIBUTES              \
    ", fp_hi, fp_lo)"                                                                                                  \
    " SELECT ?1, p.id, e.uid, ?6, ?5, ?7, p.domain, p.email_hash, p.user_name, p.email, p.given_name, p.family_name, " \
    "p.display_name,"                                                                                                  \
    " p.employee_number, p.title, p.department, p.language, p.fp_hi, p.fp_lo" OF_JOURNAL                               \
    " JOIN person p ON p.id = c.person JOIN entry e ON e.id = c.person" THESE                                          \
    " ON CONFLICT (team, person) DO UPDATE SET"
#define TAKE_ATTRIBUTES                                                                                                \
    " domain = excluded.domain, email_hash = excluded.email_hash, user_name = excluded.user_name, email = "            \
    "excluded.email,"                                                                                                  \
    " given_name = excluded.given_name, family_name = excluded.family_name, display_name = excluded.display_name,"     \
    " employee_number = excluded.employee_number, title = excluded.title, department = excluded.department,"           \
    " language = excluded.language, fp_hi = excluded.fp_hi, fp_lo = excluded.fp_lo"

/* Each changes one row for each change. */
static const char *const statements[OP_COUNT] = {
    [OP_ADOPT] =
        "UPDATE account SET person = p.id, uid = e.uid,"
        " since = CASE account.state WHEN 'suspended' THEN ?5 ELSE account.since END,"
        " state = CASE WHEN account.state <> 'suspended' THEN account.state WHEN account.activated_at > 0 THEN "
        "'active' ELSE 'invited' END, domain = p.domain, email_hash = p.email_hash, user_name = p.user_name, email = "
        "p.email,"
        " given_name = p.given_name, family_name = p.family_name, display_name = p.display_name,"
        " employee_number = p.employee_number, title = p.title, department = p.department,"
        " language = p.language, fp_hi = p.fp_hi, fp_lo = p.fp_lo" OF_JOURNAL
        " JOIN person p ON p.id = c.person JOIN entry e ON e.id = c.person" THESE
        " AND account.team = ?1 AND account.person = c.object AND account.state <> 'removed'",
    [OP_ADOPT_GROUP] =
        "UPDATE synced_group SET grp = g.id, name = coalesce(g.display_name, g.name)" OF_JOURNAL
        " JOIN grp g ON g.id = c.detail" THESE " AND synced_group.team = ?1 AND synced_group.grp = c.object",
    [OP_UNASSIGN] =
        "DELETE FROM seat WHERE (product, account) IN (SELECT c.object, a.id" OF_JOURNAL WITH_ACCOUNT THESE ")",
    [OP_LEAVE] = "DELETE FROM synced_member WHERE (synced_group, account) IN"
                 " (SELECT g.id, a.id" OF_JOURNAL WITH_ACCOUNT WITH_GROUP THESE ")",
    [OP_SUSPEND] =
        "UPDATE account SET state = 'suspended', since = ?5 WHERE team = ?1 AND state IN ('invited', 'active')"
        " AND person IN " THEIR_PEOPLE,
    [OP_REMOVE] = "UPDATE account SET state = 'removed', since = ?5 WHERE team = ?1 AND state <> 'removed' AND person "
                  "IN " THEIR_PEOPLE,
    [OP_DROP_GROUP] = "DELETE FROM synced_group WHERE team = ?1 AND grp IN " THEIR_OBJECTS,
    [OP_ADD_GROUP] =
        "INSERT INTO synced_group (team, grp, name) SELECT ?1, g.id, coalesce(g.display_name, g.name)" OF_JOURNAL
        " JOIN grp g ON g.id = c.object" THESE,
    [OP_RENAME_GROUP] = "UPDATE synced_group SET name = (SELECT coalesce(g.display_name, g.name) FROM grp g WHERE g.id "
                        "= synced_group.grp)"
                        " WHERE team = ?1 AND grp IN " THEIR_OBJECTS,
    [OP_INVITE] = PUT_ACCOUNT
    " state = excluded.state, since = excluded.since, activated_at = excluded.activated_at," TAKE_ATTRIBUTES,
    [OP_RESTORE] = PUT_ACCOUNT " state = CASE WHEN account.activated_at > 0 THEN 'active' ELSE 'invited' END, since = "
                               "excluded.since," TAKE_ATTRIBUTES,
    [OP_UPDATE] = PUT_ACCOUNT TAKE_ATTRIBUTES,
    [OP_ASSIGN] =
        "INSERT INTO seat (product, account, via, since) SELECT c.object, a.id, c.detail, ?5" OF_JOURNAL WITH_ACCOUNT
            THESE " AND a.state IN ('invited', 'active')",
    [OP_JOIN] =
        "INSERT INTO synced_member (synced_group, account) SELECT g.id, a.id" OF_JOURNAL WITH_ACCOUNT WITH_GROUP THESE
        " AND a.state IN ('invited', 'active')",
};

/* From the journal: the keys are those that run.c writes. */
#define KEPT(key)     "json_extract(c.after, '$." key "')"
#define PUT_BACK(col) col " = " KEPT(col)
/* clang-format off */
#define PUT_BACK_ATTRIBUTES                                                                                            \
    PUT_BACK("domain") ", " PUT_BACK("email_hash") ", " PUT_BACK("user_name") ", " PUT_BACK("email") ", "              \
    PUT_BACK("given_name") ", " PUT_BACK("family_name") ", " PUT_BACK("display_name") ", "                             \
    PUT_BACK("employee_number") ", " PUT_BACK("title") ", " PUT_BACK("department") ", " PUT_BACK("language") ", "      \
    PUT_BACK("fp_hi") ", " PUT_BACK("fp_lo") ", " PUT_BACK("mapped")
#define PUT_BACK_STATE PUT_BACK("state") ", " PUT_BACK("since") ", " PUT_BACK("activated_at") ", "
#define OF_THEM                                                                                                        \
    " FROM run_change c WHERE c.run = ?2 AND c.seq BETWEEN ?3 AND ?4 AND account.team = ?1 AND account.person = "      \
    "c.person AND c.after IS NOT NULL"
#define PUT_ACCOUNT_BACK "UPDATE account SET " PUT_BACK_STATE PUT_BACK_ATTRIBUTES OF_THEM

/* The same for an undo, as far as it differs; both together change one row for each change. An account that was not there before is removed. */
static const char *const undo_statements[OP_COUNT][2] = {
    [OP_SUSPEND] = {PUT_ACCOUNT_BACK},
    [OP_REMOVE] = {PUT_ACCOUNT_BACK,
                   "UPDATE account SET state = 'removed', since = ?5 WHERE team = ?1 AND state <> 'removed' AND person "
                   "IN (SELECT c.person" OF_JOURNAL THESE " AND c.after IS NULL)"},
    [OP_RESTORE] = {PUT_ACCOUNT_BACK},
    [OP_ADOPT] = {"UPDATE account SET " PUT_BACK("person") ", " PUT_BACK("uid") ", " PUT_BACK_STATE PUT_BACK_ATTRIBUTES
                  " FROM run_change c WHERE c.run = ?2 AND c.seq BETWEEN ?3 AND ?4 AND account.team = ?1"
                  " AND account.person = c.object AND c.after IS NOT NULL"},
    [OP_ADOPT_GROUP] = {"UPDATE synced_group SET " PUT_BACK("name") ", " PUT_BACK("grp") " FROM run_change c"
                        " WHERE c.run = ?2 AND c.seq BETWEEN ?3 AND ?4 AND synced_group.team = ?1"
                        " AND synced_group.grp = c.object"},
    [OP_UPDATE] = {"UPDATE account SET " PUT_BACK_ATTRIBUTES OF_THEM},
    [OP_ADD_GROUP] = {"INSERT INTO synced_group (team, grp, name) SELECT ?1, c.object, " KEPT("name") OF_JOURNAL THESE},
    [OP_RENAME_GROUP] = {"UPDATE synced_group SET " PUT_BACK("name") " FROM run_change c WHERE c.run = ?2"
                         " AND c.seq BETWEEN ?3 AND ?4 AND synced_group.team = ?1 AND synced_group.grp = c.object"},
    [OP_ASSIGN] = {"INSERT INTO seat (product, account, via, since) SELECT c.object, a.id, " KEPT("via") ", "
                   KEPT("since") OF_JOURNAL WITH_ACCOUNT THESE " AND a.state <> 'removed'"},
    [OP_JOIN] = {"INSERT INTO synced_member (synced_group, account) SELECT g.id, a.id" OF_JOURNAL WITH_ACCOUNT
                     WITH_GROUP THESE " AND a.state <> 'removed'"},
};
/* clang-format on */

/* An invitation that was not sent yet is taken back with the account, and made again with it. */
static const char *const undo_invitations[OP_COUNT] = {
    [OP_REMOVE] =
        "DELETE FROM invitation WHERE sent_at = 0 AND account IN (SELECT a.id" OF_JOURNAL WITH_ACCOUNT THESE ")",
    [OP_RESTORE] =
        "INSERT INTO invitation (account, email, made_at) SELECT a.id, a.email, ?5" OF_JOURNAL WITH_ACCOUNT THESE
        " AND a.state = 'invited' AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.account = a.id)",
};

struct roster_rows {
    struct store *store;
    int64_t team, now;
    enum account_state invited_as;
    bool invites;
};

int roster_rows_open(struct store *store, int64_t team, int64_t now, enum account_state invited_as, bool invites,
                     struct roster_rows **ret, struct err *err)
{
    (void)err;
    struct roster_rows *r = mem_zero(sizeof *r);
    *r = (struct roster_rows){.store = store, .team = team, .now = now, .invited_as = invited_as, .invites = invites};
    *ret = r;
    return 0;
}

void roster_rows_close(struct roster_rows **rows)
{
    free(*rows);
    *rows = NULL;
}

static int run_on(struct roster_rows *r, const char *sql, int64_t run, size_t first, size_t last, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(r->store->db, sql, &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, r->team);
    stmt_bind_int(st, 2, run);
    stmt_bind_int(st, 3, (int64_t)first);
    stmt_bind_int(st, 4, (int64_t)last);
    stmt_bind_int(st, 5, r->now);
    stmt_bind_text(st, 6, account_state_names[r->invited_as]);
    stmt_bind_int(st, 7, r->invited_as == ACCOUNT_ACTIVE ? r->now : 0);
    return stmt_run(st, err);
}

/* ERR_CONFLICT unless these statements change this many rows in all. */
static int run_exactly(struct roster_rows *r, const char *const sql[2], int64_t run, enum op op, size_t first,
                       size_t last, struct err *err)
{
    size_t changed = 0;
    for (int i = 0; i < 2 && sql[i]; i++) {
        if (run_on(r, sql[i], run, first, last, err) != 0)
            return -1;
        changed += (size_t)db_changed(r->store->db);
    }
    if (changed != last - first + 1)
        return err_set(err, ERR_CONFLICT, "%s: the roster is not as the plan found it; run doorward plan again",
                       op_names[op]);
    return 0;
}

int roster_rows_change(struct roster_rows *r, int64_t run, enum op op, bool undo, size_t first, size_t last,
                       struct err *err)
{
    const char *const usual[2] = {statements[op]};
    if (run_exactly(r, undo && undo_statements[op][0] ? undo_statements[op] : usual, run, op, first, last, err) != 0)
        return -1;
    if (!r->invites)
        return 0;
    if (undo && undo_invitations[op])
        return run_on(r, undo_invitations[op], run, first, last, err);
    if (op != OP_INVITE)
        return 0;
    return run_on(
        r, "INSERT INTO invitation (account, email, made_at) SELECT a.id, a.email, ?5" OF_JOURNAL WITH_ACCOUNT THESE,
        run, first, last, err);
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
