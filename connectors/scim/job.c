#include "connectors/scim/job.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/scim/crowd.h"
#include "connectors/scim/steps.h"

/* --- what each kind of task does in the end ----------------------------------------------------------------------- */

static void change_user(const struct scim_job *job, struct scim_request *ret)
{
    scim_change_user(job->service->base, job->account, job->service->map, job->task,
                     job->task->former || job->task->claim || job->taken_over, ret);
}

static void suspend_user(const struct scim_job *job, struct scim_request *ret)
{
    scim_suspend_user(job->service->base, job->account, ret);
}

static void delete_user(const struct scim_job *job, struct scim_request *ret)
{
    scim_delete(job->service->base, SCIM_USER, job->account, ret);
}

static void delete_group(const struct scim_job *job, struct scim_request *ret)
{
    scim_delete(job->service->base, SCIM_GROUP, job->group, ret);
}

static void rename_group(const struct scim_job *job, struct scim_request *ret)
{
    scim_rename_group(job->service->base, job->group, job->task, ret);
}

static void change_members(const struct scim_job *job, struct scim_request *ret)
{
    scim_crowd_request(job->crowd, ret);
}

static void add_value(const struct scim_job *job, struct scim_request *ret)
{
    scim_add_value(job->service->base, job->account, job->task, ret);
}

static void remove_value(const struct scim_job *job, struct scim_request *ret)
{
    scim_remove_value(job->service->base, job->account, job->task, ret);
}

/*
 * Nothing is made before it was looked for by our id, also where a name in the way would do: the name may have changed
 * since an earlier attempt whose answer was lost, and a second account would be nobody's to remove. A complete listing
 * has been such a look for whatever was never sent before.
 */
/* clang-format off */
static const struct scim_way ways[OP_COUNT] = {
    [OP_UNASSIGN]     = {ABSENT_DONE, ABSENT_DONE, change_members, true},
    [OP_LEAVE]        = {ABSENT_DONE, ABSENT_DONE, change_members, true},
    [OP_SUSPEND]      = {ABSENT_DONE, ABSENT_UNUSED, suspend_user, false},
    [OP_REMOVE]       = {ABSENT_DONE, ABSENT_UNUSED, delete_user, false},
    [OP_DROP_GROUP]   = {ABSENT_UNUSED, ABSENT_DONE, delete_group, true},
    [OP_ADD_GROUP]    = {ABSENT_UNUSED, ABSENT_MAKE, rename_group, true},
    [OP_RENAME_GROUP] = {ABSENT_UNUSED, ABSENT_SKIP, rename_group, true},
    [OP_INVITE]       = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_RESTORE]      = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_UPDATE]       = {ABSENT_SKIP, ABSENT_UNUSED, change_user, false},
    [OP_ASSIGN]       = {ABSENT_SKIP, ABSENT_MAKE, change_members, true},
    [OP_JOIN]         = {ABSENT_SKIP, ABSENT_SKIP, change_members, true},
    [OP_ADOPT]        = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_ADOPT_GROUP]  = {ABSENT_UNUSED, ABSENT_MAKE, rename_group, true},
};
/* Of products that are values of the account. */
static const struct scim_way give_value = {ABSENT_SKIP, ABSENT_UNUSED, add_value, false};
static const struct scim_way take_value = {ABSENT_DONE, ABSENT_UNUSED, remove_value, false};
/* clang-format on */

