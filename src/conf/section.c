#include "conf/section.h"

#include "base/mem.h"
#include "base/text.h"
#include "conf/builder.h"
#include "conf/value.h"

#define NAME_MAX_BYTES 253 /* a domain name's limit; nothing else needs more */

static const struct conf_kind *find_kind(const struct conf_schema *schema, const char *name)
{
    for (const struct conf_kind *kind = schema->kinds; kind->name; kind++)
        if (text_same_ascii(kind->name, name))
            return kind;
    return NULL;
}

static void fault_kind(struct builder *b, const struct ini_line *header, const char *typed)
{
    const char *names[BUILDER_NAMES_MAX], *all = "";
    size_t n = 0;
    for (const struct conf_kind *kind = b->conf->schema->kinds; kind->name && n < BUILDER_NAMES_MAX; kind++) {
        names[n++] = kind->name;
        all = pool_printf(b->conf->pool, "%s%s%s", all, *all ? ", " : "", kind->name);
    }
    const char *otherwise = pool_printf(b->conf->pool, "there are: %s", all);
    faults_add(b->faults, b->section->file, header->number, "unknown section '%s'; %s", builder_shown(b, header->text),
               builder_nearest(b, typed, names, n, otherwise));
}

static bool is_name(const char *name)
{
    if (!text_is_clean(span_str(name)) || strlen(name) > NAME_MAX_BYTES)
        return false;
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c < 0x80 && !alnum && (p == name || !strchr(".-_", c)))
            return false;
    }
    return true;
}

/* Splits "KIND NAME" and finds the kind. */
static int read_header(struct builder *b, const struct ini_line *header)
{
    size_t n = strcspn(header->text, " \t");
    const char *typed = pool_strndup(b->conf->pool, header->text, n);
    const char *name = header->text + n + strspn(header->text + n, " \t");
    const struct conf_kind *kind = find_kind(b->conf->schema, typed);
    struct conf_section *s = b->section;
    if (!kind) {
        fault_kind(b, header, typed);
        return -1;
    }
    s->kind = kind;
    s->name = name;
    if (kind->named && !*name)
        faults_add(b->faults, s->file, s->line, "section [%s] has no name; write [%s NAME]", kind->name, kind->name);
    else if (!kind->named && *name)
        faults_add(b->faults, s->file, s->line, "section [%s] takes no name, not '%s'; write [%s]", kind->name,
                   builder_shown(b, name), kind->name);
    else if (!is_name(name))
        faults_add(
            b->faults, s->file, s->line,
            "%s name '%s' cannot be used; write letters, digits, dots, hyphens and underscores, at most %d bytes",
            kind->name, builder_shown(b, name), NAME_MAX_BYTES);
    else
        return 0;
    return -1;
}

static size_t variant_names(const struct conf_kind *kind, const char **names)
{
    size_t n = 0;
    for (const struct conf_variant *v = kind->variants; v && v->name && n < BUILDER_NAMES_MAX; v++)
        names[n++] = v->name;
    return n;
}

static const char *variant_rule(struct pool *pool, const struct conf_kind *kind)
{
    const char *all = "";
    for (const struct conf_variant *v = kind->variants; v->name; v++)
        all = pool_printf(pool, "%s%s%s", all, !*all ? "" : v[1].name ? ", " : " or ", v->name);
    return all;
}

static void set_variant(struct builder *b, const struct ini_line *line)
{
    const char *names[BUILDER_NAMES_MAX];
    const struct conf_kind *kind = b->section->kind;
    b->section->type_line = line->number;
    for (const struct conf_variant *v = kind->variants; v->name; v++)
        if (text_same_ascii(v->name, line->text))
            b->section->variant = v;
    if (b->section->variant)
        return;
    const char *rule = pool_printf(b->conf->pool, "write %s", variant_rule(b->conf->pool, kind));
    builder_fault(b, line->number, "type '%s' is not known; %s", builder_shown(b, line->text),
                  builder_nearest(b, line->text, names, variant_names(kind, names), rule));
}

/* "type" is read first, since it says which other keys there are. */
static void read_type(struct builder *b, const struct ini_line *lines, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (lines[i].what != INI_VALUE || !text_same_ascii(lines[i].key, "type"))
            continue;
        if (b->section->type_line)
            builder_fault(b, lines[i].number, "type is written twice, first in line %u; remove one",
                          b->section->type_line);
        else
            set_variant(b, &lines[i]);
    }
    if (!b->section->type_line)
        builder_fault(b, b->section->line, "type is missing; write type = %s",
                      variant_rule(b->conf->pool, b->section->kind));
}

