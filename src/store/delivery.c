#include "store/delivery.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/random.h"

const char *const delivery_state_names[] = {"intended", "sent", "confirmed", "skipped"};

#define INSTALLATION_BYTES 16

struct delivery {
    struct store *store;
    int64_t run, team;
    char seed[DIGEST_HEX_MAX]; /* of everything but the change's number that keys are made of */
};

/* --- keys --------------------------------------------------------------------------------------------------------- */

static int name_installation(struct db *db, struct err *err)
{
    unsigned char bytes[INSTALLATION_BYTES];
    char hex[DIGEST_HEX_MAX];
    random_bytes(bytes, sizeof bytes);
    digest_hex_of(bytes, sizeof bytes, hex);
    return db_run(db, "INSERT INTO meta (key, value) VALUES ('installation', ?) ON CONFLICT (key) DO NOTHING",
                  DB_ARGS(DB_TEXT(hex)), err);
}

static int read_seed(struct delivery *d, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(d->store->db,
                 "SELECT m.value, r.id, r.started_at, r.plan FROM run r JOIN meta m ON m.key = 'installation'"
                 " WHERE r.id = ?",
                 DB_ARGS(DB_INT(d->run)), &st, err) != 0)
        return -1;
    int found = stmt_step(st, err);
    if (found < 0)
        return -1;
    CLEANUP(digest_free) struct digest *digest = digest_new();
    for (int i = 0; found && i < 4; i++)
        digest_field(digest, stmt_span(st, i));
    digest_hex(digest, d->seed);
    return 0;
}

void delivery_key(const struct delivery *d, uint32_t seq, char ret[static DELIVERY_KEY_MAX])
{
    char hex[DIGEST_HEX_MAX];
    CLEANUP(digest_free) struct digest *digest = digest_new();
    digest_field(digest, span_str(d->seed));
    digest_add(digest, &seq, sizeof seq);
    digest_hex(digest, hex);
    memcpy(ret, hex, DELIVERY_KEY_MAX - 1);
    ret[DELIVERY_KEY_MAX - 1] = '\0';
}

int delivery_open(struct store *store, int64_t run, int64_t team, struct delivery **ret, struct err *err)
{
    CLEANUP(delivery_close) struct delivery *d = mem_zero(sizeof *d);
    *d = (struct delivery){.store = store, .run = run, .team = team};
    if (name_installation(store->db, err) != 0 || read_seed(d, err) != 0)
        return -1;
    *ret = TAKE(d);
    return 0;
}