const struct scim_way *scim_way_of(const struct scim_job *job)
{
    if (job->task->value)
        return job->task->op == OP_ASSIGN ? &give_value : &take_value;
    return &ways[job->task->op];
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void report_id(const struct scim_job *job, char ret[static PLATFORM_ID_MAX], const char *known, const char *now)
{
    if (!now)
        return;
    snprintf(ret, PLATFORM_ID_MAX, "%s%s", job->service->mark, now);
    if (known && strcmp(known, ret) == 0)
        *ret = '\0';
}

void scim_end_done(struct scim_job *job)
{
    job->answer->verdict = PLATFORM_DONE;
    job->answer->taken_over = job->taken_over;
    if (job->task->former)
        scim_ids_forget(&job->service->ids, job->task->former);
    if (job->task->op == OP_REMOVE)
        scim_forget(job, SCIM_USER, job->task->person);
    if (job->task->op == OP_DROP_GROUP)
        scim_forget(job, SCIM_GROUP, job->task->object_uid);
    report_id(job, job->answer->account, job->task->account, job->account);
    report_id(job, job->answer->object, job->task->object, job->group);
    job->ended(job);
}

void scim_end_fault(struct scim_job *job, const struct scim_answer *answer)
{
    job->answer->verdict = answer->verdict;
    job->answer->wait = answer->wait;
    job->answer->busy = answer->busy;
    job->answer->together = job->shares;
    job->answer->why = answer->why;
    job->ended(job);
}

void scim_end_skip(struct scim_job *job, const struct err *why)
{
    job->answer->verdict = PLATFORM_SKIP;
    job->answer->why = *why;
    job->ended(job);
}

void scim_job_release(struct scim_job *job)
{
    scim_request_release(&job->change);
}

/* --- acting ------------------------------------------------------------------------------------------------------- */

/* Gone, or an address that is not of SCIM at all: a look-up tells. It also finds what has another id by now. */
static void look_again(struct scim_job *job)
{
    job->look.again = true;
    if (scim_way_of(job)->on_group) {
        scim_ids_forget(&job->service->ids, job->task->object_uid);
        job->group = NULL;
        scim_look_up(job, SCIM_GROUP, scim_first_id(job, job->task->object_uid), scim_group_found);
    } else {
        scim_ids_forget(&job->service->ids, job->task->person);
        job->account = NULL;
        scim_look_up(job, SCIM_USER, scim_first_id(job, job->task->person), scim_account_found);
    }
}

/* What is to go is not there; of several, some may have been. */
static bool was_gone(const struct scim_job *job, const struct scim_answer *answer)
{
    return answer->finding == SCIM_NO_TARGET && (job->task->op == OP_UNASSIGN || job->task->op == OP_LEAVE);
}

static void on_acted(struct scim_job *job, const struct scim_answer *answer)
{
    bool looked = scim_way_of(job)->on_group ? job->looked_for_group : job->looked_for_account;
    if (answer->finding == SCIM_GOOD)
        scim_end_done(job);
    else if (answer->finding == SCIM_ABSENT && !looked)
        look_again(job);
    else if (job->speaks && scim_crowd_splits(job->crowd, answer))
        scim_job_go_on(job);
    else if (was_gone(job, answer))
        scim_end_done(job);
    else
        scim_end_fault(job, answer);
}

/* Of what is adopted the service may have two ids. */
static bool is_surely_absent(const struct scim_job *job, enum scim_kind kind)
{
    const char *ours = kind == SCIM_USER ? job->task->person : job->task->object_uid;
    return job->task->first && !job->task->former && scim_service_lacks(job->service, kind, ours);
}

static void act(struct scim_job *job)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_way_of(job)->act(job, &request);
    if (strcmp(request.method, "PATCH") == 0)
        scim_change(job, &request, on_acted);
    else
        scim_ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_NOTHING}, on_acted);
}

void scim_job_go_on(struct scim_job *job)
{
    const struct scim_way *way = scim_way_of(job);
    if (way->account != ABSENT_UNUSED && !job->account && !job->speaks) {
        if (way->account == ABSENT_MAKE && is_surely_absent(job, SCIM_USER))
            scim_make_account(job);
        else
            scim_look_up(job, SCIM_USER, scim_first_id(job, job->task->person), scim_account_found);
    } else if (job->crowd && !job->speaks) {
        scim_crowd_join(job);
    } else if (way->group != ABSENT_UNUSED && !job->group) {
        if (way->group == ABSENT_MAKE && is_surely_absent(job, SCIM_GROUP))
            scim_make_group(job);
        else
            scim_look_up(job, SCIM_GROUP, scim_first_id(job, job->task->object_uid), scim_group_found);
    } else {
        act(job);
    }
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static void name_it(struct scim_job *job)
{
    const struct platform_task *task = job->task;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    bool product = task->object_uid && strncmp(task->object_uid, "product:", 8) == 0;
    struct span name = task->object_uid
                           ? span_str(task->object_name ? task->object_name : task->object_uid)
                           : (task->attr[ATTR_EMAIL].n ? task->attr[ATTR_EMAIL] : task->attr[ATTR_USER_NAME]);
    if (name.n == 0)
        name = span_str(task->account ? task->account : task->person);
    name.n = name.n > 400 ? 400 : name.n;
    snprintf(job->object, sizeof job->object, "%s %s",
             !task->object_uid ? "account"
             : product         ? "product"
                               : "group",
             text_printable(pool, name));
}

static const char *known(const struct scim_job *job, char ret[static SCIM_ID_MAX], const char *given, const char *ours)
{
    size_t n = strlen(job->service->mark);
    bool is_here = given && strncmp(given, job->service->mark, n) == 0 && given[n] && strlen(given + n) < SCIM_ID_MAX;
    const char *id = is_here ? given + n : ours ? scim_ids_get(&job->service->ids, ours) : NULL;
    if (!id)
        return NULL;
    snprintf(ret, SCIM_ID_MAX, "%s", id);
    return ret;
}

void scim_job_begin(struct scim_job *job)
{
    const struct platform_task *task = job->task;
    name_it(job);
    job->account = known(job, job->found_account, task->account, task->former ? task->former : task->person);
    job->group = known(job, job->found_group, task->object, task->former ? task->former : task->object_uid);
    scim_job_go_on(job);
}
