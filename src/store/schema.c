#include "store/schema.h"

#include <inttypes.h>

#include "base/mem.h"

/*
 * Ids of entries, references, targets and accounts are dense integers: what a run compares is arrays and bitmaps of them.
 *
 * edge holds a group's members as the directory writes them: references to names. ref says which entry bears a name now, or none (a
 * member outside the base). So a rename, or a name that passes to another entry, moves every membership with one row changed.
 */
static const char mirror_tables[] =
    "CREATE TABLE directory ("
    "  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor TEXT,"
    "  read_at INTEGER NOT NULL DEFAULT 0,"  /* end of the last complete read */
    "  version INTEGER NOT NULL DEFAULT 0," /* moves with every change of the mirror */
    "  extra TEXT);"                         /* names of the further attributes that the last read asked for; NULL: none */
    "CREATE TABLE entry ("
    "  id INTEGER PRIMARY KEY, directory INTEGER NOT NULL REFERENCES directory (id),"
    "  kind INTEGER NOT NULL, uid TEXT NOT NULL, fp_hi INTEGER NOT NULL, fp_lo INTEGER NOT NULL,"
    "  gone_at INTEGER NOT NULL DEFAULT 0,"
    "  base INTEGER NOT NULL DEFAULT 0," /* the search base it was read through; 0: none */
    "  UNIQUE (directory, uid));"
    "CREATE TABLE base (id INTEGER PRIMARY KEY, directory INTEGER NOT NULL REFERENCES directory (id),"
    "  name TEXT NOT NULL, UNIQUE (directory, name));"
    /* What people lie below. moved_to: where it was found when it was missed; "" for nowhere, NULL when nobody could say. */
    "CREATE TABLE container (id INTEGER PRIMARY KEY REFERENCES entry (id), name TEXT NOT NULL, moved_to TEXT,"
    "  was TEXT, was_until INTEGER NOT NULL DEFAULT 0);" /* the name before, and the read that met the new one */
    "CREATE INDEX entry_gone ON entry (id) WHERE gone_at <> 0;"
    "CREATE TABLE person ("
    "  id INTEGER PRIMARY KEY REFERENCES entry (id), name TEXT NOT NULL,"
    "  user_name TEXT, email TEXT, given_name TEXT, family_name TEXT, display_name TEXT, employee_number TEXT,"
    "  title TEXT, department TEXT, language TEXT,"
    "  email_hash INTEGER, domain TEXT," /* of the e-mail folded for comparison; its domain as an A-label */
    "  active INTEGER NOT NULL, excluded INTEGER NOT NULL,"
    "  fp_hi INTEGER NOT NULL, fp_lo INTEGER NOT NULL," /* of the attributes that a platform gets */
    "  extra TEXT);" /* JSON: further attributes, by their names, that some platform's map asks for; NULL: none */
    /* E-mails that people had: an account may have one of them still. */
    "CREATE TABLE former_email (hash INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (hash, person)) WITHOUT "
    "ROWID;"
    "CREATE TRIGGER person_email_moves AFTER UPDATE OF email_hash ON person"
    " WHEN OLD.email_hash IS NOT NULL AND OLD.email_hash IS NOT NEW.email_hash BEGIN"
    " INSERT INTO former_email (hash, person) SELECT OLD.email_hash, OLD.id WHERE NOT EXISTS"
    " (SELECT 1 FROM former_email WHERE hash = OLD.email_hash AND person = OLD.id); END;"
    "CREATE TABLE grp ("
    "  id INTEGER PRIMARY KEY REFERENCES entry (id), name TEXT NOT NULL, display_name TEXT);"
    "CREATE TABLE ref ("
    "  id INTEGER PRIMARY KEY, directory INTEGER NOT NULL REFERENCES directory (id),"
    "  key_hi INTEGER NOT NULL, key_lo INTEGER NOT NULL, entry INTEGER);"
    "CREATE TABLE edge (grp INTEGER NOT NULL, ref INTEGER NOT NULL, PRIMARY KEY (grp, ref)) WITHOUT "
    "ROWID;" SCHEMA_EDGE_INDEXES;

