#include "store/account.h"

#include "base/mem.h"

const char *const account_state_names[] = {"none", "invited", "active", "suspended", "removed"};

enum account_state account_state_of(const char *name)
{
    for (int i = ACCOUNT_INVITED; i <= ACCOUNT_REMOVED; i++)
        if (strcmp(account_state_names[i], name) == 0)
            return (enum account_state)i;
    return ACCOUNT_NONE;
}

static struct key128 key_at(struct stmt *st, int col)
{
    return (struct key128){(uint64_t)stmt_int(st, col), (uint64_t)stmt_int(st, col + 1)};
}

static int step_accounts(struct stmt *st, void (*each)(void *ctx, const struct account_row *row), void *ctx,
                         struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct account_row row = {.id = (uint32_t)stmt_int(st, 0),
                                  .person = (uint32_t)stmt_int(st, 1),
                                  .state = account_state_of(stmt_text(st, 2)),
                                  .since = stmt_int(st, 3),
                                  .email_hash = stmt_int(st, 4),
                                  .fingerprint = key_at(st, 5),
                                  .domain = stmt_text(st, 7)};
        each(ctx, &row);
    }
    return r;
}

int account_each_address(struct db *db, int64_t team,
                         void (*each)(void *ctx, uint32_t person, struct span email, struct span user_name), void *ctx,
                         struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT person, email, user_name FROM account WHERE team = ?", DB_ARGS(DB_INT(team)), &st, err) !=
        0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), stmt_span(st, 1), stmt_span(st, 2));
    return r;
}

#define ACCOUNTS "SELECT id, person, state, since, email_hash, fp_hi, fp_lo, domain FROM account WHERE team = ?"

int account_each(struct db *db, int64_t team, void (*each)(void *ctx, const struct account_row *row), void *ctx,
                 struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, ACCOUNTS, DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    return step_accounts(st, each, ctx, err);
}

int account_each_of(struct db *db, int64_t team, uint32_t person,
                    void (*each)(void *ctx, const struct account_row *row), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, ACCOUNTS " AND person = ?", DB_ARGS(DB_INT(team), DB_INT(person)), &st, err) != 0)
        return -1;
    return step_accounts(st, each, ctx, err);
}

static int step_people(struct stmt *st, void (*each)(void *ctx, const struct person_row *row), void *ctx,
                       struct err *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct person_row row = {.id = (uint32_t)stmt_int(st, 0),
                                 .active = stmt_int(st, 1) != 0,
                                 .excluded = (unsigned)stmt_int(st, 2),
                                 .domain = stmt_text(st, 3),
                                 .email_hash = stmt_int(st, 4),
                                 .fingerprint = key_at(st, 5),
                                 .gone = stmt_int(st, 7) != 0,
                                 .base = (uint32_t)stmt_int(st, 8)};
        each(ctx, &row);
    }
    return r;
}

#define PEOPLE                                                                                                         \
    "SELECT p.id, p.active, p.excluded, p.domain, p.email_hash, p.fp_hi, p.fp_lo, e.gone_at <> 0, e.base"              \
    " FROM entry e CROSS JOIN person p ON p.id = e.id"                                                                 \
    " WHERE +e.directory = (SELECT id FROM directory WHERE name = ?)"

int person_each(struct db *db, const char *directory, void (*each)(void *ctx, const struct person_row *row), void *ctx,
                struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, PEOPLE " ORDER BY e.id", DB_ARGS(DB_TEXT(directory)), &st, err) != 0)
        return -1;
    return step_people(st, each, ctx, err);
}

int person_each_of(struct db *db, const char *directory, uint32_t person,
                   void (*each)(void *ctx, const struct person_row *row), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, PEOPLE " AND e.id = ?", DB_ARGS(DB_TEXT(directory), DB_INT(person)), &st, err) != 0)
        return -1;
    return step_people(st, each, ctx, err);
}

int person_each_near(struct db *db, uint32_t person, void (*each)(void *ctx, uint32_t near), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT id FROM person WHERE id = ?1"
                 " UNION SELECT id FROM person WHERE email_hash = (SELECT email_hash FROM person WHERE id = ?1)"
                 " UNION SELECT person FROM former_email WHERE hash = (SELECT email_hash FROM person WHERE id = ?1)"
                 " ORDER BY 1",
                 DB_ARGS(DB_INT(person)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0));
    return r;
}

int product_get(struct db *db, int64_t team, const char *name, uint32_t *ret, struct err *err)
{
    int64_t id;
    if (db_run(db, "INSERT INTO product (team, name) VALUES (?, ?) ON CONFLICT (team, name) DO NOTHING",
               DB_ARGS(DB_INT(team), DB_TEXT(name)), err) != 0 ||
        db_number(db, "SELECT id FROM product WHERE team = ? AND name = ?", DB_ARGS(DB_INT(team), DB_TEXT(name)), &id,
                  err) != 0)
        return -1;
    *ret = (uint32_t)id;
    return 0;
}

