/* The gate's verdict for people and for programs. */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include <jansson.h>
#include <stdio.h>

#include "model/gate.h"

/* A line for each closed domain: what is missing, and the command that mends it; then the warnings. */
void gate_print(const struct gate *gate, FILE *out);
/* What will close those that are open, unless something is done; each once. */
void gate_print_warnings(const struct gate *gate, FILE *out);
json_t *gate_json(const struct gate *gate);

#endif
