#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/builder.h"
#include "conf/section.h"

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
    builder_fault(b, line, "%s", text);
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
        builder_fault(b, b->section->line, "the same section stands in %s:%u; put them together under one header",
                      first->file, first->line);
}

static void fault_ref(struct builder *b, const struct conf_item *item, const struct conf_value *value)
{
    const char *names[BUILDER_NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < b->conf->n && n < BUILDER_NAMES_MAX; i++)
        if (text_same_ascii(b->conf->sections[i]->kind->name, item->ref))
            names[n++] = b->conf->sections[i]->name;
    const char *otherwise =
        pool_printf(b->conf->pool, "add [%s %s] or correct the name", item->ref, builder_shown(b, value->text));
    builder_fault(b, value->line, "%s '%s': there is no section [%s %s]; %s", item->key, builder_shown(b, value->text),
                  item->ref, builder_shown(b, value->text), builder_nearest(b, value->text, names, n, otherwise));
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
        struct conf_section *section = builder_section(conf, main_file, 0);
        section->kind = kind;
        builder_slots(conf, section);
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
