#include "store/run.h"

#include "base/mem.h"

const char *const run_state_names[] = {"running", "done", "failed"};

static enum run_state state_of(const char *name)
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

int run_end(struct store *store, int64_t run, enum run_state state, const char *message, int64_t now, struct err *err)
{
    return db_run(store->db, "UPDATE run SET state = ?, message = ?, ended_at = ? WHERE id = ?",
                  DB_ARGS(DB_TEXT(run_state_names[state]), DB_TEXT(message), DB_INT(now), DB_INT(run)), err);
}

int run_settle(struct store *store, int64_t now, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(store->db,
                   "UPDATE run SET state = 'failed', ended_at = ?, message = 'ended before its time; what it did not "
                   "do, the next plan "
                   "shows again' WHERE state = 'running'",
                   &st, err) != 0)
        return -1;
    stmt_bind_int(st, 1, now);
    return stmt_run(st, err);
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
                              .state = state_of(stmt_text(st, 6)),
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
enum { OF_NOTHING, OF_ACCOUNT, OF_SEAT, OF_GROUP };

static const uint8_t takes_from[OP_COUNT] = {
    [OP_UNASSIGN] = OF_SEAT,      [OP_SUSPEND] = OF_ACCOUNT, [OP_REMOVE] = OF_ACCOUNT,  [OP_DROP_GROUP] = OF_GROUP,
    [OP_RENAME_GROUP] = OF_GROUP, [OP_INVITE] = OF_ACCOUNT,  [OP_RESTORE] = OF_ACCOUNT, [OP_UPDATE] = OF_ACCOUNT,
};

/* ?1 run · ?2 number · ?3 op · ?4 cause · ?5 person · ?6 object · ?7 detail · ?8 team · ?9 attributes of the directory · ?10 takes from · ?11 of an undo: other */
#define PUT_CHANGE                                                                                                     \
    "INSERT INTO run_change (run, seq, op, cause, person, object, detail, domain, before, after)"                      \
    " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7,"
/* The keys are the columns' names: roster.c puts them back under these. */
#define BEFORE                                                                                                         \
    " CASE ?10 WHEN 1 THEN (SELECT json_object('state', state, 'since', since, 'activated_at', activated_at,"          \
    "  'domain', domain, 'email_hash', email_hash, 'user_name', user_name, 'email', email, 'given_name', given_name,"  \
    "  'family_name', family_name, 'display_name', display_name, 'employee_number', employee_number, 'title', title,"  \
    "  'department', department, 'language', language, 'fp_hi', fp_hi, 'fp_lo', fp_lo)"                                \
    "  FROM account WHERE team = ?8 AND person = ?5)"                                                                  \
    " WHEN 2 THEN (SELECT json_object('via', s.via, 'since', s.since) FROM account a"                                  \
    "  JOIN seat s ON s.product = ?6 AND s.account = a.id WHERE a.team = ?8 AND a.person = ?5)"                        \
    " WHEN 3 THEN (SELECT json_object('name', name) FROM synced_group WHERE team = ?8 AND grp = ?6) END,"

static const char put_change[] = PUT_CHANGE
    " coalesce((SELECT domain FROM account WHERE team = ?8 AND person = ?5 AND state <> 'removed' AND ?9 = 0),"
    " (SELECT domain FROM person WHERE id = ?5))," BEFORE " NULL";
static const char put_undo[] =
    PUT_CHANGE " coalesce(json_extract(u.before, '$.domain'), (SELECT domain FROM account WHERE team = ?8 AND person = "
               "?5))," BEFORE " u.before FROM run_change u WHERE u.run = ?7 AND u.seq = ?11";

struct journal {
    int64_t run, team;
    struct stmt *write, *undo;
};

int journal_open(struct store *store, int64_t run, int64_t team, struct journal **ret, struct err *err)
{
    CLEANUP(journal_close) struct journal *j = mem_zero(sizeof *j);
    j->run = run;
    j->team = team;
    if (db_prepare(store->db, put_change, &j->write, err) != 0 || db_prepare(store->db, put_undo, &j->undo, err) != 0)
        return -1;
    *ret = TAKE(j);
    return 0;
}

void journal_close(struct journal **journal)
{
    if (!*journal)
        return;
    stmt_free(&(*journal)->write);
    stmt_free(&(*journal)->undo);
    free(*journal);
    *journal = NULL;
}

int journal_write(struct journal *j, size_t seq, const struct change *c, struct err *err)
{
    /* Who is invited for the first time has nothing that could be taken. */
    bool fresh = c->op == OP_INVITE && c->cause == CAUSE_IN_DIRECTORY;
    const int64_t values[] = {j->run,
                              (int64_t)seq,
                              c->op,
                              c->cause,
                              c->person,
                              c->object,
                              c->detail,
                              j->team,
                              op_takes_attributes((enum op)c->op),
                              fresh ? OF_NOTHING : takes_from[c->op],
                              c->other};
    bool undo = c->cause == CAUSE_UNDO;
    struct stmt *st = undo ? j->undo : j->write;
    for (int i = 0; i < (undo ? 11 : 10); i++)
        stmt_bind_int(st, i + 1, values[i]);
    return stmt_run(st, err);
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