void delivery_close(struct delivery **delivery)
{
    free(*delivery);
    *delivery = NULL;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

int delivery_sent(struct delivery *d, uint32_t seq, uint32_t attempts, int64_t at, struct err *err)
{
    if (attempts == 0)
        return db_run(d->store->db, "INSERT INTO delivery (run, seq, state, attempts, at) VALUES (?, ?, 'sent', 1, ?)",
                      DB_ARGS(DB_INT(d->run), DB_INT(seq), DB_INT(at)), err);
    return db_run(d->store->db, "UPDATE delivery SET attempts = ?, at = ? WHERE run = ? AND seq = ?",
                  DB_ARGS(DB_INT((int64_t)attempts + 1), DB_INT(at), DB_INT(d->run), DB_INT(seq)), err);
}

int delivery_confirmed(struct delivery *d, uint32_t seq, const char *note, int64_t at, struct err *err)
{
    return db_run(d->store->db,
                  "UPDATE delivery SET state = 'confirmed', at = ?, message = ? WHERE run = ? AND seq = ?",
                  DB_ARGS(DB_INT(at), DB_TEXT(note), DB_INT(d->run), DB_INT(seq)), err);
}

int delivery_skipped(struct delivery *d, uint32_t seq, bool was_sent, const char *why, int64_t at, struct err *err)
{
    if (!was_sent)
        return db_run(d->store->db,
                      "INSERT INTO delivery (run, seq, state, attempts, at, message) VALUES (?, ?, 'skipped', 0, ?, ?)",
                      DB_ARGS(DB_INT(d->run), DB_INT(seq), DB_INT(at), DB_TEXT(why)), err);
    return db_run(d->store->db, "UPDATE delivery SET state = 'skipped', at = ?, message = ? WHERE run = ? AND seq = ?",
                  DB_ARGS(DB_INT(at), DB_TEXT(why), DB_INT(d->run), DB_INT(seq)), err);
}

/* --- what a change needs ------------------------------------------------------------------------------------------ */

/* The keys of the JSON are those that run.c writes. Attributes stand in the order of enum attr. */
#define KEPT(key)       "json_extract(c.after, '$." key "')"
#define ATTRIBUTE(name)                                                                                                \
    ", CASE WHEN c.cause = ?5 THEN a." name " WHEN c.after IS NULL THEN p." name " ELSE " KEPT(name) " END"
/* clang-format off */
/* An account that is adopted is still that of the entry it had; the ids and attributes are those it gets. */
static const char person_of_change[] =
    "SELECT CASE WHEN c.op = ?4 THEN e.uid ELSE coalesce(a.uid, e.uid) END, CASE WHEN c.op = ?4 THEN a.uid END, a.remote, coalesce(" KEPT("state") ", ''), coalesce(a.state, '')"
    ATTRIBUTE("user_name") ATTRIBUTE("email") ATTRIBUTE("given_name") ATTRIBUTE("family_name")
    ATTRIBUTE("display_name") ATTRIBUTE("employee_number") ATTRIBUTE("title") ATTRIBUTE("department")
    ATTRIBUTE("language")
    " FROM run_change c JOIN entry e ON e.id = c.person LEFT JOIN person p ON p.id = c.person"
    " LEFT JOIN account a ON a.team = ?1 AND a.person = CASE WHEN c.op = ?4 THEN c.object ELSE c.person END"
    " WHERE c.run = ?2 AND c.seq = ?3";
/* The name that the group gets, else the one it has; a repair gives it the one it has. */
static const char group_of_change[] =
    "SELECT s.remote, e.uid, NULL, CASE WHEN c.op IN (?4, ?5) AND c.cause <> ?6 THEN coalesce(" KEPT("name") ", g.display_name, g.name)"
    " ELSE coalesce(s.name, g.display_name, g.name) END"
    " FROM run_change c JOIN entry e ON e.id = c.object LEFT JOIN grp g ON g.id = c.object"
    " LEFT JOIN synced_group s ON s.team = ?1 AND s.grp = c.object WHERE c.run = ?2 AND c.seq = ?3";
#define ADOPTED_GROUP "coalesce(" KEPT("grp") ", c.detail)"
static const char adopted_group[] =
    "SELECT s.remote, e.uid, f.uid, coalesce(" KEPT("name") ", g.display_name, g.name)"
    " FROM run_change c JOIN entry f ON f.id = c.object JOIN entry e ON e.id = " ADOPTED_GROUP
    " LEFT JOIN grp g ON g.id = e.id LEFT JOIN synced_group s ON s.team = ?1 AND s.grp = c.object"
    " WHERE c.run = ?2 AND c.seq = ?3";
/* clang-format on */

enum { COL_PERSON, COL_FORMER, COL_ACCOUNT, COL_PUT_BACK, COL_STATE, COL_ATTR };

static const char *text_at(struct stmt *st, int col, struct pool *pool)
{
    return stmt_is_null(st, col) ? NULL : pool_strdup(pool, stmt_text(st, col));
}

static bool usable(enum account_state state)
{
    return state == ACCOUNT_INVITED || state == ACCOUNT_ACTIVE;
}

/* Whoever is invited can use the account; an update leaves it as it is; restored or adopted is what the journal kept, or to use. */
static bool active_after(enum op op, enum account_state put_back, enum account_state now)
{
    if (op == OP_UPDATE)
        return usable(now);
    return op == OP_INVITE || ((op == OP_RESTORE || op == OP_ADOPT) && (put_back == ACCOUNT_NONE || usable(put_back)));
}

static int read_person(struct delivery *d, const struct change *c, uint32_t seq, struct pool *pool,
                       struct delivery_text *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(d->store->db, person_of_change,
                 DB_ARGS(DB_INT(d->team), DB_INT(d->run), DB_INT(seq), DB_INT(OP_ADOPT),
                         DB_INT(CAUSE_DRIFT)),
                 &st, err) != 0)
        return -1;
    int found = stmt_step(st, err);
    if (found != 1)
        return found;
    ret->person = text_at(st, COL_PERSON, pool);
    ret->former = text_at(st, COL_FORMER, pool);
    ret->account = text_at(st, COL_ACCOUNT, pool);
    ret->active = active_after((enum op)c->op, account_state_of(stmt_text(st, COL_PUT_BACK)),
                               account_state_of(stmt_text(st, COL_STATE)));
    for (int a = 0; op_takes_attributes((enum op)c->op) && a < ATTR_COUNT; a++) {
        struct span value = stmt_span(st, COL_ATTR + a);
        ret->attr[a] = (struct span){pool_strndup(pool, value.n ? value.p : "", value.n), value.n};
    }
    return 1;
}

