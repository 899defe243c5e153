/* JSON on standard output: UTF-8, one document a line, in the order in which it was put together. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "base/span.h"

void json_print(const json_t *value);            /* and a newline */
void json_write(const json_t *value, FILE *out); /* nothing behind it */
/* null when empty. Text that is no UTF-8 cannot get here: the mirror holds none. */
json_t *json_text(struct span text);

#endif
