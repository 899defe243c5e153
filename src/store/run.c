#include "store/run.h"

#include <endian.h>
#include <inttypes.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/pool.h"
#include "store/audit.h"
#include "store/mapped.h"

const char *const run_state_names[] = {"running", "interrupted", "done", "failed"};

enum run_state run_state_of(const char *name)
{
    for (int i = RUN_RUNNING; i <= RUN_FAILED; i++)
        if (strcmp(run_state_names[i], name) == 0)
            return (enum run_state)i;
    return RUN_FAILED;
}

int run_begin(struct store *store, int64_t team, const char *command, const char *plan, size_t changes, size_t held,
              int64_t now, int64_t *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "INSERT INTO run (team, command, started_at, state, plan, changes, held) VALUES (?, ?, ?, "
                 "'running', ?, ?, ?)",
                 DB_ARGS(DB_INT(team), DB_TEXT(command), DB_INT(now), DB_TEXT(plan), DB_INT((int64_t)changes),
                         DB_INT((int64_t)held)),
                 &st, err) != 0)
        return -1;
    if (stmt_run(st, err) != 0)
        return -1;
    *ret = db_last_id(store->db);
    return 0;
}

int run_progress(struct store *store, int64_t run, size_t done, struct err *err)
{
    return db_run(store->db, "UPDATE run SET done = ? WHERE id = ?", DB_ARGS(DB_INT((int64_t)done), DB_INT(run)), err);
}

int run_goes_to(struct store *store, int64_t run, const char *platform, bool elsewhere, struct err *err)
{
    return db_run(store->db, "UPDATE run SET platform = ?, elsewhere = ? WHERE id = ?",
                  DB_ARGS(DB_TEXT(platform), DB_INT(elsewhere), DB_INT(run)), err);
}

int run_took(struct store *store, int64_t run, int64_t milliseconds, struct err *err)
{
    return db_run(store->db, "UPDATE run SET millis = ? WHERE id = ?", DB_ARGS(DB_INT(milliseconds), DB_INT(run)), err);
}

#define PACE_CHANGES 10 /* fewer tell how long the connection took, not the changes */

int run_pace(struct store *store, const char *platform, struct run_pace *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "SELECT id, done, millis FROM run WHERE platform = ? AND state IN ('done', 'failed') AND done >= ?"
                 " AND millis > 0 ORDER BY id DESC LIMIT 1",
                 DB_ARGS(DB_TEXT(platform), DB_INT(PACE_CHANGES)), &st, err) != 0)
        return -1;
    int found = stmt_step(st, err);
    if (found == 1)
        *ret = (struct run_pace){.run = stmt_int(st, 0),
                                 .per_second = (double)stmt_int(st, 1) * 1000 / (double)stmt_int(st, 2)};
    return found;
}

/* --- the digest that the audit log keeps -------------------------------------------------------------------------- */

/* A column as its type and its eight bytes, or its length and bytes: 1, '1' and null differ. */
static void pack(struct stmt *st, int col, struct buf *row)
{
    bool is_int = stmt_is_int(st, col), is_null = stmt_is_null(st, col);
    struct span text = is_int || is_null ? (struct span){NULL, 0} : stmt_span(st, col);
    uint64_t n = htole64(is_int ? (uint64_t)stmt_int(st, col) : text.n);
    buf_addc(row, is_int ? 'i' : is_null ? 'n' : 't');
    buf_add(row, &n, sizeof n);
    if (text.n)
        buf_add(row, text.p, text.n);
}

