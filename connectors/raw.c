#include "connectors/raw.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

void raw_start(struct raw *raw, struct span name)
{
    raw->name = name;
    raw->nattrs = raw->nvalues = 0;
}

void raw_attr(struct raw *raw, struct span type)
{
    struct raw_attr attr = {.type = type, .first = raw->nvalues, .next = RAW_NONE};
    *MEM_PUSH(&raw->attrs, &raw->nattrs, &raw->cap_attrs) = attr;
}

void raw_value(struct raw *raw, struct span value)
{
    *MEM_PUSH(&raw->values, &raw->nvalues, &raw->cap_values) = value;
    raw->attrs[raw->nattrs - 1].n++;
}

void raw_release(struct raw *raw)
{
    free(raw->attrs);
    free(raw->values);
    *raw = (struct raw)RAW_INIT;
}

struct span raw_base_type(struct span type)
{
    const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;
    return semicolon ? (struct span){type.p, (size_t)(semicolon - type.p)} : type;
}
