#include "sync/pull.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "connectors/attrmap.h"
#include "push/directories.h"
#include "store/audit.h"
#include "sync/entitle.h"
#include "sync/locate.h"
#include "sync/mapper.h"

#define TICK 1000 /* entries between two calls of progress */

/* The stage's sink with a counter before it. */
struct counting {
    const struct sink *inner;
    const struct pull_progress *progress;
    size_t entries;
};

static int count_seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err)
{
    struct counting *c = ctx;
    if (++c->entries % TICK == 0)
        c->progress->tick(c->progress->ctx, c->entries);
    return c->inner->seen(c->inner->ctx, kind, id, fingerprint, err);
}

static int pass_put(void *ctx, const struct entry *entry, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->put(c->inner->ctx, entry, err);
}

static int pass_fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->fault(c->inner->ctx, id, name, why, err);
}

static int pass_base(void *ctx, struct span name, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->base(c->inner->ctx, name, err);
}

static int pass_gone(void *ctx, enum entry_kind kind, struct span id, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->gone(c->inner->ctx, kind, id, err);
}

static int pass_gone_key(void *ctx, struct key128 key, struct span but, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->gone_key(c->inner->ctx, key, but, err);
}

static int pass_held(void *ctx, struct span id, struct key128 key, struct err *err)
{
    struct counting *c = ctx;
    return c->inner->held(c->inner->ctx, id, key, err);
}

static int read_all(const struct directory_connector *connector, struct directory *directory, struct stage *stage,
                    const struct pull_progress *progress, enum pull_result *ret, struct err *err)
{
    struct counting counting = {.inner = stage_sink(stage), .progress = progress};
    const struct sink counted = {.ctx = &counting,
                                 .seen = count_seen,
                                 .put = pass_put,
                                 .fault = pass_fault,
                                 .base = pass_base,
                                 .gone = pass_gone,
                                 .gone_key = pass_gone_key,
                                 .held = pass_held};
    const struct sink *sink = progress && progress->tick ? &counted : counting.inner;
    if (connector->pull(directory, stage_cursor(stage), sink, ret, err) != 0)
        return -1;
    if (*ret != PULL_PARTIAL)
        return 0;
    err->kind = ERR_NETWORK;
    return err_wrap(err, "the read was cut off, so nothing is changed or removed");
}

/* Every team of this directory, not only the one asked for: their rows belong to the mirror they were made from. */
static int update_teams(struct store *store, const struct conf *conf, const struct conf_section *directory,
                        const struct stage *stage, struct err *err)
{
    const uint32_t *dirty;
    size_t n;
    bool all;
    stage_dirty(stage, &dirty, &n, &all);
    for (const struct conf_section *team = conf_next(conf, "team", NULL); team; team = conf_next(conf, "team", team)) {
        if (strcmp(conf_str(team, "directory"), conf_name(directory)) != 0)
            continue;
        struct policy policy = {0};
        if (policy_load(store, conf, team, &policy, err) != 0)
            return -1;
        int r = entitle_update(store, &policy, dirty, n, all, err);
        policy_release(&policy);
        if (r != 0)
            return -1;
    }
    return 0;
}

static void fill_report(struct pull_report *ret, const struct stage *stage)
{
    const struct stage_result *result = stage_result(stage);
    ret->summary = *result;
    ret->nfaults = result->nfaults < STAGE_FAULTS_SHOWN ? result->nfaults : STAGE_FAULTS_SHOWN;
    for (size_t i = 0; i < ret->nfaults; i++)
        ret->faults[i] = (struct stage_fault){mem_strdup(result->faults[i].name), mem_strdup(result->faults[i].why)};
}

