#include "store/explain.h"

#include "base/mem.h"

#define RUNS_LOOKED_AT 500 /* the journal has no index by person: it is read from its end, so far */

int explain_begin(struct db *db, struct err *err)
{
    return db_exec(db, "BEGIN", err);
}

static int each_met(struct stmt *st, explain_met *each, void *ctx, struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), stmt_int(st, 1) != 0);
    return r;
}

#define MET        "SELECT DISTINCT e.id, e.gone_at <> 0 FROM "
#define PEOPLE     MET "person p CROSS JOIN entry e ON e.id = p.id WHERE "
#define THEN_ORDER " ORDER BY e.id"

int explain_find(struct db *db, enum explain_by by, const char *text, int64_t email_hash, explain_met *each, void *ctx,
                 struct err *err)
{
    static const char *const queries[EXPLAIN_BY_COUNT] = {
        /* Through the index of ids, one directory after the other. */
        [EXPLAIN_BY_UID] = MET "directory d CROSS JOIN entry e ON e.directory = d.id JOIN person p ON p.id = e.id"
                               " WHERE e.uid IN (?1, lower(?1))" THEN_ORDER,
        [EXPLAIN_BY_DN] = PEOPLE "lower(p.name) = lower(?1)" THEN_ORDER,
        [EXPLAIN_BY_EMAIL] = PEOPLE "p.email_hash = ?1" THEN_ORDER,
        [EXPLAIN_BY_ACCOUNT_EMAIL] = MET "account a JOIN entry e ON e.id = a.person WHERE a.email_hash = ?1" THEN_ORDER,
        [EXPLAIN_BY_USER_NAME] = PEOPLE "lower(p.user_name) = lower(?1)" THEN_ORDER,
        [EXPLAIN_BY_DISPLAY_NAME] = PEOPLE "lower(p.display_name) = lower(?1)" THEN_ORDER,
    };
    bool by_hash = by == EXPLAIN_BY_EMAIL || by == EXPLAIN_BY_ACCOUNT_EMAIL;
    struct db_value value = by_hash ? DB_INT(email_hash) : DB_TEXT(text);
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, queries[by], &value, 1, &st, err) != 0)
        return -1;
    return each_met(st, each, ctx, err);
}

int explain_find_key(struct db *db, const char *directory, struct key128 key, explain_met *each, void *ctx,
                     struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 MET "ref r JOIN directory d ON d.id = r.directory JOIN person p ON p.id = r.entry"
                     " JOIN entry e ON e.id = p.id WHERE r.key_hi = ? AND r.key_lo = ? AND d.name = ?",
                 DB_ARGS(DB_INT((int64_t)key.hi), DB_INT((int64_t)key.lo), DB_TEXT(directory)), &st, err) != 0)
        return -1;
    return each_met(st, each, ctx, err);
}

int explain_read_at(struct db *db, const char *directory, int64_t *ret, struct err *err)
{
    return db_number(db, "SELECT read_at FROM directory WHERE name = ?", DB_ARGS(DB_TEXT(directory)), ret, err);
}

#define ATTR_COLUMNS(t)                                                                                                \
    t ".user_name, " t ".email, " t ".given_name, " t ".family_name, " t ".display_name, " t ".employee_number, " t    \
      ".title, " t ".department, " t ".language"

static void take_attributes(struct stmt *st, int col, struct pool *pool, const char *ret[static ATTR_COUNT])
{
    for (int a = 0; a < ATTR_COUNT; a++)
        ret[a] = pool_strdup(pool, stmt_text(st, col + a));
}

int explain_person(struct db *db, uint32_t person, struct pool *pool, struct explain_person *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT d.name, d.read_at, e.gone_at, p.active, p.excluded, coalesce(p.domain, ''), p.email_hash, "
                 "e.uid, p.name, " ATTR_COLUMNS("p") " FROM person p JOIN entry e ON e.id = p.id"
                                                     " JOIN directory d ON d.id = e.directory WHERE p.id = ?",
                 DB_ARGS(DB_INT(person)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    *ret = (struct explain_person){.id = person,
                                   .directory = pool_strdup(pool, stmt_text(st, 0)),
                                   .read_at = stmt_int(st, 1),
                                   .gone_at = stmt_int(st, 2),
                                   .active = stmt_int(st, 3) != 0,
                                   .excluded = (unsigned)stmt_int(st, 4),
                                   .domain = pool_strdup(pool, stmt_text(st, 5)),
                                   .email_hash = stmt_int(st, 6),
                                   .uid = pool_strdup(pool, stmt_text(st, 7)),
                                   .dn = pool_strdup(pool, stmt_text(st, 8))};
    take_attributes(st, 9, pool, ret->attr);
    return 1;
}

static enum account_state state_of(const char *name)
{
    for (int i = ACCOUNT_INVITED; i <= ACCOUNT_REMOVED; i++)
        if (strcmp(account_state_names[i], name) == 0)
            return (enum account_state)i;
    return ACCOUNT_NONE;
}

int explain_account(struct db *db, int64_t team, uint32_t person, struct pool *pool, struct explain_account *ret,
                    struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT a.id, a.state, a.since, a.activated_at, a.domain, " ATTR_COLUMNS(
                     "a") " FROM account a WHERE a.team = ? AND a.person = ?",
                 DB_ARGS(DB_INT(team), DB_INT(person)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    *ret = (struct explain_account){.domain = ""};
    if (r != 1)
        return r;
    ret->id = (uint32_t)stmt_int(st, 0);
    ret->state = state_of(stmt_text(st, 1));
    ret->since = stmt_int(st, 2);
    ret->activated_at = stmt_int(st, 3);
    ret->domain = pool_strdup(pool, stmt_text(st, 4));
    take_attributes(st, 5, pool, ret->attr);
    return 0;
}

static int each_rival(struct db *db, const char *sql, const struct db_value *values, size_t n,
                      void (*each)(void *ctx, uint32_t person, enum account_state state), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, sql, values, n, &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), state_of(stmt_text(st, 1)));
    return r;
}