static bool of_product(const struct change *c)
{
    return c->op == OP_ASSIGN || c->op == OP_UNASSIGN;
}

static int query_object(struct delivery *d, const struct change *c, uint32_t seq, struct stmt **ret, struct err *err)
{
    if (of_product(c))
        return db_query(d->store->db, "SELECT remote, NULL, NULL, name FROM product WHERE id = ?",
                        DB_ARGS(DB_INT(c->object)), ret, err);
    if (c->op == OP_ADOPT_GROUP)
        return db_query(d->store->db, adopted_group, DB_ARGS(DB_INT(d->team), DB_INT(d->run), DB_INT(seq)), ret, err);
    return db_query(
        d->store->db, group_of_change,
        DB_ARGS(DB_INT(d->team), DB_INT(d->run), DB_INT(seq), DB_INT(OP_ADD_GROUP), DB_INT(OP_RENAME_GROUP),
                DB_INT(CAUSE_DRIFT)),
        ret, err);
}

static int read_object(struct delivery *d, const struct change *c, uint32_t seq, struct pool *pool,
                       struct delivery_text *ret, struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    int found = query_object(d, c, seq, &st, err) == 0 ? stmt_step(st, err) : -1;
    if (found != 1)
        return found;
    ret->object = text_at(st, 0, pool);
    ret->object_uid = text_at(st, 1, pool);
    ret->former = text_at(st, 2, pool);
    ret->object_name = text_at(st, 3, pool);
    return 1;
}

int delivery_text(struct delivery *d, const struct change *c, uint32_t seq, struct pool *pool,
                  struct delivery_text *ret, struct err *err)
{
    *ret = (struct delivery_text){0};
    int person = c->person ? read_person(d, c, seq, pool, ret, err) : 1;
    bool has_object = c->object && c->op != OP_ADOPT; /* of adopt it is the entry that the account had */
    int object = person == 1 && has_object ? read_object(d, c, seq, pool, ret, err) : 1;
    if (person < 0 || object < 0)
        return -1;
    if (person && object)
        return 0;
    return err_set(err, ERR_STORE,
                   "change %u of a run: the database does not know whom it is about; run doorward runs "
                   "verify",
                   (unsigned)seq);
}

/* --- the platform's ids ------------------------------------------------------------------------------------------- */

int delivery_keep_account(struct delivery *d, uint32_t person, const char *remote, struct err *err)
{
    return db_run(d->store->db,
                  "UPDATE account SET remote = ?1 WHERE team = ?2 AND person = ?3 AND coalesce(remote, '') <> "
                  "coalesce(?1, '')",
                  DB_ARGS(DB_TEXT(remote), DB_INT(d->team), DB_INT(person)), err);
}

