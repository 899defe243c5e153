/* The causes of a plan's removals, for people and for programs. */
#ifndef CLI_CAUSES_H
#define CLI_CAUSES_H

#include <jansson.h>

#include "cli/show.h"
#include "cli/words.h"
#include "sync/causes.h"

/* Nothing is printed for a plan without removals. */
int causes_print(struct cli *cli, struct words *words, const struct shown_plan *shown, struct err *err);
/* Every cause: "causes" of the document. */
int causes_json(struct cli *cli, struct words *words, const struct shown_plan *shown, json_t **ret, struct err *err);

#endif
