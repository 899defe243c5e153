/*
 * cli/eta: how long something is going to take, shown while it goes. Services are played with a clock of their own:
 * what was estimated is compared with what it then took.
 */
#include <math.h>

#include "cli/eta.h"
#include "suite.h"

/* --- while it goes ---------------------------------------------------------------------------------------------- */

/* A service as requests see it: so many a second, after so many at once; in windows, and closed for a while. */
static const struct service {
    const char *name;
    double per_second;
    size_t burst;
    double window;            /* seconds; 0: evenly */
    double closed_at, closed; /* seconds */
    size_t total;
} services[] = {
    {"even", 50, 0, 0, 0, 0, 2000},
    {"a burst at first", 20, 100, 0, 0, 0, 1000},
    {"a large burst at first", 10, 300, 0, 0, 0, 1000},
    {"windows of 10 seconds", 10, 0, 10, 0, 0, 1000},
    {"windows of a minute", 10, 0, 60, 0, 0, 6000},
    {"closed for 5 seconds", 50, 0, 0, 10, 5, 2000},
    {"slow", 0.5, 0, 0, 0, 0, 100},
};

/* How many were done by then; what a window or a burst lets through goes fast. */
static size_t done_by(const struct service *s, double t)
{
    double open = t <= s->closed_at ? t : t < s->closed_at + s->closed ? s->closed_at : t - s->closed;
    double each = s->window * s->per_second, n = open * s->per_second;
    if (s->window > 0)
        n = floor(open / s->window) * each + fmin(fmod(open, s->window) * 100, each);
    n += (double)s->burst * fmin(t / 0.5, 1);
    return n < (double)s->total ? (size_t)n : s->total;
}

static double end_of(const struct service *s)
{
    double t = 0;
    while (done_by(s, t) < s->total)
        t += 0.01;
    return t;
}

/* From a third of the time on, and as long as more than two seconds are left, which are too few to matter. */
START_TEST(what_is_left_is_within_a_factor_of_two)
{
    const struct service *s = &services[_i];
    double end = end_of(s);
    struct eta eta;
    size_t judged = 0;
    eta_begin(&eta, 1000);
    for (double t = 0.05; t < end; t += 0.05) {
        size_t done = done_by(s, t);
        double left = end - t;
        eta_note(&eta, done, 1000 + t);
        double shown = eta_left(&eta, done, s->total, 1000 + t);
        if (t < end / 3 || left < 2 + 2 * s->window)
            continue;
        judged++;
        ck_assert_msg(shown > left / 2 && shown < left * 2, "%s: at %.1f of %.1f s: %.1f s, not %.1f", s->name, t, end,
                      shown, left);
    }
    ck_assert_uint_gt(judged, 10);
}
END_TEST

START_TEST(nothing_is_said_of_nothing)
{
    struct eta eta;
    eta_begin(&eta, 0);
    ck_assert(eta_left(&eta, 0, 100, 10) < 0);
    ck_assert(eta_left(&eta, 101, 100, 10) < 0);
    eta_note(&eta, 50, 10);
    ck_assert_double_eq(eta_left(&eta, 50, 100, 10), 10);
    eta_note(&eta, 50, 1000); /* it stands */
    ck_assert_double_eq(eta_left(&eta, 50, 100, 1000), 1000);
    ck_assert_double_eq(eta_left(&eta, 100, 100, 1000), 0);
}
END_TEST

START_TEST(samples_are_thinned_out)
{
    struct eta eta;
    eta_begin(&eta, 0);
    for (int i = 0; i < 100000; i++)
        eta_note(&eta, (size_t)i, i);
    ck_assert_uint_le(eta.n, ETA_SAMPLES);
    for (size_t i = 1; i < eta.n; i++)
        ck_assert(eta.samples[i].at > eta.samples[i - 1].at);
    ck_assert_double_eq_tol(eta_left(&eta, 99999, 199999, 99999), 100000, 2000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pace");
    TCase *tcase = tcase_create("eta");
    tcase_add_loop_test(tcase, what_is_left_is_within_a_factor_of_two, 0, (int)(sizeof services / sizeof *services));
    tcase_add_test(tcase, nothing_is_said_of_nothing);
    tcase_add_test(tcase, samples_are_thinned_out);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
