/* connectors/dn.h: spellings of one name give one key, and different names never do. */
#include <check.h>

#include "base/cleanup.h"
#include "connectors/dn.h"
#include "model/entry.h"
#include "suite.h"

static struct dn_keyer *keyer;

static void setup(void)
{
    keyer = dn_keyer_new();
}

static void teardown(void)
{
    dn_keyer_free(&keyer);
}

static const struct {
    const char *dn, *normal; /* NULL: refused */
} forms[] = {
    {"uid=alice,ou=People,dc=example,dc=com", "uid=alice,ou=people,dc=example,dc=com"},
    {"UID = Alice , OU=People,  DC=Example,DC=com", "uid=alice,ou=people,dc=example,dc=com"},
    {"cn=Alice   B.  Smith,dc=x", "cn=alice b. smith,dc=x"},
    {"2.5.4.3=a,OrganizationalUnitName=b,dc=x", "cn=a,ou=b,dc=x"},
    {"OID.2.5.4.3=a,dc=x", "cn=a,dc=x"},
    {"cn=Smith\\, Alice,dc=x", "cn=smith\\, alice,dc=x"},
    {"cn=Smith\\2C Alice,dc=x", "cn=smith\\, alice,dc=x"},
    {"cn=a\\=b,dc=x", "cn=a\\=b,dc=x"},
    {"cn=\\ a\\ ,dc=x", "cn=a,dc=x"},
    {"cn=\\   a  \\  ,dc=x", "cn=a,dc=x"},
    {"oid.oid.cn=a", "oid.oid.cn=a"},
    {"cn=#,dc=x", NULL},
    {"cn=#0403616263,dc=x", "cn=#0403616263,dc=x"},
    {"cn=\\#5,dc=x", "cn=\\#5,dc=x"},
    {"CN=\xEA\xB9\x80\xEC\xB2\xA0\xEC\x88\x98,dc=x", "cn=\xEA\xB9\x80\xEC\xB2\xA0\xEC\x88\x98,dc=x"},
    {"cn=\\EA\\B9\\80,dc=x", "cn=\xEA\xB9\x80,dc=x"},
    {"cn=M\xC3\x9CLLER,dc=x", "cn=m\xC3\xBCller,dc=x"},
    {"cn=Mu\xCC\x88ller,dc=x", "cn=m\xC3\xBCller,dc=x"},
    {"uid=a+cn=B,dc=x", "cn=b+uid=a,dc=x"},
    {"cn=B + uid=A,dc=x", "cn=b+uid=a,dc=x"},
    {"cn=a\\+b,dc=x", "cn=a\\+b,dc=x"},
    {"", NULL},
    {"alice", NULL},
    {"=a,dc=x", NULL},
    {"cn=a,,dc=x", NULL},
    {"cn=a,", NULL},
    {"cn=\xFF,dc=x", NULL},
    {"cn=a\\00b,dc=x", NULL},
    {"cn=\"a,dc=x", NULL},
};

START_TEST(normal_forms)
{
    CLEANUP(buf_release) struct buf got = BUF_INIT;
    int rc = dn_normalise(keyer, span_str(forms[_i].dn), &got);
    if (!forms[_i].normal)
        ck_assert_msg(rc == -1, "'%s' became '%s'", forms[_i].dn, buf_str(&got));
    else
        ck_assert_msg(rc == 0 && strcmp(buf_str(&got), forms[_i].normal) == 0, "'%s' became '%s'", forms[_i].dn,
                      buf_str(&got));
}
END_TEST

START_TEST(normal_form_is_stable)
{
    if (!forms[_i].normal)
        return;
    CLEANUP(buf_release) struct buf again = BUF_INIT;
    ck_assert_int_eq(dn_normalise(keyer, span_str(forms[_i].normal), &again), 0);
    ck_assert_str_eq(again.data, forms[_i].normal);
}
END_TEST

START_TEST(keys_differ)
{
    static const char *const different[] = {"cn=a,dc=x", "cn=a\\,dc\\=x", "cn=a+dc=x",    "cn=b,dc=x",
                                            "cn=a",      "uid=a,dc=x",    "cn=a\\+dc\\=x"};
    struct key128 keys[sizeof different / sizeof *different];
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        ck_assert_int_eq(dn_keyer_name(keyer, span_str(different[i]), &keys[i]), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(!key_eq(keys[i], keys[j]), "%s and %s", different[i], different[j]);
    }
}
END_TEST

START_TEST(alias_has_its_own_space)
{
    struct key128 alias, same, name;
    ck_assert_int_eq(dn_keyer_alias(keyer, span_str("Alice"), &alias), 0);
    ck_assert_int_eq(dn_keyer_alias(keyer, span_str("aLICE"), &same), 0);
    ck_assert(key_eq(alias, same));
    ck_assert_int_eq(dn_keyer_name(keyer, span_str("uid=alice"), &name), 0);
    ck_assert(!key_eq(alias, name));
    ck_assert_int_eq(dn_keyer_alias(keyer, span_str(""), &alias), -1);
    ck_assert_int_eq(dn_keyer_alias(keyer, span_str("\xFF"), &alias), -1);
}
END_TEST

START_TEST(too_long)
{
    char dn[ENTRY_NAME_MAX + 2];
    memset(dn, 'a', sizeof dn);
    memcpy(dn, "cn=", 3);
    struct key128 key;
    ck_assert_int_eq(dn_keyer_name(keyer, (struct span){dn, ENTRY_NAME_MAX}, &key), 0);
    ck_assert_int_eq(dn_keyer_name(keyer, (struct span){dn, ENTRY_NAME_MAX + 1}, &key), -1);
}
END_TEST

START_TEST(below)
{
    ck_assert(dn_is_below("ou=a,dc=x", "dc=x"));
    ck_assert(dn_is_below("dc=x", "dc=x"));
    ck_assert(!dn_is_below("dc=x", "ou=a,dc=x"));
    ck_assert(!dn_is_below("ou=adc=x", "dc=x"));
    ck_assert(!dn_is_below("ou=a\\,dc=x", "dc=x"));
    ck_assert(dn_is_below("ou=a\\\\,dc=x", "dc=x"));
}
END_TEST

static const struct {
    const char *dn, *parent;
} parents[] = {
    {"uid=a,ou=b,dc=c", "ou=b,dc=c"},
    {"dc=c", ""},
    {"", ""},
    {"cn=Smith\\, Ann,ou=b", "ou=b"},
    {"cn=a\\\\,ou=b", "ou=b"},
    {"cn=\"Smith, Ann\",ou=b", "ou=b"},
    {"cn=a\\2Cb,ou=b", "ou=b"},
    {"cn=a+sn=b,ou=b", "ou=b"},
    {"cn=a\\", ""},
};

START_TEST(parent_of)
{
    struct span parent = dn_parent(span_str(parents[_i].dn));
    ck_assert_uint_eq(parent.n, strlen(parents[_i].parent));
    ck_assert(parent.n == 0 || memcmp(parent.p, parents[_i].parent, parent.n) == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dn");
    TCase *c = tcase_create("dn");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, normal_forms, 0, sizeof forms / sizeof *forms);
    tcase_add_loop_test(c, normal_form_is_stable, 0, sizeof forms / sizeof *forms);
    tcase_add_test(c, keys_differ);
    tcase_add_test(c, alias_has_its_own_space);
    tcase_add_test(c, too_long);
    tcase_add_test(c, below);
    tcase_add_loop_test(c, parent_of, 0, sizeof parents / sizeof *parents);
    suite_add_tcase(s, c);
    return suite_run(s);
}
