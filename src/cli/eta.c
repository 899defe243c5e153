#include "cli/eta.h"

#define FIRST_APART 0.2

void eta_begin(struct eta *eta, double now)
{
    *eta = (struct eta){.began = now, .apart = FIRST_APART, .n = 1};
    eta->samples[0].at = now;
}

static void thin_out(struct eta *eta)
{
    for (size_t i = 0; i < ETA_SAMPLES / 2; i++)
        eta->samples[i] = eta->samples[2 * i];
    eta->n = ETA_SAMPLES / 2;
    eta->apart *= 2;
}

void eta_note(struct eta *eta, size_t done, double now)
{
    if (now - eta->samples[eta->n - 1].at < eta->apart)
        return;
    if (eta->n == ETA_SAMPLES)
        thin_out(eta);
    eta->samples[eta->n].at = now;
    eta->samples[eta->n++].done = done;
}

/* The last sample that leaves two thirds of the time behind it. */
static size_t late(const struct eta *eta, double now)
{
    size_t i = eta->n - 1;
    while (i > 0 && eta->samples[i].at > eta->began + (now - eta->began) / 3)
        i--;
    return i;
}

static double left_since(const struct eta *eta, size_t from, size_t done, size_t total, double now)
{
    return (now - eta->samples[from].at) * (double)(total - done) / (double)(done - eta->samples[from].done);
}

double eta_left(const struct eta *eta, size_t done, size_t total, double now)
{
    if (done == 0 || total < done)
        return -1;
    size_t from = late(eta, now);
    double by_all = left_since(eta, 0, done, total, now);
    /* Nothing moved since: then by the whole alone. */
    return done == eta->samples[from].done ? by_all : (by_all + left_since(eta, from, done, total, now)) / 2;
}
