/*
 * One check of a sign-in, with its result: every rule appears, passed or not, so that an administrator sees all that is wrong at once.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

enum check_outcome { CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED };

struct check {
    const char *code;  /* stable, for --json and tests: "audience" */
    const char *title; /* one line for people: "The response is meant for us" */
    enum check_outcome outcome;
    const char *detail; /* failed: "object: fault; remedy"; else what was found, or why it was skipped; may be "" */
};

#endif
