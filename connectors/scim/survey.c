#include "connectors/scim/survey.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "connectors/scim/listing.h"
#include "scim/json.h"
#include "scim/page.h"

#define WORTH_FROM 4 /* look-ups; fewer are as good */
#define RETRIES    2 /* of a request: the look-ups will do as well */
#define FIRST_WAIT 200
#define FRUITLESS_RATE                                                                                                 \
    16 /* a listing that could not be read is tried again after so many times its pages in look-ups */

static size_t page_of(const struct scim_service *service)
{
    int64_t most = service->offer.can.page_max ? service->offer.can.page_max : service->offer.can.filter_results;
    return service->offer_known && most > 0 && most < SCIM_PAGE ? (size_t)most : SCIM_PAGE;
}

static struct scim_reader reader_of(struct scim_service *service)
{
    return (struct scim_reader){.http = service->http,
                                .base = service->base,
                                .by_cursor = service->offer_known && service->offer.can.cursor_by_default,
                                .page = page_of(service),
                                .most = SCIM_RESOURCES_MAX,
                                .retries = RETRIES,
                                .first_wait = FIRST_WAIT,
                                .authorize = scim_service_authorize,
                                .ctx = service};
}

static int keep(void *ctx, json_t *resource, struct err *err)
{
    struct scim_service *service = ctx;
    const char *ours = json_string_value(scim_json_get(resource, "externalId"));
    struct span id = scim_id_of(resource);
    char theirs[SCIM_ID_MAX];
    (void)err;
    if (!ours || !*ours)
        return 0;
    snprintf(theirs, sizeof theirs, "%.*s", SPAN_ARG(id));
    const char *known = scim_ids_get(&service->ids, ours);
    if (id.n && scim_ids_is_new(&service->ids, ours))
        scim_ids_put(&service->ids, ours, theirs);
    else if (!known || strcmp(known, theirs) != 0)
        scim_ids_forget(&service->ids, ours); /* which of them it is a look-up has to tell */
    return 0;
}

int scim_survey(struct scim_service *service, enum scim_kind kind, struct err *err)
{
    static const struct scim_list_query queries[] = {
        [SCIM_USER] = {.path = "/Users",
                       .object = "the list of accounts",
                       .excluded = "groups,emails,photos,addresses"},
        [SCIM_GROUP] = {.path = "/Groups", .object = "the list of groups", .excluded = "members"},
    };
    enum pull_result result = PULL_PARTIAL;
    struct scim_reader reader = reader_of(service);
    if (service->listed[kind])
        return 0;
    if (scim_listing_read(&reader, &queries[kind], keep, service, &result, err) != 0 || result != PULL_COMPLETE)
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
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    CLEANUP(buf_release) struct buf body = BUF_INIT;
    struct scim_reader reader = reader_of(service);
    struct scim_error error = SCIM_ERROR_INIT;
    struct err err = ERR_INIT;
    json_t *list = NULL;
    buf_printf(&url, "%s/Users?startIndex=1&count=1", service->base);
    if (scim_reader_get(&reader, url.data, "the list of accounts", false, &body, &err) != SCIM_GOT ||
        scim_json_load((struct span){body.data, body.len}, SCIM_MESSAGE_MAX, &list, &error) != 0)
        return 0;
    json_int_t total = json_integer_value(scim_json_get(list, "totalResults"));
    bool said = json_is_integer(scim_json_get(list, "totalResults")) && total >= 0;
    json_decref(list);
    return said ? (size_t)total / reader.page + 1 : 0;
}

void scim_survey_if_worth(struct scim_service *service, const struct platform_task *tasks, size_t n)
{
    size_t wanted = look_ups(service, tasks, n);
    if (service->listed[SCIM_USER] || wanted == 0)
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
