/* The sign-in policy: whom discovery sends away, and who of those who come back is let in. */
#include <check.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/schema.h"
#include "saml/saml.h"
#include "signin/compare.h"
#include "signin/discover.h"
#include "signin/person.h"
#include "store/arrivals.h"
#include "store/domain.h"
#include "suite.h"

#define GUID        "33221100-5544-7766-8899-aabbccddeeff"
#define GUID_BASE64 "ABEiM0RVZneImaq7zN3u/w=="

static char dir[64];
static struct signin in;
static struct conf *conf;
static struct err err;
static const char *const domains[] = {"example.com", "xn--bcher-kva.example"};

static const char text[] = "[organization]\nname = O\nurl = https://signin.example.com\n"
                           "[domain example.com]\nconnection = idp\n[domain xn--bcher-kva.example]\n"
                           "[connection idp]\ntype = saml\nmetadata-file = metadata.xml\ntest-user = G@example.com\n"
                           "[connection jit]\ntype = saml\nmetadata-file = metadata.xml\njit = yes\n"
                           "[domain jit.example]\nconnection = jit\n"
                           "[platform p]\ntype = roster\n"
                           "[directory one]\ntype = ldif\nfile = metadata.xml\n"
                           "[directory two]\ntype = ldif\nfile = metadata.xml\n"
                           "[directory spare]\ntype = ldif\nfile = metadata.xml\n"
                           "[team first]\ndirectory = one\nplatform = p\nprimary-admin = a@example.com\n"
                           "[team second]\ndirectory = two\nplatform = p\nprimary-admin = a@example.com\n";

static const char rows[] =
    "INSERT INTO directory (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'spare');"
    "INSERT INTO entry (id, directory, kind, uid, fp_hi, fp_lo, gone_at) VALUES"
    " (1, 1, 0, 'ann', 0, 0, 0), (2, 1, 0, '" GUID "', 0, 0, 0), (3, 1, 0, 'gone', 0, 0, 7), (4, 1, 0, 'off', 0, 0, 0),"
    " (5, 1, 0, 'left-out', 0, 0, 0), (6, 1, 0, 'foreign', 0, 0, 0), (7, 1, 0, 'both', 0, 0, 0),"
    " (8, 2, 0, 'both', 0, 0, 0), (9, 3, 0, 'spare', 0, 0, 0), (10, 1, 0, 'no-mail', 0, 0, 0), (11, 1, 1, 'group', 0, "
    "0, 0);"
    "INSERT INTO person (id, name, email, domain, active, excluded, fp_hi, fp_lo) VALUES"
    " (1, 'cn=ann', 'ann@example.com', 'example.com', 1, 0, 0, 0), (2, 'cn=g', 'g@example.com', 'example.com', 1, 0, "
    "0, 0),"
    " (3, 'cn=x', 'x@example.com', 'example.com', 1, 0, 0, 0), (4, 'cn=o', 'o@example.com', 'example.com', 0, 0, 0, 0),"
    " (5, 'cn=l', 'l@example.com', 'example.com', 1, 2, 0, 0), (6, 'cn=f', 'f@other.org', 'other.org', 1, 0, 0, 0),"
    " (7, 'cn=b', 'b@example.com', 'example.com', 0, 0, 0, 0), (8, 'cn=b2', 'b@example.com', 'example.com', 1, 0, 0, "
    "0),"
    " (9, 'cn=s', 's@example.com', 'example.com', 1, 0, 0, 0), (10, 'cn=n', NULL, NULL, 1, 0, 0, 0);";

static const char *path(const char *name)
{
    return pool_printf(in.pool, "%s/%s", dir, name);
}

static void setup(void)
{
    err = (struct err)ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/doorward-signin-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    in = (struct signin){.pool = pool_new(), .now = 1000};
    ck_assert_int_eq(file_replace(path("metadata.xml"), "<x/>", 4, 0600, &err), 0);
    ck_assert_int_eq(file_replace(path("conf"), text, sizeof text - 1, 0600, &err), 0);
    ck_assert_msg(conf_load(path("conf"), schema_get(), &conf, NULL, &err) == 0, "%s", err.text);
    in.conf = conf;
    ck_assert_msg(signins_open(dir, &in.signins, &err) == 0, "%s", err.text);
    ck_assert_msg(store_open(dir, STORE_WRITE, "test", &in.store, &err) == 0, "%s", err.text);
    ck_assert_msg(db_exec(in.store->db, rows, &err) == 0, "%s", err.text);
    struct connection_row active = {.name = "idp", .state = CONNECTION_ACTIVE, .entity = "", .tested_as = ""};
    ck_assert_int_eq(connection_put(in.store, &active, &err), 0);
    active.name = "jit";
    ck_assert_int_eq(connection_put(in.store, &active, &err), 0);
}

