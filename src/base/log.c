#include "base/log.h"

#include <stdarg.h>

#include "base/clock.h"

static bool verbose;
static double began;

void log_set_verbose(bool on)
{
    verbose = on;
    began = clock_monotonic();
}

void log_debug(const char *fmt, ...)
{
    if (!verbose)
        return;
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "debug: %.3f %s\n", clock_monotonic() - began, line);
}
