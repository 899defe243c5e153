/* Bulk requests (RFC 7644, 3.7): many operations, in few transactions, each of which happens whole or not at all. */
#include "base/mem.h"
#include "push/service_inner.h"
#include "scim/bulk.h"
#include "scim/etag.h"

/* In a transaction, for which others wait. */
#define OPERATIONS_AT_ONCE 200
#define ROWS_AT_ONCE       100000

struct running {
    struct service_call *call;
    struct scim_bulk *bulk;
    const char **ids; /* by operation: what was made or changed */
    json_t **results; /* by operation */
    size_t errors;
    size_t open; /* operations in this transaction; 0: there is none */
    size_t rows; /* that were looked through when it began */
};

static const struct service_type *type_of(const struct scim_bulk_op *op)
{
    return op->type == service_types[PUSHED_USER].scim ? &service_types[PUSHED_USER] : &service_types[PUSHED_GROUP];
}

static int carry_out(struct running *run, const struct scim_bulk_step *step, json_t *data, struct pushed_resource *ret)
{
    const struct scim_bulk_op *op = &run->bulk->ops[step->op];
    const char *id = step->completes ? run->ids[step->op] : op->made_by != SCIM_NO_OP ? run->ids[op->made_by] : op->id;
    struct service_target target = {.type = type_of(op), .id = span_str(id)};
    if (op->version && !step->completes)
        target.if_match = span_str(op->version);
    if (step->completes || op->method == SCIM_PATCH)
        return service_patch(run->call, &target, data, ret);
    if (op->method == SCIM_POST)
        return service_create(run->call, target.type, data, ret);
    if (op->method == SCIM_PUT)
        return service_replace(run->call, &target, data, ret);
    return service_delete(run->call, &target);
}

static void note_failure(struct running *run, size_t i)
{
    struct service_call *call = run->call;
    const struct scim_bulk_op *op = &run->bulk->ops[i];
    const char *location = op->id ? service_location(call, type_of(op), op->id) : NULL;
    json_decref(run->results[i]);
    run->results[i] = scim_bulk_result(op, 0, location, NULL, &call->error);
    call->error = (struct scim_error)SCIM_ERROR_INIT;
    run->errors++;
    call->tally.failed++;
}

static void note_success(struct running *run, size_t i, const struct pushed_resource *r)
{
    static const int statuses[] = {[SCIM_POST] = 201, [SCIM_PUT] = 200, [SCIM_PATCH] = 200, [SCIM_DELETE] = 204};
    struct service_call *call = run->call;
    const struct scim_bulk_op *op = &run->bulk->ops[i];
    const char *id = r->id ? r->id : op->made_by != SCIM_NO_OP ? run->ids[op->made_by] : op->id;
    run->ids[i] = id;
    json_decref(run->results[i]);
    run->results[i] = scim_bulk_result(op, statuses[op->method], service_location(call, type_of(op), id),
                                       r->id ? service_etag(call, r) : NULL, NULL);
}

static int open_transaction(struct running *run)
{
    if (run->open++)
        return 0;
    run->rows = run->call->rows;
    return service_begin(run->call);
}

static int close_transaction(struct running *run)
{
    run->open = 0;
    return service_commit(run->call);
}

/* -1: a fault of ours. What the client did wrong stands in the results. */
static int step(struct running *run, const struct scim_bulk_step *s)
{
    struct service_call *call = run->call;
    struct pushed_resource r = {0};
    json_auto_t *data = NULL;
    if (scim_bulk_prepare(run->bulk, s, run->ids, &data, &call->error) != 0) {
        note_failure(run, s->op);
        return 0;
    }
    struct service_tally before = call->tally;
    if (open_transaction(run) != 0)
        return -1;
    before.failed = call->tally.failed;
    if (pushed_mark(call->pushed, call->err) != 0)
        return -1;
    int status = carry_out(run, s, data, &r);
    if (status != 0 && !call->error.status)
        return -1;
    if (status != 0) {
        pushed_undo(call->pushed);
        call->tally = before;
        note_failure(run, s->op);
    } else {
        if (pushed_keep(call->pushed, call->err) != 0)
            return -1;
        note_success(run, s->op, &r);
    }
    bool enough = run->open == OPERATIONS_AT_ONCE || call->rows - run->rows > ROWS_AT_ONCE;
    return enough ? close_transaction(run) : 0;
}

static int run_all(struct running *run)
{
    for (size_t i = 0; i < run->bulk->nsteps && scim_bulk_goes_on(run->bulk, run->errors); i++)
        if (step(run, &run->bulk->steps[i]) != 0)
            return -1;
    return run->open ? close_transaction(run) : 0;
}

static void answer(struct running *run)
{
    json_t *results = json_array();
    for (size_t i = 0; i < run->bulk->nops; i++)
        if (run->results[i])
            json_array_append(results, run->results[i]);
    service_body(run->call, 200, scim_bulk_json(results));
}

int service_bulk(struct service_call *call, json_t *message)
{
    static const struct scim_resource_type *const types[] = {&scim_users, &scim_groups};
    struct scim_bulk bulk;
    int status = scim_bulk_read(call->pool, types, 2, message, &bulk, &call->error);
    if (status == 0) {
        struct running run = {.call = call,
                              .bulk = &bulk,
                              .ids = pool_zero(call->pool, bulk.nops * sizeof(char *)),
                              .results = pool_zero(call->pool, bulk.nops * sizeof(json_t *))};
        status = run_all(&run);
        if (status == 0)
            answer(&run);
        for (size_t i = 0; i < bulk.nops; i++)
            json_decref(run.results[i]);
    }
    scim_bulk_release(&bulk);
    return status;
}
