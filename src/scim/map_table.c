#include "scim/map_table.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "scim/value.h"

struct row {
    struct span key, value; /* key: folded */
    size_t line;
};

struct scim_table {
    struct row *rows; /* by key */
    size_t n;
    struct span rest; /* of "*" */
};

struct reading {
    struct pool *pool;
    struct row *rows;
    size_t n, cap, line;
    struct span rest;
};

static void reading_release(struct reading *r)
{
    free(r->rows);
}

static struct span trim(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

static struct span unquote(struct span s)
{
    bool quoted = s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
    return quoted ? (struct span){s.p + 1, s.n - 2} : s;
}

/* Where the key ends: at a tab, or at an "=" that is not in quotes. NULL: nowhere. */
static const char *find_sign(struct span line)
{
    const char *tab = memchr(line.p, '\t', line.n);
    if (tab)
        return tab;
    const char *quote = line.p[0] == '"' ? memchr(line.p + 1, '"', line.n - 1) : NULL;
    const char *from = quote ? quote : line.p;
    return memchr(from, '=', line.n - (size_t)(from - line.p));
}

static int fault(const struct reading *r, const char *what, struct err *err)
{
    return err_set(err, ERR_CONFIG, "line %zu: %s", r->line, what);
}

static int add_row(struct reading *r, struct span key, struct span value, struct err *err)
{
    if (r->n == SCIM_TABLE_ROWS_MAX)
        return fault(r, "one more than 100000 rows; make the table shorter", err);
    if (key.n == 1 && key.p[0] == '*') {
        if (r->rest.p)
            return fault(r, "the key '*' stands twice; remove one of them", err);
        r->rest = (struct span){pool_strndup(r->pool, value.p, value.n), value.n};
        return 0;
    }
    *MEM_PUSH(&r->rows, &r->n, &r->cap) = (struct row){
        scim_fold(r->pool, key), {pool_strndup(r->pool, value.n ? value.p : "", value.n), value.n}, r->line};
    return 0;
}

static int read_line(struct reading *r, struct span line, struct err *err)
{
    line = trim(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return 0;
    const char *sign = find_sign(line);
    if (!sign)
        return fault(r, "no value; write KEY = VALUE, or KEY, a tab and VALUE", err);
    struct span key = unquote(trim((struct span){line.p, (size_t)(sign - line.p)}));
    struct span value = unquote(trim((struct span){sign + 1, (size_t)(line.p + line.n - sign) - 1}));
    if (key.n == 0)
        return fault(r, "no key; write KEY = VALUE", err);
    if (!text_is_clean(key) || !text_is_clean(value))
        return fault(r, "not UTF-8, or with control characters; mend it", err);
    return add_row(r, key, value, err);
}

static int order_keys(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int order_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = order_keys(x->key, y->key);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static int sort_rows(struct reading *r, struct err *err)
{
    if (r->n > 0)
        qsort(r->rows, r->n, sizeof *r->rows, order_rows);
    for (size_t i = 1; i < r->n; i++)
        if (order_keys(r->rows[i - 1].key, r->rows[i].key) == 0)
            return err_set(err, ERR_CONFIG, "line %zu: the key of line %zu again; remove one of them", r->rows[i].line,
                           r->rows[i - 1].line);
    return 0;
}

int scim_table_read(struct pool *pool, struct span text, const struct scim_table **ret, struct err *err)
{
    CLEANUP(reading_release) struct reading r = {.pool = pool};
    if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        text = (struct span){text.p + 3, text.n - 3};
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        r.line++;
        if (read_line(&r, (struct span){text.p, n}, err) != 0)
            return -1;
        n += end != NULL;
        text = (struct span){text.p + n, text.n - n};
    }
    if (sort_rows(&r, err) != 0)
        return -1;
    struct scim_table *table = pool_zero(pool, sizeof *table);
    table->rows = pool_alloc(pool, (r.n + 1) * sizeof *r.rows);
    if (r.n > 0)
        memcpy(table->rows, r.rows, r.n * sizeof *r.rows);
    table->n = r.n;
    table->rest = r.rest;
    *ret = table;
    return 0;
}

struct span scim_table_find(const struct scim_table *table, struct span key)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span folded = scim_fold(pool, key);
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = order_keys(table->rows[mid].key, folded);
        if (order == 0)
            return table->rows[mid].value;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return table->rest;
}