static void teardown(void)
{
    static const char *const files[] = {"doorward.db", "doorward.db-wal", "doorward.db-shm", "lock",
                                        "conf",        "metadata.xml",    "signin.db",       "signin.db-wal",
                                        "signin.db-shm"};
    store_close(&in.store);
    signins_close(&in.signins);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path(files[i]));
    rmdir(dir);
    conf_free(&conf);
    pool_free(&in.pool);
    saml_shutdown();
}

static int let_in(const char *id, struct who *ret)
{
    err_clear(&err);
    return person_of(&in, conf_find(conf, "connection", "idp"), &(struct claim){.id = id}, domains,
                     sizeof domains / sizeof *domains, ret, &err);
}

START_TEST(who_is_in_the_mirror_is_let_in_by_id)
{
    static const char *const ids[] = {"ann", GUID, "33221100-5544-7766-8899-AABBCCDDEEFF", GUID_BASE64};
    struct who who;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        ck_assert_msg(let_in(ids[i], &who) == 0, "%s", err.text);
        ck_assert_str_eq(who.uid, i ? GUID : "ann");
        ck_assert_str_eq(who.directory, "one");
    }
    ck_assert_int_eq(let_in("both", &who), 0); /* disabled in one team's directory, active in the other's */
    ck_assert_str_eq(who.directory, "two");
    ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(everybody_else_is_refused_for_a_reason)
{
    static const struct {
        const char *id, *reason;
    } cases[] = {
        {"nobody", "nobody with this immutable id"}, {"gone", "nobody with this immutable id"},
        {"off", "disabled in directory one"},        {"left-out", "exclude line 2"},
        {"foreign", "in no domain that this"},       {"no-mail", "in no domain that this"},
        {"spare", "nobody with this immutable id"},  {"group", "nobody with this immutable id"},
        {"", "nobody with this immutable id"},       {"ann@example.com", "nobody with this immutable id"},
        {"ABEiM0RVZneImaq7zN3u/x==", "nobody with"},
    };
    struct who who;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(let_in(cases[i].id, &who) == -1, "%s was let in", cases[i].id);
        ck_assert_int_eq(err.kind, ERR_REFUSED);
        ck_assert_msg(strstr(err.text, cases[i].reason), "%s: %s", cases[i].id, err.text);
    }
}
END_TEST

START_TEST(a_session_goes_on_as_long_as_the_person)
{
    struct who who;
    ck_assert_int_eq(person_still(&in, "one", "ann", domains, 2, &who, &err), 0);
    ck_assert_int_eq(person_still(&in, "one", "ann", domains + 1, 1, &who, &err), -1);
    ck_assert_int_eq(db_exec(in.store->db, "UPDATE entry SET gone_at = 5 WHERE id = 1", &err), 0);
    ck_assert_int_eq(person_still(&in, "one", "ann", domains, 2, &who, &err), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
}
END_TEST

START_TEST(nobody_is_sent_away_through_a_closed_gate)
{
    static const struct {
        const char *email, *reason;
        enum err_kind kind;
    } cases[] = {
        {"a@elsewhere.org", "none of the organisation's", ERR_REFUSED},
        {"a@sub.example.com", "none of the organisation's", ERR_REFUSED},
        {"a@EXAMPLE.com", "its gate is closed", ERR_REFUSED},
        {"a@Bücher.example", "its gate is closed", ERR_REFUSED},
        {"example.com", "", ERR_INPUT},
        {"", "", ERR_INPUT},
        {"a@", "", ERR_INPUT},
        {"a@[127.0.0.1]", "", ERR_INPUT},
    };
    const struct conf_section *found, *idp = conf_find(conf, "connection", "idp");
    const char *names[DISCOVER_DOMAINS_MAX];
    size_t n;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(discover_connection(&in, cases[i].email, NULL, &found, &err), -1);
        ck_assert_msg(err.kind == cases[i].kind && strstr(err.text, cases[i].reason), "%s: %s", cases[i].email,
                      err.text);
    }
    ck_assert_int_eq(discover_domains(&in, idp, names, &n, &err), -1);
    ck_assert_msg(strstr(err.text, "domain example.com: its gate is closed"), "%s", err.text);
    store_close(&in.store);
    ck_assert_int_eq(discover_connection(&in, "a@example.com", NULL, &found, &err), -1);
    ck_assert_msg(strstr(err.text, "there is no state yet"), "%s", err.text);
}
END_TEST

/* --- test users ---------------------------------------------------------------------------------------------------------- */

