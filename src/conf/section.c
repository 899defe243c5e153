#include "conf/section.h"

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/value.h"

#define NAME_MAX_BYTES 253 /* a domain name's limit; nothing else needs more */
#define NAMES_MAX      512 /* names that are looked through for the nearest */

struct builder {
    struct conf *conf;
    struct faults *faults;
    struct conf_section *section;
    const char *folder;
};

static const char *shown(struct builder *b, const char *text)
{
    struct span s = span_str(text);
    s.n = s.n > 200 ? 200 : s.n;
    return text_printable(b->conf->pool, s);
}

static const char *did_you_mean(struct pool *pool, const char *typed, const char *const *names, size_t n,
                                const char *otherwise)
{
    const char *near = text_nearest(typed, names, n);
    return near ? pool_printf(pool, "did you mean '%s'?", near) : otherwise;
}

static const struct conf_kind *find_kind(const struct conf_schema *schema, const char *name)
{
    for (const struct conf_kind *kind = schema->kinds; kind->name; kind++)
        if (text_same_ascii(kind->name, name))
            return kind;
    return NULL;
}

static void fault_kind(struct builder *b, const struct ini_line *header, const char *typed)
{
    const char *names[NAMES_MAX], *all = "";
    size_t n = 0;
    for (const struct conf_kind *kind = b->conf->schema->kinds; kind->name && n < NAMES_MAX; kind++) {
        names[n++] = kind->name;
        all = pool_printf(b->conf->pool, "%s%s%s", all, *all ? ", " : "", kind->name);
    }
    const char *otherwise = pool_printf(b->conf->pool, "there are: %s", all);
    faults_add(b->faults, b->section->file, header->number, "unknown section '%s'; %s", shown(b, header->text),
               did_you_mean(b->conf->pool, typed, names, n, otherwise));
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
                   shown(b, name), kind->name);
    else if (!is_name(name))
        faults_add(
            b->faults, s->file, s->line,
            "%s name '%s' cannot be used; write letters, digits, dots, hyphens and underscores, at most %d bytes",
            kind->name, shown(b, name), NAME_MAX_BYTES);
    else
        return 0;
    return -1;
}

static void fault(struct builder *b, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct builder *b, unsigned line, const char *fmt, ...)
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

static size_t variant_names(const struct conf_kind *kind, const char **names)
{
    size_t n = 0;
    for (const struct conf_variant *v = kind->variants; v && v->name && n < NAMES_MAX; v++)
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
    const char *names[NAMES_MAX];
    const struct conf_kind *kind = b->section->kind;
    b->section->type_line = line->number;
    for (const struct conf_variant *v = kind->variants; v->name; v++)
        if (text_same_ascii(v->name, line->text))
            b->section->variant = v;
    if (b->section->variant)
        return;
    const char *rule = pool_printf(b->conf->pool, "write %s", variant_rule(b->conf->pool, kind));
    fault(b, line->number, "type '%s' is not known; %s", shown(b, line->text),
          did_you_mean(b->conf->pool, line->text, names, variant_names(kind, names), rule));
}

/* "type" is read first, since it says which other keys there are. */
static void read_type(struct builder *b, const struct ini_line *lines, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (lines[i].what != INI_VALUE || !text_same_ascii(lines[i].key, "type"))
            continue;
        if (b->section->type_line)
            fault(b, lines[i].number, "type is written twice, first in line %u; remove one", b->section->type_line);
        else
            set_variant(b, &lines[i]);
    }
    if (!b->section->type_line)
        fault(b, b->section->line, "type is missing; write type = %s", variant_rule(b->conf->pool, b->section->kind));
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

static void make_slots(struct conf *conf, struct conf_section *section)
{
    const struct conf_item *own = section->kind->items, *more = section->variant ? section->variant->items : NULL;
    section->slots = pool_zero(conf->pool, (count_items(own) + count_items(more)) * sizeof *section->slots);
    add_slots(conf, section, own);
    add_slots(conf, section, more);
}

static void fault_key(struct builder *b, const struct ini_line *line)
{
    const struct conf_section *s = b->section;
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->nslots && n < NAMES_MAX - 1; i++)
        names[n++] = s->slots[i].item->key;
    if (s->kind->variants)
        names[n++] = "type";
    for (const struct conf_variant *v = s->kind->variants; v && v->name; v++)
        for (const struct conf_item *item = v->items; item && item->key; item++)
            if (text_same_ascii(item->key, line->key)) {
                fault(b, line->number, "key '%s' belongs to type = %s; remove it or change the type", line->key,
                      v->name);
                return;
            }
    const char *otherwise = pool_printf(b->conf->pool, "see: doorward help %s", s->kind->name);
    fault(b, line->number, "unknown key '%s'; %s", shown(b, line->key),
          did_you_mean(b->conf->pool, line->key, names, n, otherwise));
}

static void fault_repeated(struct builder *b, const struct conf_slot *slot, const struct conf_value *value)
{
    for (size_t i = 0; i < slot->n; i++)
        if (strcmp(slot->values[i].text, value->text) == 0) {
            fault(b, value->line, "%s '%s' is written twice, first in line %u; remove one", slot->item->key,
                  shown(b, value->text), slot->values[i].line);
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
        fault(b, line->number, "%s is written twice, first in line %u; remove one", slot->item->key,
              slot->values[0].line);
        return;
    }
    /* Kept even when it is wrong, so that it is not reported as missing too. */
    value = (struct conf_value){.text = line->text};
    if (value_check(b->conf->pool, b->folder, slot->item, line->text, &value, &err) != 0)
        fault(b, line->number, "%s", err.text);
    value.line = line->number;
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
        fault(b, s->line, "%s is missing; write %s%s", item->key, value_rule(b->conf->pool, item), example);
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
        fault(b, line->number,
              "a line that begins with white space continues the value above it; remove the white space before '%s'",
              line->key);
}

