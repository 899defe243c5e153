/* The way from a directory into the mirror, and to who is entitled: one pull after another into one store. */
#include "world.h"
#include "suite.h"

static struct world w;
static struct item *anna, *ben, *cad, *bim, *inner;

#define CONF                                                                                                           \
    WORLD_DIRECTORY("")                                                                                                \
    WORLD_TEAM("")                                                                                                     \
    WORLD_PRODUCT("autocad", "cad", "") WORLD_PRODUCT("revit", "bim", "")

static void setup(void)
{
    world_open(&w, CONF);
    anna = person(&w, "anna");
    ben = person(&w, "ben");
    cad = group(&w, "cad");
    bim = group(&w, "bim");
    inner = group(&w, "inner");
    member(cad, anna);
    member(bim, inner);
    member(inner, ben);
}

static void teardown(void)
{
    world_close(&w);
}

static void add_name(void *ctx, uint32_t p, uint32_t via)
{
    (void)via;
    buf_printf(ctx, " %s", world_name(&w, p));
}

/* Who is entitled to the product, as names with a space before each. */
static void entitled(const char *product, const char *expected)
{
    struct team_row team = {0};
    ck_assert_int_eq(team_get(w.store->db, "design", &team, &w.err), 0);
    team_row_release(&team);
    uint32_t target;
    ck_assert_int_eq(target_get(w.store->db, team.id, TARGET_PRODUCT, product, 0, &target, &w.err), 0);
    CLEANUP(buf_release) struct buf names = BUF_INIT;
    ck_assert_int_eq(entitled_each(w.store->db, target, add_name, &names, &w.err), 0);
    ck_assert_str_eq(buf_str(&names), expected);
}

static int64_t version(void)
{
    return world_int(&w, "SELECT version FROM directory");
}

START_TEST(first_pull)
{
    world_pull(&w);
    ck_assert_uint_eq(w.result.people, 2);
    ck_assert_uint_eq(w.result.groups, 3);
    ck_assert_uint_eq(w.result.added, 5);
    ck_assert_uint_eq(w.result.changed + w.result.gone + w.result.nfaults, 0);
    ck_assert_int_eq(version(), 1);
    ck_assert_int_eq(world_int(&w, "SELECT read_at FROM directory"), w.now);
    entitled("autocad", " anna");
    entitled("revit", " ben");
}
END_TEST

START_TEST(unchanged_pull_writes_nothing)
{
    world_pull(&w);
    w.now += 60;
    world_sql(&w, "CREATE TABLE written (what TEXT)");
    static const char *const tables[] = {"entry", "person", "grp", "ref", "edge", "entitled", "target"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        CLEANUP(freep)
        char *sql = mem_printf("CREATE TRIGGER a%zu AFTER UPDATE ON %s BEGIN INSERT INTO written VALUES ('%s'); END;"
                               "CREATE TRIGGER b%zu AFTER INSERT ON %s BEGIN INSERT INTO written VALUES ('%s'); END;"
                               "CREATE TRIGGER c%zu AFTER DELETE ON %s BEGIN INSERT INTO written VALUES ('%s'); END;",
                               i, tables[i], tables[i], i, tables[i], tables[i], i, tables[i], tables[i]);
        world_sql(&w, sql);
    }
    world_pull(&w);
    ck_assert_uint_eq(w.puts, 0);
    ck_assert_uint_eq(w.result.people + w.result.groups, 5);
    ck_assert_uint_eq(w.result.added + w.result.changed + w.result.gone, 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM written"), 0);
    ck_assert_int_eq(version(), 1);
    ck_assert_int_eq(world_int(&w, "SELECT read_at FROM directory"), w.now);
    set_email(anna, "a@example.com");
    world_pull(&w);
    ck_assert_int_gt(world_int(&w, "SELECT count(*) FROM written"), 0);
}
END_TEST

START_TEST(changed_person)
{
    world_pull(&w);
    set_email(anna, "Anna.Maria@EXAMPLE.com");
    world_pull(&w);
    ck_assert_uint_eq(w.puts, 1);
    ck_assert_uint_eq(w.result.changed, 1);
    ck_assert_int_eq(version(), 2);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM person WHERE email = 'Anna.Maria@EXAMPLE.com'"
                                   " AND domain = 'example.com'"),
                     1);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(renamed_person)
{
    world_pull(&w);
    set_dn(anna, "uid=anna-maria,ou=People,dc=example,dc=com");
    world_pull(&w);
    entitled("autocad", ""); /* the group still names the old DN */
    cad->nmembers = 0;
    member(cad, anna);
    world_pull(&w);
    entitled("autocad", " anna");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry"), 5);
}
END_TEST

