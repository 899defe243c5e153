/* The gate's verdict, one missing fact at a time; and that every name a change is shown by exists. */
#include <check.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/change.h"
#include "model/gate.h"
#include "suite.h"

#define NOW  1800000000
#define HOUR 3600

/* Everything is as it should be. */
static struct gate_facts sound(void)
{
    return (struct gate_facts){.domain = "example.com",
                               .connection = "idp",
                               .challenged = true,
                               .proved = true,
                               .active = true,
                               .same_entity = true,
                               .tested_at = NOW - HOUR,
                               .test_valid = 30 * HOUR,
                               .certificate_until = NOW + 90 * HOUR,
                               .metadata_until = NOW + 80 * HOUR};
}

static void no_challenge(struct gate_facts *f)
{
    f->challenged = f->proved = false;
}

static void no_proof(struct gate_facts *f)
{
    f->proved = false;
}

static void lapsed(struct gate_facts *f)
{
    f->proved = false;
    f->lapsed = true;
}

static void no_connection(struct gate_facts *f)
{
    f->connection = "";
}

static void never_tested(struct gate_facts *f)
{
    f->tested_at = 0;
}

static void another_entity(struct gate_facts *f)
{
    f->same_entity = false;
}

static void tested_too_long_ago(struct gate_facts *f)
{
    f->tested_at = NOW - f->test_valid;
}

static void no_certificate(struct gate_facts *f)
{
    f->certificate_until = 0;
}

static void certificate_ended(struct gate_facts *f)
{
    f->certificate_until = NOW;
}

static void metadata_ended(struct gate_facts *f)
{
    f->metadata_until = NOW;
}

/* Metadata that cannot be read names no entity either; the entity is not what is wrong with it. */
static void metadata_unreadable(struct gate_facts *f)
{
    f->same_entity = false;
    f->certificate_until = f->metadata_until = 0;
    f->metadata_fault = "metadata.xml: not XML";
}

static void not_active(struct gate_facts *f)
{
    f->active = false;
}

static const struct {
    void (*spoil)(struct gate_facts *f);
    const char *reason, *remedy;
} faults[] = {
    {no_challenge, "domain example.com is not proved", "doorward domain challenge example.com"},
    {no_proof, "domain example.com is not proved", "doorward domain verify example.com"},
    {lapsed, "the proof of domain example.com is gone", "publish it again, then: doorward domain verify example.com"},
    {no_connection, "domain example.com has no connection", "write \"connection = NAME\" below [domain example.com]"},
    {never_tested, "connection idp has not been tested", "doorward sso test idp --response FILE"},
    {another_entity, "connection idp names another identity provider", "doorward sso test idp --response FILE"},
    {tested_too_long_ago,
     "the last successful sign-in through connection idp, at 2027-01-14T02:00:00Z, is too long ago",
     "doorward sso test idp --response FILE"},
    {no_certificate, "connection idp has no signing certificate", "then: doorward sso test idp --response FILE"},
    {certificate_ended, "connection idp has no signing certificate", "then: doorward sso test idp --response FILE"},
    {metadata_ended, "the metadata of connection idp ended at 2027-01-15T08:00:00Z",
     "then: doorward sso test idp --response FILE"},
    {metadata_unreadable, "metadata.xml: not XML", "then: doorward sso test idp --response FILE"},
    {not_active, "connection idp is not active", "doorward sso activate idp"},
};

START_TEST(one_fact_missing)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct gate_facts f = sound();
    faults[_i].spoil(&f);
    struct gate_domain d;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(!d.open);
    ck_assert_msg(strstr(d.reason, faults[_i].reason) == d.reason, "%s", d.reason);
    ck_assert_msg(strstr(d.remedy, faults[_i].remedy) != NULL, "%s", d.remedy);
    ck_assert_int_eq(d.until, 0);
}
END_TEST

static int64_t until(int64_t tested_at, int64_t certificate, int64_t metadata)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct gate_facts f = sound();
    f.tested_at = tested_at;
    f.certificate_until = certificate;
    f.metadata_until = metadata;
    struct gate_domain d;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(d.open);
    ck_assert_ptr_null(d.reason);
    ck_assert_ptr_null(d.remedy);
    return d.until;
}