int product_name(struct db *db, uint32_t product, struct pool *pool, const char **ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT name FROM product WHERE id = ?", DB_ARGS(DB_INT(product)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = r ? pool_strdup(pool, stmt_text(st, 0)) : NULL;
    return 0;
}

int entry_directory(struct db *db, uint32_t entry, struct pool *pool, const char **ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT d.name FROM entry e JOIN directory d ON d.id = e.directory WHERE e.id = ?",
                 DB_ARGS(DB_INT(entry)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    *ret = r ? pool_strdup(pool, stmt_text(st, 0)) : "";
    return 0;
}

int person_domain(struct db *db, int64_t team, uint32_t person, char *ret, size_t size, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db,
                 "SELECT coalesce(a.domain, p.domain, '') FROM person p LEFT JOIN account a ON a.team = ? AND "
                 "a.person = p.id"
                 " WHERE p.id = ?",
                 DB_ARGS(DB_INT(team), DB_INT(person)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r < 0)
        return -1;
    snprintf(ret, size, "%s", r ? stmt_text(st, 0) : "");
    return 0;
}

int product_each(struct db *db, int64_t team, void (*each)(void *ctx, uint32_t product, const char *name), void *ctx,
                 struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT id, name FROM product WHERE team = ? ORDER BY name", DB_ARGS(DB_INT(team)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), stmt_text(st, 1));
    return r;
}

int seat_each(struct db *db, uint32_t product, void (*each)(void *ctx, uint32_t account, uint32_t via), void *ctx,
              struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT account, via FROM seat WHERE product = ? ORDER BY account", DB_ARGS(DB_INT(product)), &st,
                 err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), (uint32_t)stmt_int(st, 1));
    return r;
}

int seat_each_of(struct db *db, uint32_t product, uint32_t account,
                 void (*each)(void *ctx, uint32_t account, uint32_t via), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT via FROM seat WHERE product = ? AND account = ?",
                 DB_ARGS(DB_INT(product), DB_INT(account)), &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    if (r == 1)
        each(ctx, account, (uint32_t)stmt_int(st, 0));
    return r < 0 ? -1 : 0;
}

static int count(struct db *db, const char *sql, const struct db_value *values, size_t n, uint32_t *ret,
                 struct err *err)
{
    int64_t number;
    if (db_number(db, sql, values, n, &number, err) != 0)
        return -1;
    *ret = (uint32_t)number;
    return 0;
}

int seat_count(struct db *db, uint32_t product, uint32_t *ret, struct err *err)
{
    return count(db, "SELECT count(*) FROM seat WHERE product = ?", DB_ARGS(DB_INT(product)), ret, err);
}

int seat_count_before(struct db *db, int64_t team, uint32_t product, uint32_t target, uint32_t person, uint32_t *ret,
                      struct err *err)
{
    return count(db,
                 "SELECT count(*) FROM entitled t WHERE t.target = ?1 AND t.person < ?2 AND NOT EXISTS (SELECT 1 FROM"
                 " account a JOIN seat s ON s.product = ?3 AND s.account = a.id WHERE a.team = ?4 AND a.person ="
                 " t.person)",
                 DB_ARGS(DB_INT(target), DB_INT(person), DB_INT(product), DB_INT(team)), ret, err);
}

int seat_any_to_release(struct db *db, uint32_t product, uint32_t target, uint32_t scope, bool *ret, struct err *err)
{
    int64_t any;
    if (db_number(db,
                  "SELECT EXISTS (SELECT 1 FROM seat s CROSS JOIN account a ON a.id = s.account"
                  " LEFT JOIN person p ON p.id = a.person LEFT JOIN entry e ON e.id = a.person WHERE s.product = ?1"
                  " AND NOT coalesce(p.active <> 0 AND p.excluded = 0 AND e.gone_at = 0"
                  "  AND EXISTS (SELECT 1 FROM entitled WHERE target = ?2 AND person = a.person)"
                  "  AND (?3 = 0 OR EXISTS (SELECT 1 FROM entitled WHERE target = ?3 AND person = a.person)), 0))",
                  DB_ARGS(DB_INT(product), DB_INT(target), DB_INT(scope)), &any, err) != 0)
        return -1;
    *ret = any != 0;
    return 0;
}

int synced_group_each(struct db *db, int64_t team,
                      void (*each)(void *ctx, uint32_t id, uint32_t group, const char *name), void *ctx,
                      struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT id, grp, name FROM synced_group WHERE team = ? ORDER BY id", DB_ARGS(DB_INT(team)), &st,
                 err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), (uint32_t)stmt_int(st, 1), stmt_text(st, 2));
    return r;
}