START_TEST(renamed_back_without_the_groups_moving)
{
    world_pull(&w);
    CLEANUP(freep) char *dn = mem_strdup(anna->dn);
    set_dn(anna, "uid=x,dc=example,dc=com");
    world_pull(&w);
    set_dn(anna, dn);
    world_pull(&w);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(renamed_group)
{
    world_pull(&w);
    set_dn(inner, "cn=within,ou=Groups,dc=example,dc=com");
    world_pull(&w);
    entitled("revit", "");
    bim->nmembers = 0;
    member(bim, inner);
    world_pull(&w);
    entitled("revit", " ben");
}
END_TEST

START_TEST(two_swap_their_names)
{
    world_pull(&w);
    char was[WORLD_TEXT];
    memcpy(was, anna->dn, sizeof was);
    set_dn(anna, ben->dn);
    set_dn(ben, was);
    world_pull(&w);
    entitled("autocad", " ben");
    entitled("revit", " anna");
}
END_TEST

START_TEST(name_reused_by_another)
{
    world_pull(&w);
    anna->there = false;
    struct item *second = person(&w, "second");
    set_dn(second, anna->dn);
    world_pull(&w);
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert_uint_eq(w.result.added, 1);
    entitled("autocad", " second");
    set_dn(anna, "uid=anna2,dc=example,dc=com");
    anna->there = true;
    world_pull(&w);
    ck_assert_uint_eq(w.result.changed, 1);
    entitled("autocad", " second");
}
END_TEST

/* The one before could not be read in this pull, so only the loss of the name tells that something changed. */
START_TEST(name_taken_from_one_in_trouble)
{
    world_pull(&w);
    anna->trouble = TROUBLE_WITH_ID;
    set_dn(person(&w, "second"), anna->dn);
    world_pull(&w);
    entitled("autocad", " second");
}
END_TEST

START_TEST(gone_and_back)
{
    world_pull(&w);
    anna->there = false;
    world_pull(&w);
    ck_assert_uint_eq(w.result.gone, 1);
    entitled("autocad", "");
    world_pull(&w);
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_int_eq(version(), 2);
    anna->there = true;
    world_pull(&w);
    ck_assert_uint_eq(w.result.changed, 1);
    ck_assert_uint_eq(w.result.added, 0);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(group_gone_and_back)
{
    world_pull(&w);
    inner->there = false;
    world_pull(&w);
    entitled("revit", "");
    inner->there = true;
    world_pull(&w);
    entitled("revit", " ben");
}
END_TEST

START_TEST(group_emptied)
{
    world_pull(&w);
    cad->nmembers = 0;
    world_pull(&w);
    entitled("autocad", "");
    entitled("revit", " ben");
}
END_TEST

START_TEST(groups_in_a_circle)
{
    member(inner, bim);
    member(inner, inner);
    member(cad, bim);
    world_pull(&w);
    entitled("autocad", " anna ben");
    entitled("revit", " ben");
    not_member(cad, bim);
    world_pull(&w);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(member_outside_comes_in)
{
    member_name(cad, "uid=new,ou=People,dc=example,dc=com");
    world_pull(&w);
    entitled("autocad", " anna");
    person(&w, "new");
    world_pull(&w);
    ck_assert_uint_eq(w.puts, 1);
    entitled("autocad", " anna new");
}
END_TEST

START_TEST(members_by_alias)
{
    snprintf(ben->alias, sizeof ben->alias, "ben");
    member_name(cad, "alias:ben");
    world_pull(&w);
    entitled("autocad", " anna ben");
    snprintf(ben->alias, sizeof ben->alias, "benjamin");
    world_pull(&w);
    entitled("autocad", " anna");
    snprintf(anna->alias, sizeof anna->alias, "ben");
    not_member(cad, anna);
    world_pull(&w);
    entitled("autocad", " anna");
    ben->alias[0] = '\0';
    anna->alias[0] = '\0';
    world_pull(&w);
    entitled("autocad", "");
}
END_TEST

START_TEST(member_twice_by_name_and_alias)
{
    snprintf(anna->alias, sizeof anna->alias, "anna");
    member_name(cad, "alias:anna");
    member(cad, anna);
    member_name(cad, "UID=Anna, OU=People, DC=Example, DC=Com");
    world_pull(&w);
    entitled("autocad", " anna");
    not_member(cad, anna);
    not_member(cad, anna);
    cad->nmembers = 1;
    world_pull(&w);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(fault_with_an_id)
{
    world_pull(&w);
    anna->trouble = TROUBLE_WITH_ID;
    ben->there = false;
    world_pull(&w);
    ck_assert_uint_eq(w.result.nfaults, 1);
    ck_assert_uint_eq(w.result.gone, 1);
    ck_assert(!w.result.absence_unproved);
    entitled("autocad", " anna");
    entitled("revit", "");
}
END_TEST

START_TEST(fault_without_an_id)
{
    world_pull(&w);
    anna->trouble = TROUBLE_WITHOUT_ID;
    ben->there = false;
    world_pull(&w);
    ck_assert(w.result.absence_unproved);
    ck_assert_uint_eq(w.result.gone, 0);
    ck_assert_uint_eq(w.result.missing, 2);
    entitled("autocad", " anna");
    entitled("revit", " ben");
    anna->trouble = TROUBLE_NONE;
    world_pull(&w);
    ck_assert_uint_eq(w.result.gone, 1);
    entitled("revit", "");
}
END_TEST

START_TEST(many_faults_are_counted)
{
    person(&w, "x")->trouble = TROUBLE_WITH_ID;
    CLEANUP(stage_free) struct stage *stage = NULL;
    ck_assert_int_eq(stage_begin(w.store, "hq", w.now, &stage, &w.err), 0);
    for (int i = 0; i < STAGE_FAULTS_SHOWN + 10; i++)
        ck_assert_int_eq(item_deliver(&w, &w.items[w.n - 1], stage_sink(stage)), 0);
    ck_assert_uint_eq(stage_result(stage)->nfaults, STAGE_FAULTS_SHOWN + 10);
    ck_assert_str_eq(stage_result(stage)->faults[STAGE_FAULTS_SHOWN - 1].why, "made up");
}
END_TEST

START_TEST(entry_met_twice)
{
    world_pull(&w);
    struct item *again = world_item(&w, ENTRY_PERSON, "again");
    *again = *anna;
    set_email(anna, "first@example.com");
    set_email(again, "second@example.com");
    world_pull(&w);
    ck_assert_uint_eq(w.result.people, 2);
    ck_assert_uint_eq(w.result.changed, 1);
    again->there = false;
    world_pull(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM person WHERE email = 'first@example.com'"), 1);
}
END_TEST

START_TEST(one_id_for_person_and_group)
{
    struct item *imposter = group(&w, "imposter");
    memcpy(imposter->id, anna->id, sizeof imposter->id);
    world_pull(&w);
    ck_assert_uint_eq(w.result.nfaults, 1);
    ck_assert_uint_eq(w.result.people, 2);
    ck_assert_uint_eq(w.result.gone, 0);
    anna->there = false;
    world_pull(&w);
    ck_assert_uint_eq(w.result.nfaults, 1);
    ck_assert_uint_eq(w.result.gone, 0);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(partial_changes_nothing)
{
    world_pull(&w);
    set_email(anna, "other@example.com");
    ben->there = false;
    person(&w, "new");
    w.ends = PULL_PARTIAL;
    ck_assert_int_eq(world_try_pull(&w), -1);
    ck_assert_int_eq(version(), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry"), 5);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at <> 0"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM person WHERE email = 'anna@example.com'"), 1);
    w.ends = PULL_CHANGES;
    world_pull(&w);
    ck_assert_uint_eq(w.result.gone, 0);
    entitled("revit", " ben");
}
END_TEST

START_TEST(ids_that_are_no_uuids)
{
    snprintf(anna->id, sizeof anna->id, "0102aaff");
    snprintf(ben->id, sizeof ben->id, "0102aafe");
    world_pull(&w);
    world_pull(&w);
    ck_assert_uint_eq(w.puts, 0);
    entitled("autocad", " anna");
    entitled("revit", " ben");
}
END_TEST

START_TEST(another_directory_is_left_alone)
{
    world_pull(&w);
    CLEANUP(stage_free) struct stage *stage = NULL;
    ck_assert_int_eq(stage_begin(w.store, "other", w.now, &stage, &w.err), 0);
    ck_assert_int_eq(item_deliver(&w, anna, stage_sink(stage)), 0);
    ck_assert_int_eq(stage_finish(stage, PULL_COMPLETE, NULL, &w.err), 0);
    ck_assert_uint_eq(stage_result(stage)->added, 1);
    ck_assert_uint_eq(stage_result(stage)->gone, 0);
    ck_assert_int_eq(stage_commit(stage, &w.err), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entry WHERE gone_at <> 0"), 0);
    world_pull(&w);
    ck_assert_uint_eq(w.puts + w.result.gone, 0);
    entitled("autocad", " anna");
}
END_TEST

START_TEST(configured_group_is_bound_by_its_id)
{
    world_pull(&w);
    set_dn(cad, "cn=draughting,ou=Groups,dc=example,dc=com");
    struct item *usurper = group(&w, "usurper");
    set_dn(usurper, "cn=cad,ou=Groups,dc=example,dc=com");
    member(usurper, ben);
    world_pull(&w);
    entitled("autocad", " anna");
    struct policy policy = {0};
    ck_assert_int_eq(policy_load(w.store, w.conf, world_team(&w), &policy, &w.err), 0);
    ck_assert_uint_eq(policy.nnotes, 1);
    ck_assert_ptr_nonnull(strstr(policy.notes[0], "is now called 'cn=draughting,"));
    policy_release(&policy);
    cad->there = false;
    world_pull(&w);
    entitled("autocad", " ben");
}
END_TEST

START_TEST(policy_follows_the_configuration)
{
    world_pull(&w);
    world_conf(&w, WORLD_DIRECTORY("scope-group = cn=inner,ou=Groups,dc=example,dc=com\n") WORLD_TEAM("groups = all")
                       WORLD_PRODUCT("autocad", "bim", ""));
    world_pull(&w);
    ck_assert_uint_eq(w.puts, 0);
    entitled("autocad", " ben");
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM target WHERE kind = 0"), 1);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM target WHERE kind = 2"), 3);
    world_conf(&w, WORLD_DIRECTORY("") WORLD_TEAM("groups = none"));
    world_pull(&w);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM target"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM entitled"), 0);
    ck_assert_int_eq(world_int(&w, "SELECT count(*) FROM target_group"), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stage");
    TCase *c = tcase_create("stage");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    const TTest *const tests[] = {first_pull,
                                  unchanged_pull_writes_nothing,
                                  changed_person,
                                  renamed_person,
                                  renamed_back_without_the_groups_moving,
                                  renamed_group,
                                  two_swap_their_names,
                                  name_reused_by_another,
                                  name_taken_from_one_in_trouble,
                                  gone_and_back,
                                  group_gone_and_back,
                                  group_emptied,
                                  groups_in_a_circle,
                                  member_outside_comes_in,
                                  members_by_alias,
                                  member_twice_by_name_and_alias,
                                  fault_with_an_id,
                                  fault_without_an_id,
                                  many_faults_are_counted,
                                  entry_met_twice,
                                  one_id_for_person_and_group,
                                  partial_changes_nothing,
                                  ids_that_are_no_uuids,
                                  another_directory_is_left_alone,
                                  configured_group_is_bound_by_its_id,
                                  policy_follows_the_configuration};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        tcase_add_test(c, tests[i]);
    suite_add_tcase(s, c);
    return suite_run(s);
}