static int add_rows(struct db *db, const char *sql, int columns, int64_t run, struct digest *d, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    CLEANUP(buf_release) struct buf row = BUF_INIT;
    if (db_query(db, sql, DB_ARGS(DB_INT(run)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        buf_clear(&row);
        for (int i = 0; i < columns; i++)
            pack(st, i, &row);
        digest_add(d, row.data, row.len);
    }
    return r;
}

int run_digest(struct store *store, int64_t run, char ret[static DIGEST_HEX_MAX], struct err *err)
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    if (add_rows(store->db,
                 "SELECT id, team, command, started_at, ended_at, state, plan, changes, done, held, message, platform,"
                 " elsewhere, millis FROM run WHERE id = ?",
                 14, run, d, err) != 0 ||
        add_rows(store->db,
                 "SELECT seq, op, cause, person, object, detail, domain, before, after FROM run_change WHERE run = ?"
                 " ORDER BY seq",
                 9, run, d, err) != 0 ||
        add_rows(store->db, "SELECT seq, state, attempts, at, message FROM delivery WHERE run = ? ORDER BY seq", 5, run,
                 d, err) != 0)
        return -1;
    digest_hex(d, ret);
    return 0;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static int note_end(struct store *store, int64_t run, enum run_state state, const char *message, struct err *err)
{
    char digest[DIGEST_HEX_MAX], number[24];
    int64_t done;
    snprintf(number, sizeof number, "%" PRId64, run);
    if (db_number(store->db, "SELECT done FROM run WHERE id = ?", DB_ARGS(DB_INT(run)), &done, err) != 0 ||
        run_digest(store, run, digest, err) != 0)
        return -1;
    return audit_write(
        store,
        &(struct audit_record){AUDIT_RUN_ENDED, number,
                               AUDIT_DETAIL(AUDIT_TEXT("state", run_state_names[state]), AUDIT_INT("done", done),
                                            AUDIT_TEXT("message", message), AUDIT_TEXT("journal", digest))},
        err);
}

int run_end(struct store *store, int64_t run, enum run_state state, const char *message, int64_t now, struct err *err)
{
    if (db_begin(store->db, err) != 0)
        return -1;
    if (db_run(store->db, "UPDATE run SET state = ?, message = ?, ended_at = ? WHERE id = ?",
               DB_ARGS(DB_TEXT(run_state_names[state]), DB_TEXT(message), DB_INT(now), DB_INT(run)), err) == 0 &&
        note_end(store, run, state, message, err) == 0)
        return db_commit(store->db, err);
    db_rollback(store->db);
    return -1;
}

int run_interrupt(struct store *store, int64_t run, const char *message, int64_t now, struct err *err)
{
    return db_run(store->db, "UPDATE run SET state = 'interrupted', message = ?, ended_at = ? WHERE id = ?",
                  DB_ARGS(DB_TEXT(message), DB_INT(now), DB_INT(run)), err);
}

/* 1: there is one, with its message in the pool */
static int find_killed(struct store *store, struct pool *pool, int64_t *ret, const char **ret_message, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(
            store->db,
            "SELECT id, coalesce(message, 'ended before its time; what it did not do, the next plan shows again')"
            " FROM run r WHERE state IN ('running', 'interrupted')"
            " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.run = r.id AND d.state = 'sent') ORDER BY id LIMIT 1",
            NULL, 0, &st, err) != 0)
        return -1;
    int found = stmt_step(st, err);
    if (found != 1)
        return found;
    *ret = stmt_int(st, 0);
    *ret_message = pool_strdup(pool, stmt_text(st, 1));
    return 1;
}

int run_settle(struct store *store, int64_t now, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    int64_t run;
    const char *message;
    int found;
    while ((found = find_killed(store, pool, &run, &message, err)) == 1)
        if (run_end(store, run, RUN_FAILED, message, now, err) != 0)
            return -1;
    return found;
}

#define RUN_COLUMNS                                                                                                    \
    "SELECT r.id, r.started_at, r.ended_at, r.changes, r.done, r.held, r.state, t.name, r.command, "                   \
    "coalesce(r.message, '')"                                                                                          \
    " FROM run r JOIN team t ON t.id = r.team"

static int each_run(struct stmt *st, void (*each)(void *ctx, const struct run_row *row), void *ctx, struct err *err)
{
    int r, found = 0;
    while ((r = stmt_step(st, err)) == 1) {
        struct run_row row = {.id = stmt_int(st, 0),
                              .started_at = stmt_int(st, 1),
                              .ended_at = stmt_int(st, 2),
                              .changes = stmt_int(st, 3),
                              .done = stmt_int(st, 4),
                              .held = stmt_int(st, 5),
                              .state = run_state_of(stmt_text(st, 6)),
                              .team = stmt_text(st, 7),
                              .command = stmt_text(st, 8),
                              .message = stmt_text(st, 9)};
        each(ctx, &row);
        found = 1;
    }
    return r < 0 ? -1 : found;
}

int run_each(struct store *store, size_t limit, void (*each)(void *ctx, const struct run_row *row), void *ctx,
             struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db, RUN_COLUMNS " ORDER BY r.id DESC LIMIT ?", DB_ARGS(DB_INT((int64_t)limit)), &st, err) != 0)
        return -1;
    return each_run(st, each, ctx, err) < 0 ? -1 : 0;
}

int run_find(struct store *store, int64_t run, void (*each)(void *ctx, const struct run_row *row), void *ctx,
             struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db, RUN_COLUMNS " WHERE r.id = ?", DB_ARGS(DB_INT(run)), &st, err) != 0)
        return -1;
    return each_run(st, each, ctx, err);
}

/* What a change takes away or replaces, by which row; nothing for the many that only add. */
enum { OF_NOTHING, OF_ACCOUNT, OF_SEAT, OF_GROUP, OF_OTHER_ID, OF_PLATFORM };

