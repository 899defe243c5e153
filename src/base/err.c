#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <sysexits.h>

/* Ends the text before a character that vsnprintf cut in half. */
static void cut_whole_characters(char *text, int wanted)
{
    if (wanted < ERR_TEXT_MAX)
        return;
    size_t n = strlen(text);
    while (n > 0 && ((unsigned char)text[n - 1] & 0xC0) == 0x80)
        n--;
    if (n > 0 && (unsigned char)text[n - 1] >= 0xC0)
        n--;
    text[n] = '\0';
}

static void format_text(struct err *err, const char *fmt, va_list ap)
{
    /* The arguments may point into err->text itself. */
    char text[ERR_TEXT_MAX];
    int wanted = vsnprintf(text, sizeof text, fmt, ap);
    cut_whole_characters(text, wanted);
    memcpy(err->text, text, strlen(text) + 1);
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_text(err, fmt, ap);
    va_end(ap);
    err->kind = kind;
    return -1;
}

static void append(struct err *err, const char *tail)
{
    char before[ERR_TEXT_MAX];
    memcpy(before, err->text, sizeof before);
    int wanted = snprintf(err->text, sizeof err->text, "%s: %s", before, tail);
    cut_whole_characters(err->text, wanted);
}

int err_errno(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    va_start(ap, fmt);
    format_text(err, fmt, ap);
    va_end(ap);
    append(err, strerror(saved));
    err->kind = kind;
    return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char before[ERR_TEXT_MAX];
    memcpy(before, err->text, sizeof before);
    va_list ap;
    va_start(ap, fmt);
    format_text(err, fmt, ap);
    va_end(ap);
    append(err, before);
    return -1;
}

void err_clear(struct err *err)
{
    err->kind = ERR_NONE;
    err->text[0] = '\0';
}

int err_exit_status(enum err_kind kind)
{
    static const int status[] = {
        [ERR_NONE] = 0,      [ERR_FAILED] = 1,   [ERR_NETWORK] = 1,      [ERR_REFUSED] = 1,        [ERR_INPUT] = 1,
        [ERR_NOT_FOUND] = 1, [ERR_CONFLICT] = 1, [ERR_STORE] = 1,        [ERR_GATE] = 3,           [ERR_HELD] = 4,
        [ERR_PARTIAL] = 5,   [ERR_STALE] = 6,    [ERR_USAGE] = EX_USAGE, [ERR_CONFIG] = EX_CONFIG,
    };
    return status[kind];
}