static const char policy_tables[] =
    "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    "  enabled_at INTEGER NOT NULL DEFAULT 0,"
    "  policy TEXT);" /* digest of what the rows of target and entitled were made from */
    /* What people of a team can be entitled to: its scope (kind 0), a product (1), a synced group (2), priority for a product's seats (3). */
    "CREATE TABLE target (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id),"
    "  kind INTEGER NOT NULL, name TEXT NOT NULL, grp INTEGER, UNIQUE (team, kind, name));"
    /* The groups that lead to a target: as configured, and the entry they were bound to at first sight. */
    "CREATE TABLE target_group (target INTEGER NOT NULL REFERENCES target (id), configured TEXT NOT NULL,"
    "  grp INTEGER NOT NULL, PRIMARY KEY (target, configured));"
    "CREATE TABLE entitled (target INTEGER NOT NULL, person INTEGER NOT NULL,"
    "  via INTEGER NOT NULL, PRIMARY KEY (target, person)) WITHOUT ROWID;"; /* via: the group the person is directly in */

static const char platform_tables[] =
    "CREATE TABLE account ("
    "  id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id), person INTEGER NOT NULL,"
    "  uid TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('invited', 'active', 'suspended', 'removed')),"
    "  remote TEXT," /* the platform's id of it; NULL: none, as on the roster, or none known */
    "  since INTEGER NOT NULL, activated_at INTEGER NOT NULL DEFAULT 0, domain TEXT NOT NULL, email_hash INTEGER NOT "
    "NULL,"
    "  user_name TEXT, email TEXT NOT NULL, given_name TEXT, family_name TEXT, display_name TEXT, employee_number TEXT,"
    "  title TEXT, department TEXT, language TEXT, fp_hi INTEGER NOT NULL, fp_lo INTEGER NOT NULL,"
    "  mapped TEXT," /* JSON: what it was given by the rules of the platform's own map, by target; NULL: there were none */
    "  UNIQUE (team, person));"
    "CREATE INDEX account_mapped ON account (team) WHERE mapped IS NOT NULL;"
    "CREATE TABLE product (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id), name TEXT NOT NULL,"
    "  remote TEXT, UNIQUE (team, name));"
    "CREATE TABLE seat (account INTEGER NOT NULL REFERENCES account (id), product INTEGER NOT NULL REFERENCES product "
    "(id),"
    "  via INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (product, account)) WITHOUT ROWID;"
    "CREATE TABLE synced_group (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id),"
    "  grp INTEGER NOT NULL, name TEXT NOT NULL, remote TEXT, UNIQUE (team, grp));"
    "CREATE TABLE synced_member (synced_group INTEGER NOT NULL REFERENCES synced_group (id), account INTEGER NOT NULL,"
    "  PRIMARY KEY (synced_group, account)) WITHOUT ROWID;"
    "CREATE TABLE invitation (id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account (id),"
    "  email TEXT NOT NULL, made_at INTEGER NOT NULL, sent_at INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE run (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES team (id), command TEXT NOT NULL,"
    "  started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,"
    /* interrupted: ended, but of some changes it is not known whether the platform did them */
    "  state TEXT NOT NULL CHECK (state IN ('running', 'interrupted', 'done', 'failed')), plan TEXT NOT NULL,"
    "  changes INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL, message TEXT,"
    "  platform TEXT,"                        /* its section */
    "  elsewhere INTEGER NOT NULL DEFAULT 0," /* 1: a change was done when its delivery is confirmed; 0: with its row */
    "  millis INTEGER NOT NULL DEFAULT 0);"   /* that the changes took, by a clock that only moves forward */
    /* What only a plan for everybody finds out, of each team's last one; follows from the other tables, and is no record. */
    "CREATE TABLE last_plan (team INTEGER PRIMARY KEY REFERENCES team (id), made_at INTEGER NOT NULL,"
    "  state TEXT NOT NULL, content TEXT NOT NULL);"
    "CREATE TABLE last_trip (team INTEGER NOT NULL, seq INTEGER NOT NULL, what TEXT NOT NULL, grp INTEGER NOT NULL,"
    "  removals INTEGER NOT NULL, total INTEGER NOT NULL, allowed INTEGER NOT NULL, PRIMARY KEY (team, seq)) WITHOUT "
    "ROWID;"
    "CREATE TABLE last_waiting (team INTEGER NOT NULL, product TEXT NOT NULL, waiting INTEGER NOT NULL,"
    "  PRIMARY KEY (team, product)) WITHOUT ROWID;"
    /*
     * What was found on a platform elsewhere that is not as our rows say, by the change that would put it right; object as in run_change.
     * open: it is so now. A row that was repaired stays for a while, so that what comes back the same is known to.
     */
    "CREATE TABLE drift (team INTEGER NOT NULL, op INTEGER NOT NULL, account INTEGER NOT NULL, object INTEGER NOT NULL,"
    "  stance INTEGER NOT NULL, print INTEGER NOT NULL, found TEXT NOT NULL, look INTEGER NOT NULL,"
    "  open INTEGER NOT NULL DEFAULT 1, times INTEGER NOT NULL DEFAULT 0, repaired_at INTEGER NOT NULL DEFAULT 0,"
    "  clean INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (team, account, op, object)) WITHOUT ROWID;"
    "CREATE TABLE platform_look (team INTEGER PRIMARY KEY, platform TEXT NOT NULL, look INTEGER NOT NULL, at INTEGER NOT NULL);"
    "CREATE INDEX account_remote ON account (remote) WHERE remote IS NOT NULL;"
    "CREATE TABLE run_change (run INTEGER NOT NULL, seq INTEGER NOT NULL, op INTEGER NOT NULL,"
    "  cause INTEGER NOT NULL, person INTEGER NOT NULL, object INTEGER NOT NULL, detail INTEGER NOT NULL,"
    "  domain TEXT,"
    /* JSON: what the change takes away or replaces, and of an undo what it puts back; NULL where there is nothing to say. */
    "  before TEXT, after TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID;"
    /*
     * What became of a change that is sent to a platform elsewhere. Without a row it is only intended; sent: it may have been done, and
     * has to be sent again until there is an answer.
     */
    "CREATE TABLE delivery (run INTEGER NOT NULL, seq INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('sent', 'confirmed', 'skipped')),"
    "  attempts INTEGER NOT NULL, at INTEGER NOT NULL, message TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID;"
    "CREATE INDEX delivery_sent ON delivery (run) WHERE state = 'sent';"
    "CREATE TABLE pace (run INTEGER NOT NULL, op TEXT NOT NULL, changes INTEGER NOT NULL, millis INTEGER NOT NULL,"
    "  PRIMARY KEY (run, op)) WITHOUT ROWID;"
    "CREATE VIEW done_change AS SELECT c.* FROM run_change c JOIN run r ON r.id = c.run WHERE r.elsewhere = 0 OR EXISTS"
    " (SELECT 1 FROM delivery d WHERE d.run = c.run AND d.seq = c.seq AND d.state = 'confirmed');";

