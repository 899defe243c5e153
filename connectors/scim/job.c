#include "connectors/scim/job.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/scim/request.h"

/* What it means when the service does not have it. */
enum absent {
    ABSENT_UNUSED, /* it is not needed */
    ABSENT_SKIP,
    ABSENT_DONE, /* what is gone has no seat, is in no group and cannot be used */
    ABSENT_MAKE,
};

struct way {
    enum absent account, group;
    void (*act)(const struct scim_job *job, struct scim_request *ret);
    bool on_group; /* the group is what is acted upon */
};

static void go_on(struct scim_job *job);

/* --- what each kind of task does in the end ----------------------------------------------------------------------- */

static void change_user(const struct scim_job *job, struct scim_request *ret)
{
    scim_change_user(job->service->base, job->account, job->service->map, job->task,
                     job->task->former || job->taken_over, ret);
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

static void add_member(const struct scim_job *job, struct scim_request *ret)
{
    scim_add_member(job->service->base, job->group, job->account, ret);
}

static void remove_member(const struct scim_job *job, struct scim_request *ret)
{
    scim_remove_member(job->service->base, job->group, job->account, ret);
}

/*
 * Nothing is made before it was looked for by our id, also where a name in the way would do: the name may have changed
 * since an earlier attempt whose answer was lost, and a second account would be nobody's to remove. A complete listing
 * has been such a look for whatever was never sent before.
 */
/* clang-format off */
static const struct way ways[OP_COUNT] = {
    [OP_UNASSIGN]     = {ABSENT_DONE, ABSENT_DONE, remove_member, true},
    [OP_LEAVE]        = {ABSENT_DONE, ABSENT_DONE, remove_member, true},
    [OP_SUSPEND]      = {ABSENT_DONE, ABSENT_UNUSED, suspend_user, false},
    [OP_REMOVE]       = {ABSENT_DONE, ABSENT_UNUSED, delete_user, false},
    [OP_DROP_GROUP]   = {ABSENT_UNUSED, ABSENT_DONE, delete_group, true},
    [OP_ADD_GROUP]    = {ABSENT_UNUSED, ABSENT_MAKE, rename_group, true},
    [OP_RENAME_GROUP] = {ABSENT_UNUSED, ABSENT_SKIP, rename_group, true},
    [OP_INVITE]       = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_RESTORE]      = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_UPDATE]       = {ABSENT_SKIP, ABSENT_UNUSED, change_user, false},
    [OP_ASSIGN]       = {ABSENT_SKIP, ABSENT_MAKE, add_member, true},
    [OP_JOIN]         = {ABSENT_SKIP, ABSENT_SKIP, add_member, true},
    [OP_ADOPT]        = {ABSENT_MAKE, ABSENT_UNUSED, change_user, false},
    [OP_ADOPT_GROUP]  = {ABSENT_UNUSED, ABSENT_MAKE, rename_group, true},
};
/* clang-format on */

static const struct way *way_of(const struct scim_job *job)
{
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

static void end_done(struct scim_job *job)
{
    job->answer->verdict = PLATFORM_DONE;
    job->answer->taken_over = job->taken_over;
    if (job->task->former)
        scim_ids_forget(&job->service->ids, job->task->former);
    if (job->task->op == OP_REMOVE)
        scim_ids_forget(&job->service->ids, job->task->person);
    if (job->task->op == OP_DROP_GROUP)
        scim_ids_forget(&job->service->ids, job->task->object_uid);
    report_id(job, job->answer->account, job->task->account, job->account);
    report_id(job, job->answer->object, job->task->object, job->group);
    job->ended(job);
}

static void end_fault(struct scim_job *job, const struct scim_answer *answer)
{
    job->answer->verdict = answer->verdict;
    job->answer->wait = answer->wait;
    job->answer->busy = answer->busy;
    job->answer->why = answer->why;
    job->ended(job);
}

static void end_skip(struct scim_job *job, const struct err *why)
{
    job->answer->verdict = PLATFORM_SKIP;
    job->answer->why = *why;
    job->ended(job);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct scim_job *job = ctx;
    struct scim_answer answer;
    job->heard = reply->status != 0;
    scim_read(reply, &job->question, &answer);
    job->then(job, &answer);
}

/* Sends and releases the request. */
static void ask(struct scim_job *job, struct scim_request *request, struct scim_question question,
                void (*then)(struct scim_job *job, const struct scim_answer *answer))
{
    job->question = question;
    job->question.object = job->object;
    job->then = then;
    struct http_request sent = {.method = request->method,
                                .url = request->url.data,
                                .type = SCIM_TYPE,
                                .body = {request->body.data, request->body.len},
                                .body_unwanted = question.expect == SCIM_EXPECT_NOTHING};
    scim_service_start(job->service, &sent, on_reply, job);
    scim_request_release(request);
}

static void look_up(struct scim_job *job, enum scim_kind kind, const char *ours,
                    void (*then)(struct scim_job *job, const struct scim_answer *answer))
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_find(job->service->base, kind, "externalId", ours, &request);
    ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_LIST, .attribute = "externalId", .value = ours},
        then);
}

