#include "base/clock.h"

#include <inttypes.h>

int64_t clock_now(void)
{
    return (int64_t)time(NULL);
}

double clock_monotonic(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

const char *clock_format(int64_t when, char ret[static CLOCK_TEXT_MAX])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (when == 0 || !gmtime_r(&t, &tm) || !strftime(ret, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(ret, CLOCK_TEXT_MAX, "never");
    return ret;
}

/* strptime takes blanks and signs before numbers, and the 31st of every month. */
static bool has_shape(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    return true;
}

static bool is_day_of_its_month(const struct tm *tm)
{
    struct tm day = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};
    timegm(&day);
    return day.tm_mday == tm->tm_mday;
}

int clock_parse(struct span text, int64_t *ret)
{
    char copy[CLOCK_TEXT_MAX + 16];
    if (text.n < 20 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return -1;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    struct tm tm = {0};
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!has_shape(copy) || !rest || rest - copy != 19 || !is_day_of_its_month(&tm))
        return -1;
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits == 0)
            return -1;
        rest += 1 + digits;
    }
    if (strcmp(rest, "Z") != 0)
        return -1;
    *ret = (int64_t)timegm(&tm);
    return 0;
}

const char *clock_format_duration(int64_t seconds, char ret[static CLOCK_TEXT_MAX])
{
    static const struct {
        int64_t length;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (seconds && seconds % units[i].length == 0) {
            snprintf(ret, CLOCK_TEXT_MAX, "%" PRId64 "%c", seconds / units[i].length, units[i].unit);
            return ret;
        }
    }
    snprintf(ret, CLOCK_TEXT_MAX, "%" PRId64 "s", seconds);
    return ret;
}
