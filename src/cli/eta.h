/*
 * How long something is going to take, from how it went so far: the mean of what all of the time says and what its
 * later two thirds say, because what a service lets through at first says little of the rest, and a pause at last no
 * more. Pure; now is an instant of any clock in seconds.
 *
 *   eta_begin -> eta_note… -> eta_left
 */
#ifndef CLI_ETA_H
#define CLI_ETA_H

#include <stddef.h>

#define ETA_SAMPLES 64

struct eta {
    double began;
    struct {
        double at;
        size_t done;
    } samples[ETA_SAMPLES]; /* in the order of time, evenly thinned out */
    size_t n;
    double apart; /* seconds that they are apart at least */
};

void eta_begin(struct eta *eta, double now);
void eta_note(struct eta *eta, size_t done, double now);
/* Seconds; negative: not known. */
double eta_left(const struct eta *eta, size_t done, size_t total, double now);

#endif