static const uint8_t takes_from[OP_COUNT] = {
    [OP_UNASSIGN] = OF_SEAT,      [OP_SUSPEND] = OF_ACCOUNT,   [OP_REMOVE] = OF_ACCOUNT,  [OP_DROP_GROUP] = OF_GROUP,
    [OP_RENAME_GROUP] = OF_GROUP, [OP_INVITE] = OF_ACCOUNT,    [OP_RESTORE] = OF_ACCOUNT, [OP_UPDATE] = OF_ACCOUNT,
    [OP_ADOPT] = OF_OTHER_ID,     [OP_ADOPT_GROUP] = OF_GROUP,
};

/* One statement for many rows: row by row, the statements would cost four times what the rows do. */
#define ROWS_AT_ONCE  64
#define TIMES_4(row)  row ", " row ", " row ", " row
#define TIMES_16(row) TIMES_4(row) ", " TIMES_4(row) ", " TIMES_4(row) ", " TIMES_4(row)
#define TIMES_64(row) TIMES_16(row) ", " TIMES_16(row) ", " TIMES_16(row) ", " TIMES_16(row)
#define PLAIN_ROW     "(?, ?, ?, ?, ?, ?, ?)"
#define KEEPING_ROW   "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
/* clang-format off */
/* ?1 run · ?2 team · of each row: seq, op, cause, person, object, detail, whether it takes the directory's attributes */
#define VALUES_OF_ROW "?1, v.column1, v.column2, v.column3, v.column4, v.column5, v.column6,"
#define DOMAIN_OF_ROW                                                                                                  \
    " (SELECT domain FROM account WHERE team = ?2 AND person = v.column4 AND state <> 'removed' AND v.column7 = 0),"   \
    " (SELECT domain FROM person WHERE id = v.column4))"
#define WRITE_PLAIN(rows)                                                                                              \
    "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain)"                                     \
    " SELECT " VALUES_OF_ROW " coalesce(" DOMAIN_OF_ROW " FROM (VALUES " rows ") v"
/* … and what it takes from; of an undo, the number of the change undone, else 0. The keys are columns: roster.c puts them back. */
#define UNDONE "(SELECT u.before FROM run_change u WHERE v.column9 > 0 AND u.run = v.column6 AND u.seq = v.column9)"
#define ACCOUNT_KEPT                                                                                                   \
    "'state', state, 'since', since, 'activated_at', activated_at,"                                                    \
    " 'domain', domain, 'email_hash', email_hash, 'user_name', user_name, 'email', email, 'given_name', given_name,"   \
    " 'family_name', family_name, 'display_name', display_name, 'employee_number', employee_number, 'title', title,"   \
    " 'department', department, 'language', language, 'fp_hi', fp_hi, 'fp_lo', fp_lo"
/* Only where some account of the team has it: most teams have none, and a run may have very many rows. */
#define WITH_MAPPED    ", 'mapped', mapped"
#define WITHOUT_MAPPED ""
#define BEFORE(more)                                                                                                   \
    " CASE v.column8 WHEN 1 THEN (SELECT json_object(" ACCOUNT_KEPT more ") FROM account WHERE team = ?2"               \
    "  AND person = v.column4)"                                                                                        \
    " WHEN 4 THEN (SELECT json_object('person', person, 'uid', uid, " ACCOUNT_KEPT more ") FROM account WHERE team = ?2" \
    "  AND person = v.column5)"                                                                                        \
    " WHEN 2 THEN (SELECT json_object('via', s.via, 'since', s.since) FROM account a"                                  \
    "  JOIN seat s ON s.product = v.column5 AND s.account = a.id WHERE a.team = ?2 AND a.person = v.column4)"          \
    " WHEN 3 THEN (SELECT json_object('name', name, 'grp', grp) FROM synced_group WHERE team = ?2 AND grp = v.column5)"  \
    " WHEN 5 THEN (SELECT json_object('found', found) FROM drift WHERE team = ?2 AND op = v.column2"                   \
    "  AND object = v.column5 AND account ="                                                                           \
    "  coalesce((SELECT id FROM account WHERE team = ?2 AND person = v.column4 AND v.column4 <> 0), 0)) END,"
#define WRITE_KEEPING(rows, more)                                                                                      \
    "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain, before, after)"                      \
    " SELECT " VALUES_OF_ROW " coalesce(json_extract(" UNDONE ", '$.domain'),"                                         \
    " (SELECT domain FROM account WHERE team = ?2 AND person = v.column4 AND v.column9 > 0),"                          \
    DOMAIN_OF_ROW "," BEFORE(more) UNDONE " FROM (VALUES " rows ") v"
/* clang-format on */

#define PLAIN_COLUMNS   7
#define KEEPING_COLUMNS 9

