#include "conf/tree.h"

static void print_value(const struct conf_item *item, const struct conf_value *value, struct buf *out)
{
    /* A semicolon after white space would begin a comment. */
    buf_printf(out, "%s =%s%s\n", item->key, *value->text == ';' ? "" : " ", value->text);
}

static void print_section(const struct conf_section *section, struct buf *out)
{
    buf_printf(out, "%s[%s%s%s]\n", out->len ? "\n" : "", section->kind->name, *section->name ? " " : "",
               section->name);
    if (section->variant)
        buf_printf(out, "type = %s\n", section->variant->name);
    for (size_t i = 0; i < section->nslots; i++) {
        const struct conf_slot *slot = &section->slots[i];
        for (size_t j = 0; j < slot->n; j++)
            print_value(slot->item, &slot->values[j], out);
        if (slot->n == 0 && slot->def.text)
            print_value(slot->item, &slot->def, out);
    }
}

/* By kind in the schema's order, so that sections moved between files leave the digest as it was. */
void conf_print(const struct conf *conf, struct buf *out)
{
    for (const struct conf_kind *kind = conf->schema->kinds; kind->name; kind++)
        for (size_t i = 0; i < conf->n; i++)
            if (conf->sections[i]->kind == kind)
                print_section(conf->sections[i], out);
}
