#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t seen;
static const int signals[] = {SIGINT, SIGTERM};
static struct sigaction before[2];

static void note(int number)
{
    (void)number;
    seen = 1;
}

void interrupt_watch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    seen = 0;
    for (size_t i = 0; i < 2; i++)
        sigaction(signals[i], &action, &before[i]);
}

bool interrupt_seen(void *ctx)
{
    (void)ctx;
    return seen != 0;
}

void interrupt_unwatch(void)
{
    for (size_t i = 0; i < 2; i++)
        sigaction(signals[i], &before[i], NULL);
}