static void fault_key(struct builder *b, const struct ini_line *line)
{
    const struct conf_section *s = b->section;
    const char *names[BUILDER_NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->nslots && n < BUILDER_NAMES_MAX - 1; i++)
        names[n++] = s->slots[i].item->key;
    if (s->kind->variants)
        names[n++] = "type";
    for (const struct conf_variant *v = s->kind->variants; v && v->name; v++)
        for (const struct conf_item *item = v->items; item && item->key; item++)
            if (text_same_ascii(item->key, line->key)) {
                builder_fault(b, line->number, "key '%s' belongs to type = %s; remove it or change the type", line->key,
                              v->name);
                return;
            }
    const char *otherwise = pool_printf(b->conf->pool, "see: doorward help %s", s->kind->name);
    builder_fault(b, line->number, "unknown key '%s'; %s", builder_shown(b, line->key),
                  builder_nearest(b, line->key, names, n, otherwise));
}

static void fault_repeated(struct builder *b, const struct conf_slot *slot, const struct conf_value *value)
{
    for (size_t i = 0; i < slot->n; i++)
        if (strcmp(slot->values[i].text, value->text) == 0) {
            builder_fault(b, value->line, "%s '%s' is written twice, first in line %u; remove one", slot->item->key,
                          builder_shown(b, value->text), slot->values[i].line);
            return;
        }
}

static void read_value(struct builder *b, const struct ini_line *line)
{
    struct conf_slot *slot = tree_slot(b->section, line->key);
    struct conf_value value;
    struct err err = ERR_INIT;
    if (!slot) {
        fault_key(b, line);
        return;
    }
    if (slot->n && !slot->item->repeatable) {
        builder_fault(b, line->number, "%s is written twice, first in line %u; remove one", slot->item->key,
                      slot->values[0].line);
        return;
    }
    /* Kept even when it is wrong, so that it is not reported as missing too. */
    value = (struct conf_value){.text = line->text};
    if (value_check(b->conf->pool, b->folder, slot->item, line->text, &value, &err) != 0)
        builder_fault(b, line->number, "%s", err.text);
    value.line = line->number;
    value.where = pool_printf(b->conf->pool, "%s:%u", b->section->file, value.line);
    fault_repeated(b, slot, &value);
    *MEM_PUSH(&slot->values, &slot->n, &slot->cap) = value;
}

static void fault_missing(struct builder *b)
{
    const struct conf_section *s = b->section;
    for (size_t i = 0; i < s->nslots; i++) {
        const struct conf_item *item = s->slots[i].item;
        if (!item->required || s->slots[i].n)
            continue;
        const char *example =
            item->example ? pool_printf(b->conf->pool, ", for example: %s = %s", item->key, item->example) : "";
        builder_fault(b, s->line, "%s is missing; write %s%s", item->key, value_rule(b->conf->pool, item), example);
    }
}

/* Keys set in from the margin would silently become part of the value above. */
static void fault_indented(struct builder *b, const struct ini_line *lines, size_t n, size_t i)
{
    const struct ini_line *line = &lines[i];
    /* Where there is no value above, that has been said. */
    bool said = (lines[i - 1].what == INI_FAULT && lines[i - 1].number == line->number) ||
                (i + 1 < n && lines[i + 1].what == INI_FAULT && lines[i + 1].number == line->number);
    if (!said && tree_slot(b->section, line->key))
        builder_fault(
            b, line->number,
            "a line that begins with white space continues the value above it; remove the white space before '%s'",
            line->key);
}

void section_build(struct conf *conf, struct faults *faults, const char *file, const char *folder,
                   const struct ini_line *lines, size_t n)
{
    struct builder b = {conf, faults, builder_section(conf, file, lines->number), folder};
    if (read_header(&b, lines) != 0)
        return;
    *MEM_PUSH(&conf->sections, &conf->n, &conf->cap) = b.section;
    if (b.section->kind->variants)
        read_type(&b, lines, n);
    builder_slots(conf, b.section);
    /* Without a type nobody knows what else may stand here. */
    if (b.section->kind->variants && !b.section->variant)
        return;
    for (size_t i = 1; i < n; i++) {
        if (lines[i].what == INI_MORE)
            fault_indented(&b, lines, n, i);
        else if (lines[i].what == INI_VALUE && !(b.section->kind->variants && text_same_ascii(lines[i].key, "type")))
            read_value(&b, &lines[i]);
    }
    fault_missing(&b);
}
