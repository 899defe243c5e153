#include "store/audit.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/text.h"
#include "store/run.h"

const char *const audit_names[AUDIT_COUNT] = {
    [AUDIT_DOMAIN_CHALLENGED] = "domain-challenged",
    [AUDIT_DOMAIN_PROVED] = "domain-proved",
    [AUDIT_DOMAIN_LAPSED] = "domain-lapsed",
    [AUDIT_DOMAIN_GIVEN_UP] = "domain-given-up",
    [AUDIT_CONNECTION_TESTED] = "connection-tested",
    [AUDIT_CONNECTION_ACTIVATED] = "connection-activated",
    [AUDIT_CONNECTION_DEACTIVATED] = "connection-deactivated",
    [AUDIT_SYNC_ENABLED] = "sync-enabled",
    [AUDIT_SYNC_DISABLED] = "sync-disabled",
    [AUDIT_DIRECTORY_READ] = "directory-read",
    [AUDIT_GROUP_BOUND] = "group-bound",
    [AUDIT_GROUP_REBOUND] = "group-rebound",
    [AUDIT_RUN_BEGUN] = "run-begun",
    [AUDIT_RUN_ENDED] = "run-ended",
    [AUDIT_REMOVALS_APPROVED] = "removals-approved",
    [AUDIT_METADATA_ACCEPTED] = "metadata-accepted",
    [AUDIT_KEY_ROLLED] = "key-rolled",
    [AUDIT_TOKEN_MADE] = "token-made",
    [AUDIT_TOKEN_REVOKED] = "token-revoked",
};

/* --- writing ------------------------------------------------------------------------------------------------------ */

void audit_as(struct store *store, const char *actor, int64_t now)
{
    free(store->actor);
    store->actor = mem_strdup(actor);
    store->now = now;
}

static json_t *value_of(const struct audit_field *f, struct pool *pool)
{
    if (!f->is_text)
        return json_integer((json_int_t)f->number);
    return f->text ? json_string(text_printable(pool, span_str(f->text))) : json_null();
}

/* To be freed. */
static char *detail_of(const struct audit_record *record)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    json_t *detail = json_object();
    for (size_t i = 0; i < record->nfields; i++)
        json_object_set_new(detail, record->fields[i].name, value_of(&record->fields[i], pool));
    char *text = json_dumps(detail, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(detail);
    return text;
}

enum { COL_ID, COL_AT, COL_ACTOR, COL_WHAT, COL_SUBJECT, COL_DETAIL, COL_DIGEST };

/* before: digest of the record before. */
static void chain(const char *before, const struct span fields[static COL_DIGEST], char ret[static DIGEST_HEX_MAX])
{
    CLEANUP(digest_free) struct digest *d = digest_new();
    digest_field(d, span_str(before));
    for (int i = COL_ID; i < COL_DIGEST; i++)
        digest_field(d, fields[i]);
    digest_hex(d, ret);
}

static int read_head(struct db *db, int64_t *ret_id, char ret[static DIGEST_HEX_MAX], struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(db, "SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1", &st, err) != 0)
        return -1;
    int r = stmt_step(st, err);
    *ret_id = r == 1 ? stmt_int(st, 0) : 0;
    snprintf(ret, DIGEST_HEX_MAX, "%s", r == 1 ? stmt_text(st, 1) : "");
    return r < 0 ? -1 : 0;
}