static struct conf_section *new_section(struct conf *conf, const char *file, unsigned line)
{
    struct conf_section *section = pool_zero(conf->pool, sizeof *section);
    section->pool = conf->pool;
    section->file = file;
    section->line = line;
    section->name = "";
    return section;
}

void section_build(struct conf *conf, struct faults *faults, const char *file, const char *folder,
                   const struct ini_line *lines, size_t n)
{
    struct builder b = {conf, faults, new_section(conf, file, lines->number), folder};
    if (read_header(&b, lines) != 0)
        return;
    *MEM_PUSH(&conf->sections, &conf->n, &conf->cap) = b.section;
    if (b.section->kind->variants)
        read_type(&b, lines, n);
    make_slots(conf, b.section);
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

/* --- between sections --------------------------------------------------------------------------------------------- */

static struct conf_section *find_section(const struct conf *conf, const char *kind, const char *name)
{
    for (size_t i = 0; i < conf->n; i++)
        if (text_same_ascii(conf->sections[i]->kind->name, kind) && text_same_ascii(conf->sections[i]->name, name))
            return conf->sections[i];
    return NULL;
}

/* A check that knows the line begins its text with what conf_where_key gave. */
static void fault_of_check(struct builder *b, const char *text)
{
    size_t n = strlen(b->section->file);
    unsigned line = b->section->line;
    int used = 0;
    if (strncmp(text, b->section->file, n) == 0 && sscanf(text + n, ":%u: %n", &line, &used) == 1 && used)
        text += n + (size_t)used;
    /* Rules that serve others too name the section themselves; once is enough. */
    const char *twice = pool_printf(b->conf->pool, "%s '%s': ", b->section->kind->name, b->section->name);
    if (strncmp(text, twice, strlen(twice)) == 0)
        text += strlen(twice);
    fault(b, line, "%s", text);
}

static void run_checks(struct builder *b)
{
    struct conf_section *s = b->section;
    struct err err = ERR_INIT;
    CLEANUP(freep) char *name = NULL;
    /* Of a section with other faults only its name is asked for, to find its twin. */
    if (s->kind->check && s->kind->check(s, &name, &err) != 0 && !s->faulty)
        fault_of_check(b, err.text);
    if (name)
        s->name = pool_strdup(b->conf->pool, name);
    if (!s->faulty && s->variant && s->variant->check && s->variant->check(s, &err) != 0)
        fault_of_check(b, err.text);
}

static void fault_twin(struct builder *b)
{
    const struct conf_section *first = find_section(b->conf, b->section->kind->name, b->section->name);
    if (first && first != b->section)
        fault(b, b->section->line, "the same section stands in %s:%u; put them together under one header", first->file,
              first->line);
}

static void fault_ref(struct builder *b, const struct conf_item *item, const struct conf_value *value)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < b->conf->n && n < NAMES_MAX; i++)
        if (text_same_ascii(b->conf->sections[i]->kind->name, item->ref))
            names[n++] = b->conf->sections[i]->name;
    const char *otherwise =
        pool_printf(b->conf->pool, "add [%s %s] or correct the name", item->ref, shown(b, value->text));
    fault(b, value->line, "%s '%s': there is no section [%s %s]; %s", item->key, shown(b, value->text), item->ref,
          shown(b, value->text), did_you_mean(b->conf->pool, value->text, names, n, otherwise));
}

static void resolve_refs(struct builder *b)
{
    for (size_t i = 0; i < b->section->nslots; i++) {
        struct conf_slot *slot = &b->section->slots[i];
        for (size_t j = 0; slot->item->type == CONF_REF && j < slot->n; j++) {
            const struct conf_section *target = find_section(b->conf, slot->item->ref, slot->values[j].text);
            if (target)
                slot->values[j].text = target->name;
            else if (*slot->values[j].text)
                fault_ref(b, slot->item, &slot->values[j]);
        }
    }
}

/* Unnamed kinds are always there; a required one has to be written. */
static void add_unwritten(struct conf *conf, struct faults *faults, const char *main_file, bool complete)
{
    for (const struct conf_kind *kind = conf->schema->kinds; kind->name; kind++) {
        bool there = false;
        for (size_t i = 0; i < conf->n; i++)
            there = there || conf->sections[i]->kind == kind;
        if (there)
            continue;
        if (kind->required && complete)
            faults_add(faults, main_file, FAULTS_END, "there is no [%s%s] section; add one, see: doorward help %s",
                       kind->name, kind->named ? " NAME" : "", kind->name);
        if (kind->named)
            continue;
        struct conf_section *section = new_section(conf, main_file, 0);
        section->kind = kind;
        make_slots(conf, section);
        *MEM_PUSH(&conf->sections, &conf->n, &conf->cap) = section;
    }
}

void sections_join(struct conf *conf, struct faults *faults, const char *main_file, bool complete)
{
    add_unwritten(conf, faults, main_file, complete);
    for (size_t i = 0; i < conf->n; i++) {
        struct builder b = {conf, faults, conf->sections[i], NULL};
        if (b.section->line)
            run_checks(&b);
    }
    for (size_t i = 0; i < conf->n; i++) {
        struct builder b = {conf, faults, conf->sections[i], NULL};
        fault_twin(&b);
        resolve_refs(&b);
    }
}
