#include "daemon/schedule.h"

static double tenth(int64_t every, double most)
{
    double part = (double)every / 10;
    return part < most ? part : most;
}

double schedule_first(int64_t every, double now, double chance)
{
    return now + 1 + chance * tenth(every, 30);
}

double schedule_next(int64_t every, double began, double now, double chance)
{
    double due = began + (double)every + chance * tenth(every, 120);
    return due > now ? due : now + tenth(every, 120);
}
