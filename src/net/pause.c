#include "net/pause.h"

#include <stdint.h>

#include "crypto/random.h"

double pause_after(double first, size_t tries)
{
    double wait = first;
    uint32_t chance;
    random_bytes(&chance, sizeof chance);
    for (size_t i = 1; i < tries && wait < PAUSE_MAX; i++)
        wait *= 2;
    wait = wait < PAUSE_MAX ? wait : PAUSE_MAX;
    return wait * (0.5 + (double)chance / UINT32_MAX / 2);
}