int audit_write(struct store *store, const struct audit_record *record, struct err *err)
{
    int64_t last, at = store->now ? store->now : clock_now();
    char head[DIGEST_HEX_MAX], digest[DIGEST_HEX_MAX], id_text[24], at_text[24];
    if (read_head(store->db, &last, head, err) != 0)
        return -1;
    snprintf(id_text, sizeof id_text, "%" PRId64, last + 1);
    snprintf(at_text, sizeof at_text, "%" PRId64, at);
    const char *actor = store->actor ? store->actor : "unknown", *what = audit_names[record->what];
    CLEANUP(freep) char *detail = detail_of(record);
    chain(head,
          (const struct span[]){span_str(id_text), span_str(at_text), span_str(actor), span_str(what),
                                span_str(record->subject), span_str(detail)},
          digest);
    return db_run(store->db,
                  "INSERT INTO audit (id, at, actor, what, subject, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
                  DB_ARGS(DB_INT(last + 1), DB_INT(at), DB_TEXT(actor), DB_TEXT(what), DB_TEXT(record->subject),
                          DB_TEXT(detail), DB_TEXT(digest)),
                  err);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static const char all_records[] = "SELECT id, at, actor, what, subject, detail, digest FROM audit ORDER BY id";

int audit_each(struct store *store, void (*each)(void *ctx, const struct audit_row *row), void *ctx, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(store->db, all_records, &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        each(ctx, &(struct audit_row){.id = stmt_int(st, COL_ID),
                                      .at = stmt_int(st, COL_AT),
                                      .actor = stmt_text(st, COL_ACTOR),
                                      .what = stmt_text(st, COL_WHAT),
                                      .subject = stmt_text(st, COL_SUBJECT),
                                      .detail = stmt_text(st, COL_DETAIL),
                                      .digest = stmt_text(st, COL_DIGEST)});
    return r;
}

/* --- verifying ---------------------------------------------------------------------------------------------------- */

struct verifying {
    struct store *store;
    struct pool *pool;
    const char *expect;
    bool met; /* expect is in the chain */
    struct audit_verdict verdict;
};

static int check_number(int64_t id, int64_t last, struct err *err)
{
    if (id == last + 1)
        return 0;
    if (id <= last)
        return err_set(err, ERR_STORE, "audit record %" PRId64 ": the numbers begin with 1; this record is not ours",
                       id);
    return err_set(err, ERR_STORE, "audit record %" PRId64 ": missing; the next that is there is %" PRId64, last + 1,
                   id);
}

static int check_link(struct verifying *v, struct stmt *st, struct err *err)
{
    struct span fields[COL_DIGEST];
    for (int i = COL_ID; i < COL_DIGEST; i++)
        fields[i] = stmt_span(st, i);
    char digest[DIGEST_HEX_MAX];
    chain(v->verdict.head, fields, digest);
    if (!span_eq(span_str(digest), stmt_span(st, COL_DIGEST)))
        return err_set(
            err, ERR_STORE,
            "audit record %s (%s %s): its digest does not fit; the record was changed, or put in another's place",
            stmt_text(st, COL_ID), text_printable(v->pool, fields[COL_WHAT]),
            text_printable(v->pool, fields[COL_SUBJECT]));
    snprintf(v->verdict.head, sizeof v->verdict.head, "%s", digest);
    v->met |= v->expect && strcmp(v->expect, digest) == 0;
    return 0;
}

/* What the run's last record says of its journal, against the journal. */
static int check_run(struct verifying *v, struct stmt *st, struct err *err)
{
    json_t *detail = json_loads(stmt_text(st, COL_DETAIL), 0, NULL);
    const char *noted = json_string_value(json_object_get(detail, "journal"));
    char digest[DIGEST_HEX_MAX];
    int r = run_digest(v->store, stmt_int(st, COL_SUBJECT), digest, err);
    if (r == 0 && (!noted || strcmp(noted, digest) != 0))
        r = err_set(
            err, ERR_STORE,
            "run %s: its row or its journal does not fit the digest in audit record %s; it was changed after the run",
            stmt_text(st, COL_SUBJECT), stmt_text(st, COL_ID));
    json_decref(detail);
    v->verdict.runs++;
    return r;
}

static int check_record(struct verifying *v, struct stmt *st, struct err *err)
{
    pool_reset(v->pool);
    if (check_number(stmt_int(st, COL_ID), v->verdict.records, err) != 0 || check_link(v, st, err) != 0)
        return -1;
    v->verdict.records++;
    return strcmp(stmt_text(st, COL_WHAT), audit_names[AUDIT_RUN_ENDED]) == 0 ? check_run(v, st, err) : 0;
}

/* What a log whose end was cut off leaves behind. Each gives the number of the first run. */
static const struct {
    const char *sql, *fault;
} strays[] = {
    {"SELECT min(id) FROM run WHERE state IN ('done', 'failed') AND id NOT IN"
     " (SELECT CAST(subject AS INTEGER) FROM audit WHERE what = 'run-ended')",
     "ended, and no audit record says so"},
    {"SELECT min(CAST(subject AS INTEGER)) FROM audit WHERE what = 'run-begun' AND CAST(subject AS INTEGER) NOT IN"
     " (SELECT id FROM run)",
     "in the audit log, but not among the runs"},
    {"SELECT min(run) FROM run_change WHERE run NOT IN (SELECT id FROM run)",
     "has a journal, but is not among the runs"},
    {"SELECT min(run) FROM delivery WHERE run NOT IN (SELECT id FROM run)",
     "has deliveries, but is not among the runs"},
};

static int check_strays(struct db *db, struct err *err)
{
    for (size_t i = 0; i < sizeof strays / sizeof *strays; i++) {
        int64_t run;
        if (db_get_int(db, strays[i].sql, &run, err) != 0)
            return -1;
        if (run)
            return err_set(err, ERR_STORE, "run %" PRId64 ": %s", run, strays[i].fault);
    }
    return 0;
}

static int check_all(struct verifying *v, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_prepare(v->store->db, all_records, &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1)
        if (check_record(v, st, err) != 0)
            return -1;
    if (r != 0 || check_strays(v->store->db, err) != 0)
        return -1;
    if (v->expect && !v->met)
        return err_set(err, ERR_STORE,
                       "audit log: none of its %" PRId64
                       " records bears the digest that was kept; its end was cut off, or "
                       "it is another log",
                       v->verdict.records);
    return 0;
}

int audit_verify(struct store *store, const char *expect, struct audit_verdict *ret, struct err *err)
{
    struct verifying v = {.store = store, .expect = expect};
    if (db_exec(store->db, "BEGIN", err) != 0) /* one state of the database, while a run may go on */
        return -1;
    v.pool = pool_new();
    int r = check_all(&v, err);
    pool_free(&v.pool);
    db_rollback(store->db);
    *ret = v.verdict;
    return r;
}