/* The people first, by the e-mail, and only then the entries of the few that have it. */
int explain_same_email(struct db *db, int64_t team, const struct explain_person *person,
                       void (*each)(void *ctx, uint32_t person, enum account_state state), void *ctx, struct err *err)
{
    if (!*person->domain)
        return 0;
    if (each_rival(db,
                   "SELECT person, state FROM account WHERE team = ? AND email_hash = ? AND person <> ?"
                   " AND state <> 'removed'",
                   DB_ARGS(DB_INT(team), DB_INT(person->email_hash), DB_INT(person->id)), each, ctx, err) != 0)
        return -1;
    return each_rival(db,
                      "SELECT p.id, '' FROM person p CROSS JOIN entry e ON e.id = p.id WHERE p.email_hash = ?"
                      " AND p.id <> ? AND e.gone_at = 0 AND e.directory = (SELECT id FROM directory WHERE name = ?)",
                      DB_ARGS(DB_INT(person->email_hash), DB_INT(person->id), DB_TEXT(person->directory)), each, ctx,
                      err);
}

int explain_seat(struct db *db, int64_t team, const char *product, uint32_t account, int64_t *ret_since,
                 struct err *err)
{
    return db_number(db,
                     "SELECT s.since FROM seat s JOIN product p ON p.id = s.product"
                     " WHERE p.team = ? AND p.name = ? AND s.account = ?",
                     DB_ARGS(DB_INT(team), DB_TEXT(product), DB_INT(account)), ret_since, err);
}

int explain_seats(struct db *db, uint32_t account, void (*each)(void *ctx, const char *product), void *ctx,
                  struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            db,
            "SELECT p.name FROM product p CROSS JOIN seat s ON s.product = p.id WHERE s.account = ? ORDER BY p.name",
            DB_ARGS(DB_INT(account)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, stmt_text(st, 0));
    return r;
}

int explain_memberships(struct db *db, uint32_t account, void (*each)(void *ctx, uint32_t group), void *ctx,
                        struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT g.grp FROM synced_group g CROSS JOIN synced_member m ON m.synced_group = g.id"
                 " WHERE m.account = ? ORDER BY g.grp",
                 DB_ARGS(DB_INT(account)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0));
    return r;
}

static struct change change_at(struct stmt *st, uint32_t person)
{
    return (struct change){.person = person,
                           .op = (uint8_t)stmt_int(st, 0),
                           .cause = (uint8_t)stmt_int(st, 1),
                           .object = (uint32_t)stmt_int(st, 2),
                           .detail = (uint32_t)stmt_int(st, 3)};
}

static enum run_state run_state_of(const char *name)
{
    for (int i = RUN_RUNNING; i <= RUN_FAILED; i++)
        if (strcmp(run_state_names[i], name) == 0)
            return (enum run_state)i;
    return RUN_FAILED;
}

int explain_changes(struct db *db, int64_t team, uint32_t person, size_t limit,
                    void (*each)(void *ctx, const struct explain_change *change), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT c.op, c.cause, c.object, c.detail, r.id, r.started_at, r.command, r.state"
                 " FROM (SELECT id, started_at, command, state FROM run WHERE team = ?1 ORDER BY id DESC LIMIT ?2) r"
                 " JOIN done_change c ON c.run = r.id WHERE c.person = ?3 ORDER BY r.id DESC, c.seq LIMIT ?4",
                 DB_ARGS(DB_INT(team), DB_INT(RUNS_LOOKED_AT), DB_INT(person), DB_INT((int64_t)limit)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct explain_change c = {.change = change_at(st, person),
                                   .run = stmt_int(st, 4),
                                   .at = stmt_int(st, 5),
                                   .command = stmt_text(st, 6),
                                   .state = run_state_of(stmt_text(st, 7))};
        each(ctx, &c);
    }
    return r;
}
