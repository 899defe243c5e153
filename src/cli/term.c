#include "cli/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/eta.h"

static bool colored, silent;

void term_init(enum term_color when, bool quiet)
{
    const char *no_color = getenv("NO_COLOR");
    colored = when == TERM_ALWAYS || (when == TERM_AUTO && isatty(STDOUT_FILENO) && !(no_color && *no_color));
    silent = quiet || !isatty(STDERR_FILENO);
}

static const char *color(const char *sequence)
{
    return colored ? sequence : "";
}

const char *term_green(void)
{
    return color("\033[32m");
}

const char *term_yellow(void)
{
    return color("\033[33m");
}

const char *term_red(void)
{
    return color("\033[31m");
}

const char *term_bold(void)
{
    return color("\033[1m");
}

const char *term_plain(void)
{
    return color("\033[0m");
}

const char *term_sign(char sign)
{
    return sign == '+' ? term_green() : sign == '-' ? term_red() : term_yellow();
}

void term_pad(const char *text, int width)
{
    fputs(text, stdout);
    for (int have = text_width(text); have < width; have++)
        putchar(' ');
}

int term_columns(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

struct table {
    int columns;
    char **cells;
    size_t n, cap;
};

struct table *table_new(int columns)
{
    struct table *t = mem_zero(sizeof *t);
    t->columns = columns;
    return t;
}

void table_free(struct table **table)
{
    if (!*table)
        return;
    for (size_t i = 0; i < (*table)->n; i++)
        free((*table)->cells[i]);
    free((*table)->cells);
    free(*table);
    *table = NULL;
}

void table_add(struct table *t, const char *const *cells)
{
    for (int i = 0; i < t->columns; i++)
        *MEM_PUSH(&t->cells, &t->n, &t->cap) = mem_strdup(cells[i] ? cells[i] : "");
}

/* The last cell of this cell's row that holds anything: nothing is padded behind it. */
static int last_filled(const struct table *t, size_t cell)
{
    size_t row = cell - cell % (size_t)t->columns;
    int last = t->columns - 1;
    while (last > 0 && !*t->cells[row + (size_t)last])
        last--;
    return last;
}

void table_print(const struct table *t, const char *indent)
{
    int *widths = mem_zero((size_t)t->columns * sizeof *widths);
    for (size_t i = 0; i < t->n; i++) {
        int w = text_width(t->cells[i]), c = (int)(i % (size_t)t->columns);
        widths[c] = w > widths[c] ? w : widths[c];
    }
    for (size_t i = 0; i < t->n; i++) {
        int c = (int)(i % (size_t)t->columns);
        if (c == 0)
            fputs(indent, stdout);
        int last = last_filled(t, i);
        if (c == last) {
            puts(t->cells[i]);
        } else if (c < last) {
            term_pad(t->cells[i], widths[c]);
            fputs("  ", stdout);
        }
    }
    free(widths);
}

static struct {
    const char *what;
    double began, shown;
    struct eta eta;
} progress;

void progress_begin(const char *what)
{
    progress.what = what;
    progress.began = clock_monotonic();
    progress.shown = 0;
    eta_begin(&progress.eta, progress.began);
}

void progress_at(size_t done, size_t total)
{
    double now = clock_monotonic(), spent = now - progress.began;
    eta_note(&progress.eta, done, now);
    if (silent || spent < 2 || now - progress.shown < 0.2)
        return;
    progress.shown = now;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    fprintf(stderr, "\r\033[K%s  %s", progress.what, term_number(pool, done));
    double left = total > done ? eta_left(&progress.eta, done, total, now) : -1;
    if (left >= 0)
        fprintf(stderr, " of about %s  ~%.0f s left", term_number(pool, total), left);
    fflush(stderr);
}

void progress_end(void)
{
    if (progress.shown > 0)
        fputs("\r\033[K", stderr);
    progress.shown = 0;
}

const char *term_number(struct pool *pool, size_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%zu", n);
    char *out = pool_alloc(pool, sizeof digits * 2), *to = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}
