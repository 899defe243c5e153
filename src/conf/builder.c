#include "conf/builder.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "conf/value.h"

const char *builder_shown(struct builder *b, const char *text)
{
    struct span s = span_str(text);
    s.n = s.n > 200 ? 200 : s.n;
    return text_printable(b->conf->pool, s);
}

const char *builder_nearest(struct builder *b, const char *typed, const char *const *names, size_t n,
                            const char *otherwise)
{
    const char *near = text_nearest(typed, names, n);
    return near ? pool_printf(b->conf->pool, "did you mean '%s'?", near) : otherwise;
}

void builder_fault(struct builder *b, unsigned line, const char *fmt, ...)
{
    CLEANUP(freep) char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        text = NULL;
    faults_add(b->faults, b->section->file, line, "%s: %s", tree_label(b->conf->pool, b->section), text ? text : fmt);
    b->section->faulty = true;
}

static size_t count_items(const struct conf_item *items)
{
    size_t n = 0;
    while (items && items[n].key)
        n++;
    return n;
}

/* A default that its own row refuses is a mistake of the program. */
static void set_default(struct conf *conf, struct conf_slot *slot)
{
    struct err err = ERR_INIT;
    if (slot->item->def && value_check(conf->pool, NULL, slot->item, slot->item->def, &slot->def, &err) != 0) {
        fprintf(stderr, "doorward: a row's default is wrong: %s\n", err.text);
        abort();
    }
}

static void add_slots(struct conf *conf, struct conf_section *section, const struct conf_item *items)
{
    for (size_t i = 0; items && items[i].key; i++) {
        struct conf_slot *slot = &section->slots[section->nslots++];
        slot->item = &items[i];
        set_default(conf, slot);
    }
}

void builder_slots(struct conf *conf, struct conf_section *section)
{
    const struct conf_item *own = section->kind->items, *more = section->variant ? section->variant->items : NULL;
    section->slots = pool_zero(conf->pool, (count_items(own) + count_items(more)) * sizeof *section->slots);
    add_slots(conf, section, own);
    add_slots(conf, section, more);
}

struct conf_section *builder_section(struct conf *conf, const char *file, unsigned line)
{
    struct conf_section *section = pool_zero(conf->pool, sizeof *section);
    section->file = file;
    section->where = line ? pool_printf(conf->pool, "%s:%u", file, line) : file;
    section->line = line;
    section->name = "";
    return section;
}
