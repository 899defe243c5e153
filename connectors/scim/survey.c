#include "connectors/scim/survey.h"

#include "base/log.h"
#include "connectors/scim/listing.h"
#include "scim/json.h"

#define WORTH_FROM 4 /* look-ups; fewer are as good */
#define RETRIES    2 /* of a request: the look-ups will do as well */
#define FIRST_WAIT 200
#define FRUITLESS_RATE                                                                                                 \
    16 /* a listing that could not be read is tried again after so many times its pages in look-ups */

static int begin(struct scim_service *service, struct scim_reader *ret, struct err *err)
{
    *ret = (struct scim_reader){
        .service = service, .most = SCIM_RESOURCES_MAX, .retries = RETRIES, .first_wait = FIRST_WAIT};
    return scim_reader_begin(ret, SCIM_PAGE, err);
}

static const struct {
    struct scim_list_query query;
    const char *name; /* an attribute that each of them has */
} lists[] = {
    [SCIM_USER] = {{.path = "/Users", .object = "the list of accounts", .attributes = "externalId,userName"},
                   "userName"},
    [SCIM_GROUP] = {{.path = "/Groups", .object = "the list of groups", .attributes = "externalId,displayName"},
                    "displayName"},
};

struct survey {
    struct scim_service *service;
    enum scim_kind kind;
};

/* Which of several bears our id a look-up has to tell. */
static void put(struct scim_ids *ids, const char *ours, struct span id)
{
    char theirs[SCIM_ID_MAX];
    const char *known = scim_ids_get(ids, ours);
    snprintf(theirs, sizeof theirs, "%.*s", SPAN_ARG(id));
    if (id.n && scim_ids_is_new(ids, ours))
        scim_ids_put(ids, ours, theirs);
    else if (!known || strcmp(known, theirs) != 0)
        scim_ids_forget(ids, ours);
}

/* Who does not even show the name shows no ids of ours either, and nothing is known by that. */
static int keep(void *ctx, json_t *resource, struct scim_pieces *inner, struct err *err)
{
    const struct survey *survey = ctx;
    const char *ours = json_string_value(scim_json_get(resource, "externalId"));
    (void)inner;
    if (!json_is_string(scim_json_get(resource, lists[survey->kind].name)))
        return err_set(err, ERR_REFUSED, "%s: %s is not in it", lists[survey->kind].query.object,
                       lists[survey->kind].name);
    if (ours && *ours)
        put(&survey->service->ids, ours, scim_id_of(resource));
    return 0;
}

int scim_survey(struct scim_service *service, enum scim_kind kind, struct err *err)
{
    enum pull_result result = PULL_PARTIAL;
    struct survey survey = {service, kind};
    struct scim_reader reader;
    if (service->listed[kind])
        return 0;
    if (begin(service, &reader, err) != 0 ||
        scim_listing_read(&reader, &lists[kind].query, keep, &survey, &result, NULL, err) != 0 ||
        result != PULL_COMPLETE)
        return -1;
    service->listed[kind] = true;
    return 0;
}

/* --- whether it is worth it --------------------------------------------------------------------------------------- */

static size_t look_ups(const struct scim_service *service, const struct platform_task *tasks, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += (tasks[i].op == OP_INVITE || tasks[i].op == OP_RESTORE) && tasks[i].first && !tasks[i].former &&
                 !tasks[i].account && scim_ids_is_new(&service->ids, tasks[i].person);
    return found;
}

/* Of the listing of accounts; 0: not known. */
static size_t pages(struct scim_service *service)
{
    struct scim_reader reader;
    struct err err = ERR_INIT;
    int64_t total = -1;
    if (begin(service, &reader, &err) != 0 || scim_listing_total(&reader, &lists[SCIM_USER].query, &total, &err) != 0 ||
        total < 0)
        return 0;
    return (size_t)total / reader.page + 1;
}

void scim_survey_if_worth(struct scim_service *service, const struct platform_task *tasks, size_t n)
{
    size_t wanted = look_ups(service, tasks, n);
    /* Without filters one listing answers for everything anyway: roll.h. */
    if (service->listed[SCIM_USER] || wanted == 0 || !service->manner.filters)
        return;
    service->looked_up += wanted;
    if (service->looked_up < WORTH_FROM || service->looked_up < service->list_from)
        return;
    if (service->list_from == 0)
        service->list_from = pages(service);
    struct err err = ERR_INIT;
    if (service->list_from > service->looked_up || (service->list_from && scim_survey(service, SCIM_USER, &err) == 0))
        return;
    log_debug("%s", err.text);
    service->list_from = service->looked_up * FRUITLESS_RATE;
}