static const char gate_tables[] =
    "CREATE TABLE domain (name TEXT PRIMARY KEY, token TEXT NOT NULL, created_at INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('challenged', 'proved', 'lapsed')),"
    "  method TEXT, dnssec TEXT, proved_at INTEGER NOT NULL DEFAULT 0, checked_at INTEGER NOT NULL DEFAULT 0,"
    "  absent_since INTEGER NOT NULL DEFAULT 0, detail TEXT, connection TEXT);"
    "CREATE TABLE connection (name TEXT PRIMARY KEY,"
    "  state TEXT NOT NULL CHECK (state IN ('configured', 'tested', 'active')),"
    "  entity TEXT, tested_at INTEGER NOT NULL DEFAULT 0, tested_as TEXT, activated_at INTEGER NOT NULL DEFAULT 0,"
    "  usable_until INTEGER NOT NULL DEFAULT 0);" /* the first of: test too old, certificates ended, metadata ended */
    "CREATE TABLE used_once (kind TEXT NOT NULL, value TEXT NOT NULL, expires_at INTEGER NOT NULL,"
    "  PRIMARY KEY (kind, value));";

/*
 * The gate once more, below every command: a person is invited, changed, given or deprived of anything only while the domain of the e-mail
 * is proved and its connection is active and usable. run_change is written ahead of whatever is sent to any platform, so no
 * platform can be reached past it.
 *
 * The clock is asked as a number: strftime makes a text of it for every row, which was half of what the journal cost.
 */
