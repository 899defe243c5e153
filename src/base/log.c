#include "base/log.h"

#include <stdarg.h>

static bool verbose;

void log_set_verbose(bool on)
{
    verbose = on;
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
    fprintf(stderr, "debug: %s\n", line);
}
