/* Which groups lead where: against a search that is too simple to be wrong, on graphs made at random, circles included. */
#include <check.h>

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "sync/closure.h"
#include "suite.h"

#define GROUPS  40
#define TARGETS 8

static uint64_t seed;

static unsigned below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static bool nested[GROUPS + 1][GROUPS + 1], roots[TARGETS][GROUPS + 1], reached[GROUPS + 1];

static void reach(unsigned group)
{
    if (reached[group])
        return;
    reached[group] = true;
    for (unsigned child = 1; child <= GROUPS; child++)
        if (nested[group][child])
            reach(child);
}

static bool contains(const uint32_t *targets, size_t n, uint32_t target)
{
    for (size_t i = 0; i < n; i++)
        if (targets[i] == target)
            return true;
    return false;
}

START_TEST(graphs_at_random)
{
    seed = (uint64_t)_i + 1;
    memset(nested, 0, sizeof nested);
    memset(roots, 0, sizeof roots);
    struct closure *c = closure_new(GROUPS);
    for (unsigned n = below(120); n > 0; n--) {
        unsigned parent = 1 + below(GROUPS), child = 1 + below(GROUPS); /* itself, too; and twice the same */
        nested[parent][child] = true;
        closure_nest(c, parent, child);
    }
    for (unsigned n = below(20); n > 0; n--) {
        unsigned target = below(TARGETS), group = 1 + below(GROUPS);
        roots[target][group] = true;
        closure_root(c, target, group);
    }
    closure_solve(c);
    for (unsigned target = 0; target < TARGETS; target++) {
        memset(reached, 0, sizeof reached);
        for (unsigned group = 1; group <= GROUPS; group++)
            if (roots[target][group])
                reach(group);
        for (uint32_t group = 0; group <= GROUPS; group++) {
            const uint32_t *targets;
            size_t n = closure_targets(c, group, &targets);
            for (size_t i = 1; i < n; i++)
                ck_assert_uint_lt(targets[i - 1], targets[i]);
            ck_assert_int_eq(contains(targets, n, target), reached[group]);
        }
    }
    closure_free(&c);
}
END_TEST

START_TEST(ten_thousand_deep)
{
    const uint32_t deep = 10000;
    struct closure *c = closure_new(deep);
    for (uint32_t g = 1; g < deep; g++)
        closure_nest(c, g, g + 1);
    closure_nest(c, deep, 1);
    closure_root(c, 3, 1);
    closure_root(c, 5, deep / 2);
    closure_solve(c);
    const uint32_t *targets;
    ck_assert_uint_eq(closure_targets(c, deep, &targets), 2);
    ck_assert_uint_eq(targets[0], 3);
    ck_assert_uint_eq(targets[1], 5);
    closure_free(&c);
    ck_assert_ptr_null(c);
    closure_free(&c);
}
END_TEST

START_TEST(nothing_at_all)
{
    struct closure *c = closure_new(0);
    closure_solve(c);
    const uint32_t *targets;
    ck_assert_uint_eq(closure_targets(c, 0, &targets), 0);
    closure_free(&c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("closure");
    TCase *c = tcase_create("closure");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, graphs_at_random, 0, 60);
    tcase_add_test(c, ten_thousand_deep);
    tcase_add_test(c, nothing_at_all);
    suite_add_tcase(s, c);
    return suite_run(s);
}
