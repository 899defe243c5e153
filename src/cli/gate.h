/* The gate's verdict for people and for programs. */
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include <jansson.h>
#include <stdio.h>

#include "model/gate.h"

/* A line for each closed domain: what is missing, and the command that mends it. */
void gate_print(const struct gate *gate, FILE *out);
json_t *gate_json(const struct gate *gate);

#endif
