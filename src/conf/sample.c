#include "base/cleanup.h"
#include "base/text.h"
#include "conf/value.h"

#define WIDTH 100

struct page {
    struct pool *pool;
    struct buf *out;
    const char *margin; /* before each line of running text */
};

static void write_paragraph(const struct page *page, const char *text)
{
    size_t margin = strlen(page->margin), column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        const char *word = pool_strndup(page->pool, text, n);
        size_t width = (size_t)text_width(word);
        if (column && column + 1 + width > WIDTH) {
            buf_addc(page->out, '\n');
            column = 0;
        }
        buf_printf(page->out, "%s%s", column ? " " : page->margin, word);
        column += column ? 1 + width : margin + width;
        text += n + strspn(text + n, " ");
    }
    buf_addc(page->out, '\n');
}

/* "Value: a number of seats from 0 to 100. Default: 5. May be written several times." */
static const char *item_facts(struct pool *pool, const struct conf_item *item)
{
    const char *presence = item->required ? "Required."
                           : item->def    ? pool_printf(pool, "Default: %s.", item->def)
                                          : "Optional.";
    /* That a value is text goes without saying. */
    const char *rule = item->type == CONF_TEXT ? "" : pool_printf(pool, "Value: %s. ", value_rule(pool, item));
    return pool_printf(pool, "%s%s%s", rule, presence, item->repeatable ? " May be written several times." : "");
}

static void write_item(const struct page *page, const struct conf_item *item)
{
    write_paragraph(page, item->help);
    write_paragraph(page, item_facts(page->pool, item));
}

/* --- the sample --------------------------------------------------------------------------------------------------- */

static void sample_items(const struct page *page, const struct conf_item *items, bool live, bool only_required)
{
    for (; items && items->key; items++) {
        const char *value = items->def ? items->def : items->example ? items->example : "";
        if (only_required && !items->required)
            continue;
        buf_addc(page->out, '\n');
        write_item(page, items);
        buf_printf(page->out, "%s%s = %s\n", live && items->required ? "" : ";", items->key, value);
    }
}

static void sample_variant(const struct page *page, const struct conf_kind *kind, const struct conf_variant *variant)
{
    bool first = variant == kind->variants;
    buf_addc(page->out, '\n');
    write_paragraph(page, pool_printf(page->pool, "type = %s: %s", variant->name, variant->help));
    /* A second example needs a name of its own, so that all of them together are still a configuration. */
    buf_printf(page->out, ";[%s %s%s%s]\n;type = %s\n", kind->name, kind->example, first ? "" : "-",
               first ? "" : variant->name, variant->name);
    sample_items(page, kind->items, false, !first);
    sample_items(page, variant->items, false, false);
}

static void sample_kind(const struct page *page, const struct conf_kind *kind)
{
    buf_printf(page->out, "\n\n# --- [%s%s] ", kind->name, kind->named ? " NAME" : "");
    for (size_t n = strlen(kind->name) + (kind->named ? 5 : 0) + 9; n < WIDTH; n++)
        buf_addc(page->out, '-');
    buf_adds(page->out, "\n#\n");
    write_paragraph(page, kind->help);
    if (kind->named)
        write_paragraph(page, "There may be several, each with its own name.");
    buf_adds(page->out, "#\n");
    for (const struct conf_variant *v = kind->variants; v && v->name; v++)
        sample_variant(page, kind, v);
    if (kind->variants)
        return;
    if (kind->named)
        buf_printf(page->out, "\n;[%s %s]\n", kind->name, kind->example);
    else
        buf_printf(page->out, "\n[%s]\n", kind->name);
    sample_items(page, kind->items, !kind->named, false);
}

void conf_sample(const struct conf_schema *schema, struct buf *out)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct page page = {pool, out, "# "};
    write_paragraph(&page, schema->about
                               ? schema->about
                               : "Doorward's configuration. Files named *.conf in the directory conf.d beside this one "
                                 "are read after it, in the order of their names. After a change, run: doorward "
                                 "check-config");
    buf_adds(out, "#\n");
    write_paragraph(
        &page, "Everything that can be written is here. A line that begins with a semicolon shows a key with its "
               "default, or with an example where there is no default; take the semicolon away to use it.");
    buf_adds(out, "#\n");
    write_paragraph(&page,
                    "A line that begins with white space continues the value above it. A semicolon after white space "
                    "begins a comment. A relative path starts at the directory of the file it is written in.");
    buf_adds(out, "#\n");
    write_paragraph(&page, "This text is made from the program's own tables: \"make sample\" writes it anew.");
    for (const struct conf_kind *kind = schema->kinds; kind->name; kind++)
        if (!kind->variants || kind->variants->name)
            sample_kind(&page, kind);
}

/* --- help for the terminal ---------------------------------------------------------------------------------------- */

static void help_items(const struct page *page, const struct conf_item *items)
{
    for (; items && items->key; items++) {
        const char *value = items->def ? items->def : items->example;
        buf_printf(page->out, "\n  %s%s%s\n", items->key, value ? " = " : "", value ? value : "");
        write_item(page, items);
    }
}

static void help_kind(const struct page *page, const struct conf_kind *kind)
{
    buf_printf(page->out, "[%s%s]\n", kind->name, kind->named ? " NAME" : "");
    write_paragraph(page, kind->help);
    help_items(page, kind->items);
    for (const struct conf_variant *v = kind->variants; v && v->name; v++) {
        buf_printf(page->out, "\n  type = %s\n", v->name);
        write_paragraph(page, v->help);
        help_items(page, v->items);
    }
}

int conf_help(const struct conf_schema *schema, const char *kind, struct buf *out)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct page page = {pool, out, "      "};
    int result = -1;
    for (const struct conf_kind *k = schema->kinds; k->name; k++) {
        if (kind && !text_same_ascii(kind, k->name))
            continue;
        buf_adds(out, result == 0 ? "\n\n" : "");
        help_kind(&page, k);
        result = 0;
    }
    return result;
}