static void set_state(const char *connection, enum connection_state state)
{
    struct connection_row row = {.name = connection, .state = state, .entity = "", .tested_as = ""};
    ck_assert_int_eq(connection_put(in.store, &row, &err), 0);
}

START_TEST(a_connection_that_is_not_active_lets_in_its_test_users)
{
    const struct conf_section *found, *idp = conf_find(conf, "connection", "idp");
    const char *names[DISCOVER_DOMAINS_MAX];
    size_t n;
    struct who who;
    struct domain_row proof = {.name = "example.com", .token = "t", .state = DOMAIN_PROVED, .method = "", .dnssec = "", .detail = ""};
    set_state("idp", CONNECTION_CONFIGURED);
    ck_assert_int_eq(discover_connection(&in, "g@example.com", NULL, &found, &err), -1); /* the domain is not proved */
    ck_assert_int_eq(discover_domains(&in, idp, names, &n, &err), -1);
    ck_assert_int_eq(domain_put(in.store, &proof, &err), 0);
    err_clear(&err);
    ck_assert_msg(discover_connection(&in, "g@EXAMPLE.com", NULL, &found, &err) == 0, "%s", err.text);
    ck_assert_ptr_eq(found, idp);
    ck_assert_int_eq(discover_connection(&in, "ann@example.com", NULL, &found, &err), -1);
    ck_assert_int_eq(discover_connection(&in, "", "example.com", &found, &err), -1);
    err_clear(&err);
    ck_assert_int_eq(discover_domains(&in, idp, names, &n, &err), 0);
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(let_in(GUID, &who), 0);
    ck_assert_int_eq(let_in("ann", &who), -1);
    ck_assert_msg(strstr(err.text, "none of its test users"), "%s", err.text);
    ck_assert_int_eq(person_still(&in, "one", GUID, domains, 2, &who, &err), 0);
    ck_assert_int_eq(person_still(&in, "one", "ann", domains, 2, &who, &err), -1);
    set_state("idp", CONNECTION_ACTIVE); /* its gate is closed for another reason: to them as well */
    ck_assert_int_eq(discover_connection(&in, "g@example.com", NULL, &found, &err), -1);
    ck_assert_int_eq(discover_domains(&in, idp, names, &n, &err), -1);
}
END_TEST

/* --- people whom no directory has ------------------------------------------------------------------------------------------ */

static int arrive(const char *id, const char *email, const char *given, const char *family, struct who *ret)
{
    static const char *const own[] = {"jit.example"};
    err_clear(&err);
    return person_of(&in, conf_find(conf, "connection", "jit"),
                     &(struct claim){.id = id, .email = email, .given_name = given, .family_name = family}, own, 1, ret,
                     &err);
}

START_TEST(whom_no_directory_has_arrives)
{
    static const char *const own[] = {"jit.example"};
    struct who who;
    ck_assert_msg(arrive("new", "New@jit.example", "New", "Person", &who) == 0, "%s", err.text);
    ck_assert_str_eq(who.directory, "jit:jit");
    ck_assert(strcmp(who.uid, "new") == 0 && strcmp(who.name, "New Person") == 0 && who.id == 0);
    ck_assert_int_eq(person_still(&in, "jit:jit", "new", own, 1, &who, &err), -1); /* not recorded */
    err_clear(&err);
    struct arrival arrival = {"jit", "new", "new@jit.example", "New", "Person", 0, 5};
    ck_assert_int_eq(arrivals_put(in.signins, &arrival, &err), 0);
    ck_assert_msg(person_still(&in, "jit:jit", "new", own, 1, &who, &err) == 0, "%s", err.text);
    ck_assert_int_eq(arrive("newer", "NEW@jit.example", "New", "Person", &who), -1);
    ck_assert_msg(strstr(err.text, "somebody else arrived"), "%s", err.text);
    /* Of another connection, of one without jit, of one that is gone. */
    ck_assert_int_eq(person_still(&in, "jit:idp", "new", own, 1, &who, &err), -1);
    ck_assert_int_eq(person_still(&in, "jit:none", "new", own, 1, &who, &err), -1);
    set_state("jit", CONNECTION_TESTED);
    ck_assert_int_eq(person_still(&in, "jit:jit", "new", own, 1, &who, &err), -1);
    ck_assert_int_eq(err.kind, ERR_REFUSED);
}
END_TEST

