#include "conf/faults.h"

#include <stdarg.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define MORE_MAX 40 /* room for the line that counts the rest */

struct fault {
    size_t file, order;
    unsigned line;
    const char *text;
};

void faults_add(struct faults *f, const char *file, unsigned line, const char *fmt, ...)
{
    CLEANUP(freep) char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = mem_strdup(fmt);
    va_end(ap);
    size_t i = 0;
    while (i < f->nfiles && f->files[i] != file)
        i++;
    bool shown = line != 0 && line != FAULTS_END;
    struct fault fault = {.file = i, .order = f->n, .line = line};
    fault.text =
        shown ? pool_printf(f->pool, "%s:%u: %s", file, line, text) : pool_printf(f->pool, "%s: %s", file, text);
    *MEM_PUSH(&f->list, &f->n, &f->cap) = fault;
}

static int by_place(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

int faults_report(struct faults *f, struct buf *problems, struct err *err)
{
    CLEANUP(buf_release) struct buf first = BUF_INIT;
    size_t shown = 0;
    if (f->n == 0)
        return 0;
    qsort(f->list, f->n, sizeof *f->list, by_place);
    for (size_t i = 0; i < f->n; i++) {
        if (problems)
            buf_printf(problems, "%s\n", f->list[i].text);
        if (shown == i && (i == 0 || first.len + strlen(f->list[i].text) + MORE_MAX < ERR_TEXT_MAX)) {
            buf_printf(&first, "%s%s", i ? "\n" : "", f->list[i].text);
            shown++;
        }
    }
    if (shown < f->n)
        buf_printf(&first, "\n(and %zu more)", f->n - shown);
    return err_set(err, ERR_CONFIG, "%s", first.data);
}

void faults_release(struct faults *f)
{
    free(f->list);
    f->list = NULL;
    f->n = f->cap = 0;
}