/* Returns where the id was kept; NULL for NULL. */
static const char *keep(char ret[static SCIM_ID_MAX], const char *id)
{
    if (!id)
        return NULL;
    snprintf(ret, SCIM_ID_MAX, "%s", id);
    return ret;
}

static void know_account(struct scim_job *job, const char *id)
{
    job->account = keep(job->found_account, id);
    scim_ids_put(&job->service->ids, job->task->person, id);
}

static void know_group(struct scim_job *job, const char *id)
{
    job->group = keep(job->found_group, id);
    scim_ids_put(&job->service->ids, job->task->object_uid, id);
}

/* What is adopted bears the id that it had until now; or the new one already, when an earlier attempt got through. */
static const char *first_id(struct scim_job *job, const char *ours)
{
    job->by_former = job->task->former != NULL;
    return job->by_former ? job->task->former : ours;
}

/* --- accounts that are not there, or in the way ------------------------------------------------------------------- */

static void on_namesake(struct scim_job *job, const struct scim_answer *answer)
{
    bool may_take = job->task->take_over && answer->is_nobodys && answer->same_email;
    if (answer->finding == SCIM_GOOD && (answer->is_ours || may_take)) {
        job->taken_over = !answer->is_ours;
        know_account(job, answer->id);
        go_on(job);
    } else if (answer->finding == SCIM_GOOD) {
        struct err why;
        err_set(&why, ERR_CONFLICT, "%s: exists on the platform and is not ours%s", job->object,
                !answer->is_nobodys   ? ", but of another system (externalId); mend it there"
                : !answer->same_email ? ", and has another e-mail; mend it there"
                                      : "; adopt = yes in the team's section takes it over");
        end_skip(job, &why);
    } else if (answer->finding == SCIM_ABSENT) {
        end_skip(job, &job->conflict);
    } else {
        end_fault(job, answer);
    }
}

/*
 * Whose is the one that has the name? It can be ours where a service's look-ups lag behind what it did, or where
 * another process was faster.
 */
static void find_namesake(struct scim_job *job)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct scim_person person = scim_task_person(job->task);
    struct span name = scim_map_user_name(job->service->map, &person, pool);
    struct scim_request request = SCIM_REQUEST_INIT;
    snprintf(job->namesake, sizeof job->namesake, "%.*s", SPAN_ARG(name));
    scim_find(job->service->base, SCIM_USER, "userName", job->namesake, &request);
    ask(job, &request,
        (struct scim_question){.expect = SCIM_EXPECT_LIST,
                               .attribute = "userName",
                               .value = job->namesake,
                               .any_case = true,
                               .ours = job->task->person,
                               .email = job->task->attr[ATTR_EMAIL]},
        on_namesake);
}

static void on_account_made(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_GOOD) {
        know_account(job, answer->id);
        end_done(job);
    } else if (answer->finding == SCIM_CONFLICT) {
        job->conflict = answer->why;
        find_namesake(job);
    } else {
        end_fault(job, answer);
    }
}

static void make_account(struct scim_job *job)
{
    struct scim_request request = SCIM_REQUEST_INIT;
    scim_ids_expect(&job->service->ids, job->task->person);
    scim_create_user(job->service->base, job->service->map, job->task, &request);
    ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_ONE, .ours = job->task->person}, on_account_made);
}

