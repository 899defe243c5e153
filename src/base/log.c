#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define EVENT_MAX 4096

static bool verbose;
static double began;
static const char *own_role = "main";
static _Thread_local const char *own_request;

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

void log_set_role(const char *role)
{
    own_role = role;
}

void log_set_request(const char *id)
{
    own_request = id;
}

/* systemd.exec(5): JOURNAL_STREAM names the device and inode of the stream that the journal reads; ours may have been redirected since. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat st;
    return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

static void add_quoted(struct buf *line, const char *text)
{
    buf_adds(line, "\"");
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n')
            buf_adds(line, "\\n");
        else if (c < 0x20 || c == 0x7f)
            buf_printf(line, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            buf_printf(line, "\\%c", c);
        else
            buf_add(line, p, 1);
    }
    buf_adds(line, "\"");
}

__attribute__((format(printf, 5, 0))) static void write_event(enum log_level level, const char *role, int pid,
                                                              const char *fields, const char *fmt, va_list ap)
{
    static const struct {
        const char *name;
        int priority; /* RFC 5424 */
    } levels[] = {{"error", 3}, {"warning", 4}, {"info", 6}};
    char text[EVENT_MAX], when[CLOCK_TEXT_MAX];
    CLEANUP(buf_release) struct buf line = BUF_INIT;
    vsnprintf(text, sizeof text, fmt, ap);
    if (is_journal())
        buf_printf(&line, "<%d>", levels[level].priority);
    else
        buf_printf(&line, "time=%s level=%s ", clock_format(clock_now(), when), levels[level].name);
    buf_printf(&line, "role=%s pid=%d ", role, pid);
    if (own_request)
        buf_printf(&line, "request=%s ", own_request);
    buf_adds(&line, "msg=");
    add_quoted(&line, text);
    buf_printf(&line, "%s%s\n", *fields ? " " : "", fields);
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
}

void log_event(enum log_level level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    write_event(level, own_role, getpid(), "", fmt, ap);
    va_end(ap);
}

void log_event_with(enum log_level level, const char *fields, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    write_event(level, own_role, getpid(), fields, fmt, ap);
    va_end(ap);
}

void log_event_of(enum log_level level, const char *role, int pid, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    write_event(level, role, pid, "", fmt, ap);
    va_end(ap);
}