START_TEST(who_is_known_does_not_arrive)
{
    static const struct {
        const char *id, *email, *given, *reason;
    } cases[] = {
        {"gone", "n@jit.example", "N", "gone from directory one"},
        {"spare", "n@jit.example", "N", "in directory spare, which is no team's"},
        {"group", "n@jit.example", "N", "in directory one"},
        {"off", "n@jit.example", "N", "disabled in directory one"},
        {"left-out", "n@jit.example", "N", "exclude line 2"},
        {"ann", "n@jit.example", "N", "in no domain that this"},
        {"ABEiM0RVZneImaq7zN3u/w==", "n@jit.example", "N", "in no domain that this"},
        {"new", "n@example.com", "N", "in no domain that this"},
        {"new", NULL, "N", "everything that jit needs"},
        {"new", "", "N", "everything that jit needs"},
        {"new", "n@jit.example", NULL, "everything that jit needs"},
        {"new", "n@jit.example", "a\nb", "everything that jit needs"},
        {"", "n@jit.example", "N", "everything that jit needs"},
    };
    struct who who;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(arrive(cases[i].id, cases[i].email, cases[i].given, "F", &who) == -1, "case %zu", i);
        ck_assert_msg(err.kind == ERR_REFUSED && strstr(err.text, cases[i].reason), "%zu: %s", i, err.text);
    }
    set_state("jit", CONNECTION_TESTED);
    ck_assert_int_eq(arrive("new", "n@jit.example", "N", "F", &who), -1);
}
END_TEST

/* --- comparing with the mirror --------------------------------------------------------------------------------------------- */

static const char *compared(const struct claim *claim, bool captured)
{
    static const char letters[] = {[CHECK_PASSED] = '+', [CHECK_FAILED] = '!', [CHECK_SKIPPED] = '-'};
    struct check checks[COMPARE_CHECKS];
    char *marks = pool_zero(in.pool, COMPARE_CHECKS + 1);
    ck_assert_msg(compare_with_mirror(&in, conf_find(conf, "connection", "idp"), claim, captured, checks, &err) == 0, "%s",
                  err.text);
    for (int i = 0; i < COMPARE_CHECKS; i++)
        marks[i] = letters[checks[i].outcome];
    ck_assert_int_eq(strchr(marks, '!') != NULL, compare_fault(checks, COMPARE_CHECKS) != NULL);
    return marks;
}

START_TEST(the_mirror_agrees_or_not)
{
    struct claim c = {.id = "ann", .email = "ANN@example.com", .given_name = "Ann", .family_name = "\xec\x9d\xb4"};
    ck_assert_str_eq(compared(NULL, false), "-----");
    ck_assert_str_eq(compared(&c, false), "-----"); /* nothing was read yet */
    ck_assert_int_eq(db_exec(in.store->db,
                             "UPDATE directory SET read_at = 5 WHERE name = 'two';"
                             "UPDATE person SET given_name = 'ANN', family_name = '\xe1\x84\x8b\xe1\x85\xb5', email_hash = 0"
                             " WHERE id = 1",
                             &err),
                     0);
    ck_assert_str_eq(compared(&c, false), "+++++"); /* case and normalisation form are no difference */
    c.family_name = "Lee";
    ck_assert_str_eq(compared(&c, false), "++++!");
    c.given_name = NULL;
    ck_assert_str_eq(compared(&c, false), "+++-!");
    c.email = "bob@example.com";
    ck_assert_str_eq(compared(&c, false), "++!-!");
    c = (struct claim){.id = GUID_BASE64, .email = "g@example.com", .given_name = "G"};
    ck_assert_str_eq(compared(&c, false), "+++--"); /* the directory has no names of this one */
    c.id = "off";
    ck_assert_str_eq(compared(&c, true), "+!!--");
    c.id = "left-out";
    ck_assert_str_eq(compared(&c, false), "+!!--");
    c.id = "nobody";
    ck_assert_str_eq(compared(&c, false), "!----");
    ck_assert_str_eq(compared(&c, true), "-----");
    c.id = NULL;
    ck_assert_str_eq(compared(&c, false), "-----");
    store_close(&in.store);
    c.id = "ann";
    ck_assert_str_eq(compared(&c, false), "-----");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signin");
    TCase *tc = tcase_create("policy");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, who_is_in_the_mirror_is_let_in_by_id);
    tcase_add_test(tc, everybody_else_is_refused_for_a_reason);
    tcase_add_test(tc, a_session_goes_on_as_long_as_the_person);
    tcase_add_test(tc, nobody_is_sent_away_through_a_closed_gate);
    tcase_add_test(tc, a_connection_that_is_not_active_lets_in_its_test_users);
    tcase_add_test(tc, whom_no_directory_has_arrives);
    tcase_add_test(tc, who_is_known_does_not_arrive);
    tcase_add_test(tc, the_mirror_agrees_or_not);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
