/* A sink that keeps what it gets, for the suites of the connectors. */
#ifndef TESTS_UNIT_SINK_RECORD_H
#define TESTS_UNIT_SINK_RECORD_H

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "connectors/connector.h"

#define RECORD_MAX 32

struct record {
    struct entry entry;
    char *id, *name, *attr[ATTR_COUNT], *fault;
    struct buf extra; /* "a=1 b=2" */
    struct key128 members[8];
};

struct recorder {
    struct record all[RECORD_MAX];
    size_t n, people, groups, containers, faults;
    bool knows_all;
};

static inline int record_seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint,
                              struct err *err)
{
    (void)kind, (void)id, (void)fingerprint, (void)err;
    return ((struct recorder *)ctx)->knows_all;
}

static inline int record_put(void *ctx, const struct entry *entry, struct err *err)
{
    struct recorder *recorder = ctx;
    (void)err;
    ck_assert_uint_lt(recorder->n, RECORD_MAX);
    struct record *r = &recorder->all[recorder->n++];
    r->entry = *entry;
    r->id = mem_strndup(entry->id.p, entry->id.n);
    r->name = mem_strndup(entry->name.p, entry->name.n);
    for (size_t i = 0; i < ATTR_COUNT; i++)
        r->attr[i] = entry->attr[i].n ? mem_strndup(entry->attr[i].p, entry->attr[i].n) : NULL;
    for (size_t i = 0; i < entry->nextra; i++)
        buf_printf(&r->extra, "%s%.*s=%.*s", i ? " " : "", SPAN_ARG(entry->extra[i].name), SPAN_ARG(entry->extra[i].value));
    ck_assert_uint_le(entry->nmembers, 8);
    for (size_t i = 0; i < entry->nmembers; i++)
        r->members[i] = entry->members[i];
    size_t *counts[] = {&recorder->people, &recorder->groups, &recorder->containers};
    *counts[entry->kind] += 1;
    return 0;
}

static inline int record_fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    struct recorder *recorder = ctx;
    (void)err;
    ck_assert_uint_lt(recorder->n, RECORD_MAX);
    struct record *r = &recorder->all[recorder->n++];
    r->id = mem_strndup(id.n ? id.p : "", id.n);
    r->name = mem_strndup(name.n ? name.p : "", name.n);
    r->fault = mem_strdup(why);
    recorder->faults++;
    return 0;
}

static inline void recorder_clear(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->n; i++) {
        struct record *r = &recorder->all[i];
        free(r->id);
        free(r->name);
        free(r->fault);
        buf_release(&r->extra);
        for (size_t j = 0; j < ATTR_COUNT; j++)
            free(r->attr[j]);
    }
    *recorder = (struct recorder){.n = 0};
}

static inline struct sink recorder_sink(struct recorder *recorder)
{
    return (struct sink){.ctx = recorder, .seen = record_seen, .put = record_put, .fault = record_fault};
}

/* The section "[directory hq]" with these lines, of a kind with these rows. Ends the test when it is refused. */
static inline struct conf *load_section(const struct conf_item *rows, const char *lines,
                                        const struct conf_section **ret)
{
    static struct conf_kind kinds[2];
    static const struct conf_schema schema = {.kinds = kinds};
    kinds[0] =
        (struct conf_kind){.name = "directory", .named = true, .items = rows, .example = "hq", .help = "A directory."};
    char path[] = "/tmp/doorward-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "[directory hq]\n%s", lines);
    fclose(file);
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    int rc = conf_load(path, &schema, &conf, NULL, &err);
    unlink(path);
    ck_assert_msg(rc == 0, "%s", err.text);
    *ret = conf_find(conf, "directory", "hq");
    return conf;
}

#endif
