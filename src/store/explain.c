#include "store/explain.h"

#include <inttypes.h>

#include "base/mem.h"

/* An index of the journal by person would cost every run; a short run is read, and in a long one the person's changes are searched. */
#define SCANNED 256

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
        /* Of people who have another now: the others' is found by theirs. */
        [EXPLAIN_BY_ACCOUNT_EMAIL] = MET "former_email f CROSS JOIN team t CROSS JOIN account a ON a.team = t.id"
                                         " AND a.person = f.person JOIN entry e ON e.id = a.person"
                                         " WHERE f.hash = ?1 AND a.email_hash = ?1" THEN_ORDER,
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
    ret->state = account_state_of(stmt_text(st, 1));
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
        each(ctx, (uint32_t)stmt_int(st, 0), account_state_of(stmt_text(st, 1)));
    return r;
}

/* The people first, by the e-mail, and only then the entries of the few that have it. */
int explain_same_email(struct db *db, int64_t team, const struct explain_person *person,
                       void (*each)(void *ctx, uint32_t person, enum account_state state), void *ctx, struct err *err)
{
    if (!*person->domain)
        return 0;
    if (each_rival(db,
                   "SELECT a.person, a.state FROM (SELECT id FROM person WHERE email_hash = ?2 UNION SELECT person FROM"
                   " former_email WHERE hash = ?2) p CROSS JOIN account a ON a.team = ?1 AND a.person = p.id"
                   " WHERE a.email_hash = ?2 AND a.person <> ?3 AND a.state <> 'removed'",
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

struct run_head {
    int64_t id, at;
    const char *command;
    enum run_state state;
};

/* What is looked for in the journal, run by run. */
struct found {
    const struct run_head *run;
    uint32_t person;
    size_t left;
    void (*each)(void *ctx, const struct explain_change *change);
    void *ctx;
};

static void meet_change(struct found *f, struct stmt *st)
{
    struct explain_change c = {.change = change_at(st, f->person),
                               .run = f->run->id,
                               .at = f->run->at,
                               .command = f->run->command,
                               .state = f->run->state};
    f->each(f->ctx, &c);
    f->left--;
}

static int scan_run(struct db *db, struct found *f, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT op, cause, object, detail FROM done_change WHERE run = ? AND person = ? ORDER BY seq",
                 DB_ARGS(DB_INT(f->run->id), DB_INT(f->person)), &st, err) != 0)
        return -1;
    int r = 0;
    while (f->left && (r = stmt_step(st, err)) == 1)
        meet_change(f, st);
    return r < 0 ? -1 : 0;
}

static int place_at(struct db *db, int64_t run, int64_t seq, int *ret_op, uint32_t *ret_person, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT op, person FROM run_change WHERE run = ? AND seq = ?", DB_ARGS(DB_INT(run), DB_INT(seq)),
                 &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 0)
        return err_set(err, ERR_STORE,
                       "%s: change %" PRId64 " of run %" PRId64 " is missing; run: doorward runs verify", db_path(db),
                       seq, run);
    *ret_op = (int)stmt_int(st, 0);
    *ret_person = (uint32_t)stmt_int(st, 1);
    return r < 0 ? -1 : 0;
}

/* The first change from *seq to n that does not come before (op, person); n + 1 when all do. */
static int seek(struct db *db, int64_t run, int64_t n, int op, uint32_t person, int64_t *seq, struct err *err)
{
    int64_t low = *seq, high = n + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int there = 0;
        uint32_t who = 0;
        if (place_at(db, run, middle, &there, &who, err) != 0)
            return -1;
        if (there < op || (there == op && who < person))
            low = middle + 1;
        else
            high = middle;
    }
    *seq = low;
    return 0;
}

static int take_op(struct db *db, struct found *f, int op, int64_t seq, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT op, cause, object, detail, person FROM done_change WHERE run = ? AND seq >= ? ORDER BY seq",
                 DB_ARGS(DB_INT(f->run->id), DB_INT(seq)), &st, err) != 0)
        return -1;
    int r = 0;
    while (f->left && (r = stmt_step(st, err)) == 1 && stmt_int(st, 0) == op && stmt_int(st, 4) == f->person)
        meet_change(f, st);
    return r < 0 ? -1 : 0;
}

/* The changes of a run stand in the order of op, then of people: each op's place is found by halving. */
static int search_run(struct db *db, struct found *f, int64_t n, struct err *err)
{
    int64_t seq = 1;
    for (int op = 0, there = 0; op < OP_COUNT && f->left && seq <= n; op++) {
        uint32_t who;
        if (place_at(db, f->run->id, seq, &there, &who, err) != 0)
            return -1;
        op = there > op ? there : op; /* the run has none of those between */
        if (seek(db, f->run->id, n, op, f->person, &seq, err) != 0 || take_op(db, f, op, seq, err) != 0)
            return -1;
    }
    return 0;
}

static int each_change(struct db *db, struct found *f, struct err *err)
{
    int64_t n;
    if (db_number(db, "SELECT max(seq) FROM run_change WHERE run = ?", DB_ARGS(DB_INT(f->run->id)), &n, err) != 0)
        return -1;
    return n <= SCANNED ? scan_run(db, f, err) : search_run(db, f, n, err);
}

int explain_changes(struct db *db, int64_t team, uint32_t person, size_t limit,
                    void (*each)(void *ctx, const struct explain_change *change), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT id, started_at, command, state FROM run WHERE team = ? ORDER BY id DESC LIMIT ?",
                 DB_ARGS(DB_INT(team), DB_INT(EXPLAIN_RUNS)), &st, err) != 0)
        return -1;
    struct found f = {.person = person, .left = limit, .each = each, .ctx = ctx};
    int r = 0;
    while (f.left && (r = stmt_step(st, err)) == 1) {
        CLEANUP(freep) char *command = mem_strdup(stmt_text(st, 2));
        struct run_head run = {stmt_int(st, 0), stmt_int(st, 1), command, run_state_of(stmt_text(st, 3))};
        f.run = &run;
        if (each_change(db, &f, err) != 0)
            return -1;
    }
    return r < 0 ? -1 : 0;
}