/* clang-format off */
#define MAKE_OPEN                                                                                                      \
    " BEGIN DELETE FROM open_domain; INSERT INTO open_domain SELECT d.name, c.usable_until FROM domain d"              \
    " JOIN connection c ON c.name = d.connection WHERE d.state = 'proved' AND c.state = 'active'; END;"
#define REFUSE_UNLESS_OPEN(domain)                                                                                     \
    " NOT EXISTS (SELECT 1 FROM open_domain WHERE name = " domain                                                      \
    "  AND until > (julianday('now') - 2440587.5) * 86400) BEGIN"                                                      \
    " SELECT RAISE(FAIL, 'gate: the e-mail domain of this person is not proved, or its connection is not active'); END;"

static const char gate_triggers[] =
    /* Which domains are open, until when: follows the two tables by itself, so that the check of a row is one look-up. */
    "CREATE TABLE open_domain (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TRIGGER open_domain_insert AFTER INSERT ON domain" MAKE_OPEN
    "CREATE TRIGGER open_domain_update AFTER UPDATE ON domain" MAKE_OPEN
    "CREATE TRIGGER open_domain_delete AFTER DELETE ON domain" MAKE_OPEN
    "CREATE TRIGGER open_connection_insert AFTER INSERT ON connection" MAKE_OPEN
    "CREATE TRIGGER open_connection_update AFTER UPDATE ON connection" MAKE_OPEN
    "CREATE TRIGGER open_connection_delete AFTER DELETE ON connection" MAKE_OPEN
    "CREATE TRIGGER gate_account_insert BEFORE INSERT ON account WHEN" REFUSE_UNLESS_OPEN("NEW.domain")
    "CREATE TRIGGER gate_account_update BEFORE UPDATE ON account WHEN" REFUSE_UNLESS_OPEN("NEW.domain")
    "CREATE TRIGGER gate_seat BEFORE INSERT ON seat WHEN"
    REFUSE_UNLESS_OPEN("(SELECT domain FROM account WHERE id = NEW.account)")
    "CREATE TRIGGER gate_change BEFORE INSERT ON run_change WHEN NEW.person <> 0 AND" REFUSE_UNLESS_OPEN("NEW.domain");
/* clang-format on */

/*
 * The audit log is only ever added to, one record behind the other, and what its records vouch for stays as it was: a
 * change made from outside is refused here, and found by "doorward runs verify" when it was made past these triggers.
 * Nothing is looked at for an insert into run_change, of which a run has many: the digest of the run finds a row too many.
 */
/* clang-format off */
#define RUN_ENDED    " NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND state IN ('running', 'interrupted'))"
#define REFUSE(what) " BEGIN SELECT RAISE(ABORT, 'audit: " what "'); END;"
static const char audit_tables[] =
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL,"
    "  subject TEXT NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL);"
    "CREATE TRIGGER audit_insert BEFORE INSERT ON audit"
    " WHEN NEW.id <> coalesce((SELECT max(id) FROM audit), 0) + 1" REFUSE("records are added at the end only")
    "CREATE TRIGGER audit_update BEFORE UPDATE ON audit" REFUSE("records are never changed")
    "CREATE TRIGGER audit_delete BEFORE DELETE ON audit" REFUSE("records are never removed")
    "CREATE TRIGGER audit_change_update BEFORE UPDATE ON run_change" REFUSE("the journal is never changed")
    "CREATE TRIGGER audit_change_delete BEFORE DELETE ON run_change" REFUSE("the journal is never shortened")
    "CREATE TRIGGER audit_run_insert BEFORE INSERT ON run"
    " WHEN EXISTS (SELECT 1 FROM run WHERE id = NEW.id)" REFUSE("a run is never replaced")
    "CREATE TRIGGER audit_run_update BEFORE UPDATE ON run WHEN OLD.state IN ('done', 'failed')"
    REFUSE("a run that has ended is never changed")
    "CREATE TRIGGER audit_run_delete BEFORE DELETE ON run" REFUSE("a run is never removed")
    /* A delivery follows its change of the journal, is answered once, and only as long as its run is open. */
    "CREATE TRIGGER audit_delivery_insert BEFORE INSERT ON delivery"
    " WHEN NEW.state = 'confirmed' OR EXISTS (SELECT 1 FROM delivery WHERE run = NEW.run AND seq = NEW.seq)"
    "  OR NOT EXISTS (SELECT 1 FROM run_change WHERE run = NEW.run AND seq = NEW.seq) OR" RUN_ENDED
    REFUSE("a delivery begins with a change of an open run")
    "CREATE TRIGGER audit_delivery_update BEFORE UPDATE ON delivery"
    " WHEN OLD.state <> 'sent' OR NEW.run <> OLD.run OR NEW.seq <> OLD.seq OR" RUN_ENDED
    REFUSE("a delivery that was answered is never changed")
    "CREATE TRIGGER audit_delivery_delete BEFORE DELETE ON delivery" REFUSE("a delivery is never removed");
