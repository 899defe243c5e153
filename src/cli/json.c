#include "cli/json.h"

#include <stdio.h>

void json_write(const json_t *value, FILE *out)
{
    json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
}

void json_print(const json_t *value)
{
    json_write(value, stdout);
    putchar('\n');
}

json_t *json_text(struct span text)
{
    return text.n ? json_stringn(text.p, text.n) : json_null();
}