int synced_member_each(struct db *db, uint32_t synced_group, void (*each)(void *ctx, uint32_t account), void *ctx,
                       struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(db, "SELECT account FROM synced_member WHERE synced_group = ? ORDER BY account",
                 DB_ARGS(DB_INT(synced_group)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0));
    return r;
}

int synced_member_each_of(struct db *db, uint32_t synced_group, uint32_t account,
                          void (*each)(void *ctx, uint32_t account), void *ctx, struct err *err)
{
    int64_t there;
    if (db_number(db, "SELECT count(*) FROM synced_member WHERE synced_group = ? AND account = ?",
                  DB_ARGS(DB_INT(synced_group), DB_INT(account)), &there, err) != 0)
        return -1;
    if (there)
        each(ctx, account);
    return 0;
}

struct person_reader {
    int64_t team;
    struct stmt *person, *name, *account, *group;
};

#define NAME_AND_EMAIL "coalesce(display_name, email, user_name, name), email"
#define SHOWN          "user_name, email, given_name, family_name, display_name, employee_number, title, department, language"

int person_reader_open(struct db *db, int64_t team, struct person_reader **ret, struct err *err)
{
    CLEANUP(person_reader_close) struct person_reader *r = mem_zero(sizeof *r);
    r->team = team;
    if (db_prepare(db,
                   "SELECT e.uid, p.name, coalesce(a.state, ''), p.user_name, p.email, p.given_name, p.family_name, "
                   "p.display_name,"
                   " p.employee_number, p.title, p.department, p.language FROM person p JOIN entry e ON e.id = p.id"
                   " LEFT JOIN account a ON a.team = ? AND a.person = p.id WHERE p.id = ?",
                   &r->person, err) != 0 ||
        db_prepare(db, "SELECT " NAME_AND_EMAIL " FROM person WHERE id = ?", &r->name, err) != 0 ||
        db_prepare(db, "SELECT uid, '', state, " SHOWN " FROM account WHERE team = ? AND person = ?", &r->account,
                   err) != 0 ||
        db_prepare(db, "SELECT coalesce(display_name, ''), name FROM grp WHERE id = ?", &r->group, err) != 0)
        return -1;
    *ret = TAKE(r);
    return 0;
}

void person_reader_close(struct person_reader **reader)
{
    if (!*reader)
        return;
    stmt_free(&(*reader)->person);
    stmt_free(&(*reader)->name);
    stmt_free(&(*reader)->account);
    stmt_free(&(*reader)->group);
    free(*reader);
    *reader = NULL;
}

static int read_row(struct stmt *st, int64_t team, uint32_t person, struct person_text *ret, struct err *err)
{
    stmt_reset(st);
    stmt_bind_int(st, 1, team);
    stmt_bind_int(st, 2, person);
    int r = stmt_step(st, err);
    if (r != 1)
        return r;
    ret->uid = stmt_span(st, 0);
    ret->name = stmt_span(st, 1);
    ret->state = account_state_of(stmt_text(st, 2));
    for (int a = 0; a < ATTR_COUNT; a++)
        ret->attr[a] = stmt_span(st, 3 + a);
    return 1;
}

int person_read(struct person_reader *r, uint32_t person, struct person_text *ret, struct err *err)
{
    return read_row(r->person, r->team, person, ret, err);
}

int person_read_name(struct person_reader *r, uint32_t person, struct span *ret_name, struct span *ret_email,
                     struct err *err)
{
    stmt_reset(r->name);
    stmt_bind_int(r->name, 1, person);
    int found = stmt_step(r->name, err);
    if (found != 1)
        return found;
    *ret_name = stmt_span(r->name, 0);
    *ret_email = stmt_span(r->name, 1);
    return 1;
}

int person_each_name(struct db *db, void (*each)(void *ctx, uint32_t person, struct span name, struct span email),
                     void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(db, "SELECT id, " NAME_AND_EMAIL " FROM person", &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, (uint32_t)stmt_int(st, 0), stmt_span(st, 1), stmt_span(st, 2));
    return r;
}

int account_read(struct person_reader *r, uint32_t person, struct person_text *ret, struct err *err)
{
    return read_row(r->account, r->team, person, ret, err);
}

int group_read(struct person_reader *r, uint32_t group, struct span *ret_display, struct span *ret_name,
               struct err *err)
{
    stmt_reset(r->group);
    stmt_bind_int(r->group, 1, group);
    int found = stmt_step(r->group, err);
    if (found != 1)
        return found;
    *ret_display = stmt_span(r->group, 0);
    *ret_name = stmt_span(r->group, 1);
    return 1;
}