START_TEST(open_until_the_first_end)
{
    ck_assert_int_eq(until(NOW, NOW + 90 * HOUR, NOW + 80 * HOUR), NOW + 30 * HOUR);
    ck_assert_int_eq(until(NOW, NOW + 20 * HOUR, NOW + 80 * HOUR), NOW + 20 * HOUR);
    ck_assert_int_eq(until(NOW, NOW + 90 * HOUR, NOW + 10 * HOUR), NOW + 10 * HOUR);
    ck_assert_int_eq(until(NOW, NOW + 90 * HOUR, 0), NOW + 30 * HOUR);
    ck_assert_int_eq(until(NOW - 30 * HOUR + 1, NOW + 1, NOW + 1), NOW + 1);
}
END_TEST

/* An OpenID provider has no certificate and no metadata that end; all else counts as ever. */
START_TEST(keys_that_are_fetched_have_no_end)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct gate_facts f = sound();
    struct gate_domain d;
    f.keys_fetched = true;
    f.certificate_until = f.metadata_until = 0;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(d.open);
    ck_assert_int_eq(d.until, f.tested_at + f.test_valid);
    f.metadata_until = NOW;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(d.open);
    f.tested_at = 0;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(!d.open && strcmp(d.remedy, "doorward sso test idp") == 0);
    f = sound();
    f.keys_fetched = true;
    f.same_entity = false;
    gate_judge(&f, NOW, pool, &d);
    ck_assert(!d.open && strstr(d.reason, "another identity provider"));
}
END_TEST

static size_t warned(const struct gate_facts *f, const char *text)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct gate_domain d;
    gate_judge(f, NOW, pool, &d);
    ck_assert_uint_le(d.nwarnings, GATE_WARNINGS_MAX);
    for (size_t i = 0; i < d.nwarnings; i++)
        if (strstr(d.warnings[i].text, text) && *d.warnings[i].remedy)
            return d.nwarnings;
    return 0;
}

#define DAY (24 * HOUR)

START_TEST(what_is_near_is_told_ahead)
{
    struct gate_facts f = sound();
    f.test_valid = 100 * (int64_t)DAY;
    f.tested_at = NOW - 93 * (int64_t)DAY + 1;
    f.certificate_until = NOW + GATE_CERTIFICATE_WARN + 1;
    f.metadata_until = NOW + GATE_METADATA_WARN + 1;
    ck_assert_uint_eq(warned(&f, "connection"), 0);
    f.tested_at--;
    ck_assert_uint_eq(warned(&f, "nobody signed in through connection idp since"), 1);
    f.certificate_until--;
    ck_assert_uint_eq(warned(&f, "the last signing certificate of connection idp ends at"), 2);
    f.metadata_until--;
    ck_assert_uint_eq(warned(&f, "the metadata of connection idp ends at"), 3);
    f.keys_fetched = true;
    ck_assert_uint_eq(warned(&f, "nobody signed in"), 1);
    f.keys_fetched = false;
    f.active = false;
    ck_assert_uint_eq(warned(&f, ""), 0);
    f = sound();
    f.certificate_until = NOW + GATE_CERTIFICATE_WARN + 1;
    f.metadata_until = 0;
    f.test_valid = 4 * HOUR; /* a quarter of a short time, not a week of it */
    f.tested_at = NOW - 3 * HOUR + 1;
    ck_assert_uint_eq(warned(&f, ""), 0);
    f.tested_at--;
    ck_assert_uint_eq(warned(&f, "nobody signed in"), 1);
    f.by_link = true;
    f.tested_at = 0;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct gate_domain d;
    gate_judge(&f, NOW, pool, &d);
    ck_assert_str_eq(d.remedy, "doorward sso test idp");
}
END_TEST

