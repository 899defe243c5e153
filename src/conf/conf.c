#include "conf/conf.h"

#include "base/text.h"
#include "conf/tree.h"

static _Noreturn void mistake(const struct conf_section *section, const char *key, const char *what)
{
    fprintf(stderr, "doorward: mistake in the program: [%s] %s: %s\n", section->kind->name, key, what);
    abort();
}

struct conf_slot *tree_slot(const struct conf_section *section, const char *key)
{
    for (size_t i = 0; i < section->nslots; i++)
        if (text_same_ascii(section->slots[i].item->key, key))
            return &section->slots[i];
    return NULL;
}

const char *tree_label(struct pool *pool, const struct conf_section *section)
{
    return *section->name ? pool_printf(pool, "%s %s", section->kind->name, section->name) : section->kind->name;
}

static const struct conf_slot *slot_of(const struct conf_section *section, const char *key)
{
    const struct conf_slot *slot = tree_slot(section, key);
    if (!slot)
        mistake(section, key, "no such key");
    return slot;
}

static const struct conf_value *first_value(const struct conf_slot *slot)
{
    return slot->n ? &slot->values[0] : &slot->def;
}

const struct conf_section *conf_find(const struct conf *conf, const char *kind, const char *name)
{
    for (size_t i = 0; i < conf->n; i++) {
        const struct conf_section *section = conf->sections[i];
        if (strcmp(section->kind->name, kind) == 0 && text_same_ascii(section->name, name ? name : ""))
            return section;
    }
    return NULL;
}

const struct conf_section *conf_next(const struct conf *conf, const char *kind, const struct conf_section *after)
{
    size_t i = 0;
    while (after && i < conf->n && conf->sections[i++] != after)
        ;
    for (; i < conf->n; i++)
        if (strcmp(conf->sections[i]->kind->name, kind) == 0)
            return conf->sections[i];
    return NULL;
}

const char *conf_name(const struct conf_section *section)
{
    return section->name;
}

const char *conf_variant(const struct conf_section *section)
{
    return section->variant ? section->variant->name : "";
}

const char *conf_where(const struct conf_section *section)
{
    return section->where;
}

const char *conf_where_key(const struct conf_section *section, const char *key, size_t i)
{
    const struct conf_slot *slot = slot_of(section, key);
    return i < slot->n ? slot->values[i].where : section->where;
}

const char *conf_str(const struct conf_section *section, const char *key)
{
    const struct conf_slot *slot = slot_of(section, key);
    if (slot->item->type == CONF_INT || slot->item->type == CONF_BOOL || slot->item->type == CONF_PERCENT ||
        slot->item->type == CONF_DURATION || slot->item->type == CONF_MILLIS)
        mistake(section, key, "asked for as text");
    return first_value(slot)->text;
}

int64_t conf_int(const struct conf_section *section, const char *key)
{
    const struct conf_slot *slot = slot_of(section, key);
    if (slot->item->type != CONF_INT && slot->item->type != CONF_PERCENT && slot->item->type != CONF_DURATION &&
        slot->item->type != CONF_MILLIS)
        mistake(section, key, "asked for as a number");
    return first_value(slot)->number;
}

bool conf_bool(const struct conf_section *section, const char *key)
{
    const struct conf_slot *slot = slot_of(section, key);
    if (slot->item->type != CONF_BOOL)
        mistake(section, key, "asked for as yes or no");
    return first_value(slot)->number != 0;
}

bool conf_written(const struct conf_section *section)
{
    return section->line != 0;
}

bool conf_has(const struct conf_section *section, const char *key)
{
    return slot_of(section, key)->n > 0;
}

size_t conf_count(const struct conf_section *section, const char *key)
{
    const struct conf_slot *slot = slot_of(section, key);
    return slot->n ? slot->n : slot->def.text != NULL;
}

const char *conf_at(const struct conf_section *section, const char *key, size_t i)
{
    const struct conf_slot *slot = slot_of(section, key);
    if (i >= conf_count(section, key))
        mistake(section, key, "asked for a value beyond the last");
    return slot->n ? slot->values[i].text : slot->def.text;
}

const char *conf_digest(const struct conf *conf)
{
    return conf->digest;
}