struct journal {
    int64_t run, team;
    struct stmt *one[2], *many[2]; /* of changes that keep nothing, and of those that do */
};

static const char *const keeping_one[] = {WRITE_KEEPING(KEEPING_ROW, WITHOUT_MAPPED),
                                          WRITE_KEEPING(KEEPING_ROW, WITH_MAPPED)};
static const char *const keeping_many[] = {WRITE_KEEPING(TIMES_64(KEEPING_ROW), WITHOUT_MAPPED),
                                           WRITE_KEEPING(TIMES_64(KEEPING_ROW), WITH_MAPPED)};

int journal_open(struct store *store, int64_t run, int64_t team, struct journal **ret, struct err *err)
{
    CLEANUP(journal_close) struct journal *j = mem_zero(sizeof *j);
    j->run = run;
    j->team = team;
    bool mapped = false;
    if (mapped_any(store->db, team, &mapped, err) != 0 ||
        db_prepare(store->db, WRITE_PLAIN(PLAIN_ROW), &j->one[false], err) != 0 ||
        db_prepare(store->db, WRITE_PLAIN(TIMES_64(PLAIN_ROW)), &j->many[false], err) != 0 ||
        db_prepare(store->db, keeping_one[mapped], &j->one[true], err) != 0 ||
        db_prepare(store->db, keeping_many[mapped], &j->many[true], err) != 0)
        return -1;
    *ret = TAKE(j);
    return 0;
}

void journal_close(struct journal **journal)
{
    if (!*journal)
        return;
    for (int keeps = 0; keeps < 2; keeps++) {
        stmt_free(&(*journal)->one[keeps]);
        stmt_free(&(*journal)->many[keeps]);
    }
    free(*journal);
    *journal = NULL;
}

/* Who is invited for the first time has nothing that could be taken. A repair replaces what was found on the platform. */
static int source_of(const struct change *c)
{
    if (c->cause == CAUSE_DRIFT)
        return OF_PLATFORM;
    return c->op == OP_INVITE && c->cause == CAUSE_IN_DIRECTORY ? OF_NOTHING : takes_from[c->op];
}

static bool keeps_something(const struct change *c)
{
    return c->cause == CAUSE_UNDO || source_of(c) != OF_NOTHING;
}

static int write_rows(struct journal *j, bool keeps, size_t seq, const struct change *c, size_t n, struct err *err)
{
    struct stmt *st = n == 1 ? j->one[keeps] : j->many[keeps];
    int columns = keeps ? KEEPING_COLUMNS : PLAIN_COLUMNS;
    stmt_bind_int(st, 1, j->run);
    stmt_bind_int(st, 2, j->team);
    for (size_t k = 0; k < n; k++) {
        const int64_t row[] = {(int64_t)(seq + k),
                               c[k].op,
                               c[k].cause,
                               c[k].person,
                               c[k].object,
                               c[k].detail,
                               op_takes_attributes((enum op)c[k].op) && c[k].cause != CAUSE_DRIFT,
                               source_of(&c[k]),
                               c[k].cause == CAUSE_UNDO ? c[k].other : 0};
        for (int i = 0; i < columns; i++)
            stmt_bind_int(st, 3 + (int)k * columns + i, row[i]);
    }
    return stmt_run(st, err);
}

/* How many of these are alike in what they keep, at most as many as are written at once. */
static size_t alike(const struct change *c, size_t n)
{
    size_t some = 1;
    while (some < n && some < ROWS_AT_ONCE && keeps_something(&c[some]) == keeps_something(c))
        some++;
    return some;
}

int journal_write(struct journal *j, size_t seq, const struct change *changes, size_t n, struct err *err)
{
    for (size_t i = 0, some; i < n; i += some) {
        some = alike(changes + i, n - i) == ROWS_AT_ONCE ? ROWS_AT_ONCE : 1;
        if (write_rows(j, keeps_something(&changes[i]), seq + i, changes + i, some, err) != 0)
            return -1;
    }
    return 0;
}

int run_changes(struct store *store, int64_t run, void (*each)(void *ctx, const struct change *change), void *ctx,
                struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db, "SELECT op, cause, person, object, detail FROM run_change WHERE run = ? ORDER BY seq",
                 DB_ARGS(DB_INT(run)), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct change c = {.op = (uint8_t)stmt_int(st, 0),
                           .cause = (uint8_t)stmt_int(st, 1),
                           .person = (uint32_t)stmt_int(st, 2),
                           .object = (uint32_t)stmt_int(st, 3),
                           .detail = (uint32_t)stmt_int(st, 4)};
        each(ctx, &c);
    }
    return r;
}

int run_team(struct store *store, int64_t run, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT team FROM run WHERE id = ?", DB_ARGS(DB_INT(run)), ret, err);
}