static void on_account_found(struct scim_job *job, const struct scim_answer *answer)
{
    enum absent absent = way_of(job)->account;
    job->looked_for_account = true;
    if (answer->finding == SCIM_ABSENT && job->by_former) {
        job->by_former = false;
        look_up(job, SCIM_USER, job->task->person, on_account_found);
    } else if (answer->finding == SCIM_GOOD) {
        know_account(job, answer->id);
        go_on(job);
    } else if (answer->finding != SCIM_ABSENT || absent == ABSENT_SKIP) {
        end_fault(job, answer);
    } else if (absent == ABSENT_DONE) {
        end_done(job);
    } else {
        make_account(job);
    }
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static void on_group_made(struct scim_job *job, const struct scim_answer *answer)
{
    if (answer->finding == SCIM_GOOD) {
        know_group(job, answer->id);
        if (job->task->op == OP_ADD_GROUP || job->task->op == OP_ADOPT_GROUP)
            end_done(job);
        else
            go_on(job);
    } else if (answer->finding == SCIM_CONFLICT) {
        struct err why;
        err_set(&why, ERR_CONFLICT,
                "%s: a group of this name exists on the platform and is not ours; rename one of them", job->object);
        end_skip(job, &why);
    } else {
        end_fault(job, answer);
    }
}

static void on_group_found(struct scim_job *job, const struct scim_answer *answer)
{
    job->looked_for_group = true;
    if (answer->finding == SCIM_ABSENT && job->by_former) {
        job->by_former = false;
        look_up(job, SCIM_GROUP, job->task->object_uid, on_group_found);
    } else if (answer->finding == SCIM_GOOD) {
        know_group(job, answer->id);
        go_on(job);
    } else if (answer->finding != SCIM_ABSENT || way_of(job)->group == ABSENT_SKIP) {
        end_fault(job, answer);
    } else if (way_of(job)->group == ABSENT_DONE) {
        end_done(job);
    } else {
        struct scim_request request = SCIM_REQUEST_INIT;
        scim_ids_expect(&job->service->ids, job->task->object_uid);
        scim_create_group(job->service->base, job->task, &request);
        ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_ONE, .ours = job->task->object_uid},
            on_group_made);
    }
}

/* --- acting ------------------------------------------------------------------------------------------------------- */

/* Gone, or an address that is not of SCIM at all: a look-up tells. It also finds what has another id by now. */
static void look_again(struct scim_job *job)
{
    if (way_of(job)->on_group) {
        scim_ids_forget(&job->service->ids, job->task->object_uid);
        job->group = NULL;
        look_up(job, SCIM_GROUP, first_id(job, job->task->object_uid), on_group_found);
    } else {
        scim_ids_forget(&job->service->ids, job->task->person);
        job->account = NULL;
        look_up(job, SCIM_USER, first_id(job, job->task->person), on_account_found);
    }
}

static bool removes_member(const struct scim_job *job)
{
    return job->task->op == OP_UNASSIGN || job->task->op == OP_LEAVE;
}

static void on_acted(struct scim_job *job, const struct scim_answer *answer)
{
    bool looked = way_of(job)->on_group ? job->looked_for_group : job->looked_for_account;
    if (answer->finding == SCIM_GOOD || (answer->finding == SCIM_NO_TARGET && removes_member(job)))
        end_done(job);
    else if (answer->finding == SCIM_ABSENT && !looked)
        look_again(job);
    else
        end_fault(job, answer);
}

/* Of what is adopted the service may have two ids. */
static bool is_surely_absent(const struct scim_job *job)
{
    return job->task->first && !job->task->former && scim_service_lacks(job->service, SCIM_USER, job->task->person);
}

static void go_on(struct scim_job *job)
{
    const struct way *way = way_of(job);
    if (way->account == ABSENT_MAKE && !job->account && is_surely_absent(job)) {
        make_account(job);
    } else if (way->account != ABSENT_UNUSED && !job->account) {
        look_up(job, SCIM_USER, first_id(job, job->task->person), on_account_found);
    } else if (way->group != ABSENT_UNUSED && !job->group) {
        look_up(job, SCIM_GROUP, first_id(job, job->task->object_uid), on_group_found);
    } else {
        struct scim_request request = SCIM_REQUEST_INIT;
        way->act(job, &request);
        ask(job, &request, (struct scim_question){.expect = SCIM_EXPECT_NOTHING}, on_acted);
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

static const char *known(const struct scim_job *job, const char *given, const char *ours)
{
    size_t n = strlen(job->service->mark);
    if (given && strncmp(given, job->service->mark, n) == 0 && given[n] && strlen(given + n) < SCIM_ID_MAX)
        return given + n;
    return ours ? scim_ids_get(&job->service->ids, ours) : NULL;
}

void scim_job_begin(struct scim_job *job)
{
    const struct platform_task *task = job->task;
    job->begun = true;
    name_it(job);
    job->account = keep(job->found_account, known(job, task->account, task->former ? task->former : task->person));
    job->group = keep(job->found_group, known(job, task->object, task->former ? task->former : task->object_uid));
    go_on(job);
}
