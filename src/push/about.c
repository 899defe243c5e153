/* What the service says of itself (RFC 7644, 4). */
#include "base/text.h"
#include "push/service_inner.h"
#include "scim/discovery.h"

static int no_filter(struct service_call *call)
{
    if (call->request->params.filter.p)
        return scim_error_set(&call->error, SCIM_WRONG_FORBIDDEN, "this endpoint takes no filter");
    return 0;
}

int service_about_config(struct service_call *call, const char *id)
{
    if (*id)
        return scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "there is nothing below ServiceProviderConfig");
    service_body(call, 200, scim_features_json(&scim_features_all, call->request->base));
    return 0;
}

/* Those of resources are listed, the others (RFC 7643, 8.7.2) known by their names: lists of attributes are made of what is listed. */
#define LISTED 3
static const struct scim_schema *const schemas[] = {&scim_user_schema,   &scim_group_schema, &scim_enterprise_schema,
                                                    &scim_config_schema, &scim_type_schema,  &scim_schema_schema};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void answer_all(struct service_call *call, json_t *resources)
{
    const struct scim_page page = {.start = 1};
    int64_t total = (int64_t)json_array_size(resources);
    service_body(call, 200, scim_list_json(&page, total, resources, NULL, NULL));
}

int service_about_schemas(struct service_call *call, const char *id)
{
    if (no_filter(call) != 0)
        return -1;
    json_auto_t *all = json_array();
    for (size_t i = 0; i < (*id ? COUNT(schemas) : LISTED); i++) {
        if (*id && !text_same_ascii(schemas[i]->id, id))
            continue;
        json_t *one = scim_schema_json(schemas[i], call->request->base);
        if (*id) {
            service_body(call, 200, one);
            return 0;
        }
        json_array_append_new(all, one);
    }
    if (*id)
        return scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "there is no schema '%s'", id);
    answer_all(call, json_incref(all));
    return 0;
}

int service_about_types(struct service_call *call, const char *id)
{
    if (no_filter(call) != 0)
        return -1;
    json_auto_t *all = json_array();
    for (size_t i = 0; i < COUNT(service_types); i++) {
        const struct scim_resource_type *type = service_types[i].scim;
        if (*id && !text_same_ascii(type->name, id))
            continue;
        json_t *one = scim_type_json(type, call->request->base);
        if (*id) {
            service_body(call, 200, one);
            return 0;
        }
        json_array_append_new(all, one);
    }
    if (*id)
        return scim_error_set(&call->error, SCIM_WRONG_NOT_FOUND, "there is no resource type '%s'", id);
    answer_all(call, json_incref(all));
    return 0;
}