/* clang-format on */

/* A migration is a list of scripts; its place is its version. Never change one that was released: add one. */
static const char *const migrations[][8] = {
    {"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);", mirror_tables, policy_tables, platform_tables,
     gate_tables, gate_triggers, audit_tables},
};

int schema_version(void)
{
    return (int)(sizeof migrations / sizeof *migrations);
}

static int found_version(struct db *db, int64_t *ret, struct err *err)
{
    return db_get_int(db, "PRAGMA user_version", ret, err);
}

/* "Door": so that another program's SQLite file is told from one of ours. */
#define APPLICATION_ID 1148153714

static int refuse_foreign(struct db *db, struct err *err)
{
    int64_t application = 0, tables = 0;
    if (db_get_int(db, "PRAGMA application_id", &application, err) != 0 ||
        db_get_int(db, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0)
        return -1;
    if (tables == 0 || application == APPLICATION_ID)
        return 0;
    return err_set(err, ERR_STORE, "%s: a database of another program; name another state folder with --state",
                   db_path(db));
}

static int refuse_newer(struct db *db, int64_t found, struct err *err)
{
    if (found <= schema_version())
        return 0;
    return err_set(err, ERR_STORE,
                   "%s: written by a newer Doorward (schema %" PRId64 ", this program knows up to %d); "
                   "install that version again",
                   db_path(db), found, schema_version());
}

static int migrate_to(struct db *db, int version, struct err *err)
{
    for (size_t i = 0; i < 8 && migrations[version - 1][i]; i++)
        if (db_exec(db, migrations[version - 1][i], err) != 0)
            return -1;
    CLEANUP(freep)
    char *sql = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, version);
    return db_exec(db, sql, err);
}

int schema_migrate(struct db *db, struct err *err)
{
    int64_t found = 0;
    if (refuse_foreign(db, err) != 0 || found_version(db, &found, err) != 0 || refuse_newer(db, found, err) != 0)
        return -1;
    /* Of a file that is still empty: a run reads whole tables, and larger pages are fewer reads. */
    if (found == 0 && db_exec(db, "PRAGMA page_size = 16384", err) != 0)
        return -1;
    for (int version = (int)found + 1; version <= schema_version(); version++) {
        if (db_begin(db, err) != 0)
            return -1;
        if (migrate_to(db, version, err) != 0) {
            db_rollback(db);
            return err_wrap(err, "upgrading the database to schema %d", version);
        }
        if (db_commit(db, err) != 0)
            return -1;
    }
    return 0;
}

int schema_require(struct db *db, struct err *err)
{
    int64_t found = 0;
    if (refuse_foreign(db, err) != 0 || found_version(db, &found, err) != 0 || refuse_newer(db, found, err) != 0)
        return -1;
    if (found < schema_version())
        return err_set(err, ERR_STORE,
                       "%s: written by an older Doorward; run a command that may change it, such as doorward plan",
                       db_path(db));
    return 0;
}