START_TEST(open_is_open_for_others_too)
{
    struct gate_domain domains[] = {{.domain = "example.com", .open = true}, {.domain = "branch.example"}};
    struct gate gate = {domains, 2};
    ck_assert_int_eq(gate_find(&gate, "example.com"), 0);
    ck_assert_int_eq(gate_find(&gate, "branch.example"), 1);
    ck_assert_int_eq(gate_find(&gate, "sub.example.com"), -1);
    ck_assert_int_eq(gate_find(&gate, ""), -1);
    ck_assert(gate_any_closed(&gate) && !gate_all_closed(&gate));
    domains[1].open = true;
    ck_assert(!gate_any_closed(&gate) && !gate_all_closed(&gate));
    domains[0].open = domains[1].open = false;
    ck_assert(gate_any_closed(&gate) && gate_all_closed(&gate));
}
END_TEST

static void all_named(const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        ck_assert_ptr_nonnull(names[i]);
        ck_assert_uint_gt(strlen(names[i]), 0);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(names[i], names[j]);
    }
}

START_TEST(names)
{
    all_named(op_names, OP_COUNT);
    all_named(cause_names, CAUSE_COUNT);
    all_named(hold_names, HOLD_COUNT);
}
END_TEST

START_TEST(signs)
{
    static const char expected[] = "----"
                                   "-+~"
                                   "++~++"
                                   "~~";
    ck_assert_uint_eq(sizeof expected - 1, OP_COUNT);
    for (int op = 0; op < OP_COUNT; op++)
        ck_assert_int_eq(op_sign((enum op)op), expected[op]);
    for (int op = 0; op < OP_COUNT; op++)
        ck_assert_int_eq(op_is_removal((enum op)op), op <= OP_REMOVE);
    /* What is released comes before what is given, and accounts before what hangs on them. */
    ck_assert_int_lt(OP_UNASSIGN, OP_ASSIGN);
    ck_assert_int_lt(OP_LEAVE, OP_DROP_GROUP);
    ck_assert_int_lt(OP_ADD_GROUP, OP_JOIN);
    ck_assert_int_lt(OP_RESTORE, OP_ASSIGN);
}
END_TEST

/* Who must go first; then what makes room; then what takes it. */
START_TEST(order_of_a_plan)
{
    static const struct change in_order[] = {
        {.op = OP_ADOPT_GROUP, .cause = CAUSE_NEW_ID},   {.op = OP_SUSPEND, .cause = CAUSE_DISABLED},
        {.op = OP_REMOVE, .cause = CAUSE_GONE},          {.op = OP_UNASSIGN, .cause = CAUSE_EXCLUDED},
        {.op = OP_LEAVE, .cause = CAUSE_OUT_OF_SCOPE},   {.op = OP_ADOPT, .cause = CAUSE_NEW_ID},
        {.op = OP_UNASSIGN, .cause = CAUSE_LEFT_GROUP},  {.op = OP_LEAVE, .cause = CAUSE_UNCONFIGURED},
        {.op = OP_REMOVE, .cause = CAUSE_GRACE},         {.op = OP_DROP_GROUP, .cause = CAUSE_UNCONFIGURED},
        {.op = OP_ADD_GROUP, .cause = CAUSE_CONFIGURED}, {.op = OP_RENAME_GROUP, .cause = CAUSE_RENAMED},
        {.op = OP_INVITE, .cause = CAUSE_IN_DIRECTORY},  {.op = OP_RESTORE, .cause = CAUSE_RETURNED},
        {.op = OP_UPDATE, .cause = CAUSE_ATTRIBUTES},    {.op = OP_ASSIGN, .cause = CAUSE_GROUP},
        {.op = OP_JOIN, .cause = CAUSE_GROUP},
    };
    for (size_t i = 1; i < sizeof in_order / sizeof *in_order; i++)
        ck_assert_int_lt(change_rank(&in_order[i - 1]), change_rank(&in_order[i]));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gate");
    TCase *c = tcase_create("gate");
    tcase_add_loop_test(c, one_fact_missing, 0, sizeof faults / sizeof *faults);
    tcase_add_test(c, open_until_the_first_end);
    tcase_add_test(c, keys_that_are_fetched_have_no_end);
    tcase_add_test(c, open_is_open_for_others_too);
    tcase_add_test(c, what_is_near_is_told_ahead);
    tcase_add_test(c, names);
    tcase_add_test(c, signs);
    tcase_add_test(c, order_of_a_plan);
    suite_add_tcase(s, c);
    return suite_run(s);
}