int delivery_keep_object(struct delivery *d, const struct change *c, uint32_t seq, const char *remote, struct err *err)
{
    if (of_product(c))
        return db_run(d->store->db, "UPDATE product SET remote = ? WHERE id = ?",
                      DB_ARGS(DB_TEXT(remote), DB_INT(c->object)), err);
    return db_run(
        d->store->db,
        "UPDATE synced_group SET remote = ?1 WHERE team = ?2 AND grp = (SELECT CASE WHEN c.op = ?5 THEN " ADOPTED_GROUP
        " ELSE c.object END FROM run_change c WHERE c.run = ?3 AND c.seq = ?4)",
        DB_ARGS(DB_TEXT(remote), DB_INT(d->team), DB_INT(d->run), DB_INT(seq), DB_INT(OP_ADOPT_GROUP)), err);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static enum delivery_state state_of(const char *name)
{
    for (int i = DELIVERY_SENT; i <= DELIVERY_SKIPPED; i++)
        if (strcmp(delivery_state_names[i], name) == 0)
            return (enum delivery_state)i;
    return DELIVERY_INTENDED;
}

int delivery_each(struct store *store, int64_t run, void (*each)(void *ctx, const struct delivery_row *row), void *ctx,
                  struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "SELECT c.seq, c.op, c.cause, c.person, c.object, c.detail, coalesce(d.state, ''), d.attempts,"
                 " coalesce(d.message, ''), c.person = 0 OR EXISTS (SELECT 1 FROM open_domain o WHERE o.name = c.domain"
                 "  AND o.until > ?2)"
                 " FROM run r JOIN run_change c ON c.run = r.id LEFT JOIN delivery d ON d.run = c.run AND d.seq = c.seq"
                 " WHERE r.id = ?1 AND r.elsewhere = 1 ORDER BY c.seq",
                 DB_ARGS(DB_INT(run), DB_INT(clock_now())), &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct delivery_row row = {.seq = (uint32_t)stmt_int(st, 0),
                                   .change = {.op = (uint8_t)stmt_int(st, 1),
                                              .cause = (uint8_t)stmt_int(st, 2),
                                              .person = (uint32_t)stmt_int(st, 3),
                                              .object = (uint32_t)stmt_int(st, 4),
                                              .detail = (uint32_t)stmt_int(st, 5)},
                                   .state = state_of(stmt_text(st, 6)),
                                   .attempts = (uint32_t)stmt_int(st, 7),
                                   .message = stmt_text(st, 8),
                                   .open = stmt_int(st, 9) != 0};
        each(ctx, &row);
    }
    return r;
}

int delivery_each_unsettled(struct store *store, void (*each)(void *ctx, const struct unsettled_run *run), void *ctx,
                            struct err *err)
{
    CLEANUP(stmt_free) struct stmt *st = NULL;
    if (db_query(store->db,
                 "SELECT r.id, r.team, r.done, t.enabled_at, t.name, coalesce(r.platform, ''), count(*) FROM delivery d"
                 " JOIN run r ON r.id = d.run JOIN team t ON t.id = r.team"
                 " WHERE d.state = 'sent' AND r.state IN ('running', 'interrupted')"
                 " GROUP BY r.id, r.team, r.done, t.enabled_at, t.name, r.platform ORDER BY r.id",
                 NULL, 0, &st, err) != 0)
        return -1;
    int r;
    while ((r = stmt_step(st, err)) == 1) {
        struct unsettled_run run = {.run = stmt_int(st, 0),
                                    .team_id = stmt_int(st, 1),
                                    .done = stmt_int(st, 2),
                                    .enabled = stmt_int(st, 3) != 0,
                                    .team = stmt_text(st, 4),
                                    .platform = stmt_text(st, 5),
                                    .sent = stmt_int(st, 6)};
        each(ctx, &run);
    }
    return r;
}

int delivery_unanswered(struct store *store, int64_t run, int64_t *ret, struct err *err)
{
    return db_number(store->db, "SELECT count(*) FROM delivery WHERE run = ? AND state = 'sent'", DB_ARGS(DB_INT(run)),
                     ret, err);
}