/* Only what changed something: a read every 15 minutes that finds nothing new is no news. */
static int record_read(struct store *store, const char *directory, const struct pull_report *report, struct err *err)
{
    const struct stage_result *s = &report->summary;
    if (s->added + s->changed + s->gone == 0)
        return 0;
    return audit_write(
        store,
        &(struct audit_record){AUDIT_DIRECTORY_READ, directory,
                               AUDIT_DETAIL(AUDIT_TEXT("source", report->source), AUDIT_INT("people", s->people),
                                            AUDIT_INT("groups", s->groups), AUDIT_INT("new", s->added),
                                            AUDIT_INT("changed", s->changed), AUDIT_INT("gone", s->gone),
                                            AUDIT_INT("unusable", s->nfaults))},
        err);
}

static int find_containers(struct store *store, const struct located_source *source, const struct stage *stage,
                           struct err *err)
{
    const uint32_t *missing;
    size_t n;
    stage_missing(stage, &missing, &n);
    return locate_missing(store, source, missing, n, err);
}

/* What the platforms' maps want of people beyond what is kept of everybody. */
static int want_extra(const struct conf *conf, const struct conf_section *section,
                      const struct directory_connector *connector, struct directory *directory, struct stage *stage,
                      struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *const *extra;
    const char *names;
    size_t n;
    if (mapper_wants(conf, section, pool, &extra, &n, &names, err) != 0)
        return -1;
    if (n > 0 && !connector->want)
        return err_set(err, ERR_CONFIG, "its type gives no attributes such as %s, which the map of a platform names; take them out",
                       names);
    if (n > 0 && connector->want(directory, extra, n, err) != 0)
        return -1;
    stage_ask(stage, names);
    return 0;
}

static int pull_open(struct store *store, const struct conf *conf, const struct conf_section *section,
                     struct directory *directory, const struct directory_connector *connector, int64_t now,
                     const struct pull_progress *progress, struct pull_report *ret, struct err *err)
{
    CLEANUP(stage_free) struct stage *stage = NULL;
    const struct located_source source = {connector, directory, conf_name(section), attrmap_id_name(section)};
    if (stage_begin(store, conf_name(section), now, &stage, err) != 0 ||
        want_extra(conf, section, connector, directory, stage, err) != 0)
        return -1;
    int r = read_all(connector, directory, stage, progress, &ret->result, err);
    fill_report(ret, stage);
    if (r != 0) {
        locate_base(store, &source, err);
        return -1;
    }
    log_debug("directory %s: read", conf_name(section));
    const char *cursor = connector->cursor ? connector->cursor(directory) : NULL;
    if (stage_finish(stage, ret->result, cursor, err) != 0 || find_containers(store, &source, stage, err) != 0)
        return -1;
    log_debug("directory %s: memberships written", conf_name(section));
    if (update_teams(store, conf, section, stage, err) != 0)
        return -1;
    log_debug("directory %s: entitlements brought up to date", conf_name(section));
    ret->summary = *stage_result(stage);
    return record_read(store, conf_name(section), ret, err) == 0 ? stage_commit(stage, err) : -1;
}

int pull_directory(struct store *store, const struct conf *conf, const struct conf_section *section, int64_t now,
                   const struct pull_progress *progress, struct pull_report *ret, struct err *err)
{
    *ret = (struct pull_report){.result = PULL_PARTIAL};
    double began = clock_monotonic();
    const struct directory_connector *connector = directory_connector_find(conf_variant(section));
    struct directory *directory = NULL;
    int r = connector->open(section, store, &directory, err);
    if (r == 0) {
        ret->source = mem_strdup(connector->describe(directory));
        r = pull_open(store, conf, section, directory, connector, now, progress, ret, err);
        connector->close(&directory);
    }
    ret->seconds = clock_monotonic() - began;
    return r == 0 ? 0 : err_wrap(err, "directory %s", conf_name(section));
}

void pull_report_release(struct pull_report *report)
{
    for (size_t i = 0; i < report->nfaults; i++) {
        free(report->faults[i].name);
        free(report->faults[i].why);
    }
    free(report->source);
    *report = (struct pull_report){0};
}
