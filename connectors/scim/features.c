#include "connectors/scim/features.h"

#include "base/text.h"
#include "scim/json.h"
#include "scim/limits.h"

#define BULK_BYTES_GUESS (1024 * 1024) /* as in the example of RFC 7643, 8.5 */
#define EXTENSIONS_MAX   32
#define SCHEMAS_MAX      64

static const struct {
    const char *path, *guess;
} documents[] = {
    [SCIM_DOC_CONFIG] = {"/ServiceProviderConfig",
                         "PATCH, filters and pages by index are taken as there, bulk, sorting and ETags as not"},
    [SCIM_DOC_TYPES] = {"/ResourceTypes", "User and Group are taken as there, with the enterprise extension"},
    [SCIM_DOC_SCHEMAS] = {"/Schemas", "the attributes of RFC 7643 are taken as there"},
};

const char *scim_document_path(enum scim_document which)
{
    return documents[which].path;
}

void scim_offer_init(struct scim_offer *offer)
{
    *offer = (struct scim_offer){
        .can = {.patch = true, .filter = true, .index_pages = true}, .users = true, .groups = true, .pool = pool_new()};
}

void scim_offer_release(struct scim_offer *offer)
{
    pool_free(&offer->pool);
    *offer = (struct scim_offer){0};
}

/* text: clean already. */
static void add_note(struct scim_offer *offer, const char *text)
{
    if (offer->nnotes < SCIM_NOTES_MAX)
        offer->notes[offer->nnotes++] = text;
}

static void note(struct scim_offer *offer, enum scim_document which, const char *fault, const char *taken)
{
    add_note(offer, pool_printf(offer->pool, "%s: %s; %s", documents[which].path + 1, fault, taken));
}

/* --- replies ------------------------------------------------------------------------------------------------------ */

bool scim_offer_is_final(const struct http_reply *reply)
{
    static const long passing[] = {0, 408, 425, 429, 502, 503, 504};
    if (reply->status && reply->err.kind != ERR_NONE)
        return true;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (reply->status == passing[i])
            return false;
    return true;
}

/* The document, a new reference; NULL when there is none, with a note. */
static json_t *document(struct scim_offer *offer, enum scim_document which, const struct http_reply *reply)
{
    struct scim_error error = SCIM_ERROR_INIT;
    json_t *body = NULL;
    if (reply->err.kind != ERR_NONE)
        note(offer, which, text_printable(offer->pool, span_str(reply->err.text)), documents[which].guess);
    else if (reply->status != 200)
        note(offer, which, pool_printf(offer->pool, "not shown (%ld)", reply->status), documents[which].guess);
    else if (scim_json_load((struct span){reply->body.data, reply->body.len}, SCIM_MESSAGE_MAX, &body, &error) != 0)
        note(offer, which, "the answer is no JSON object", documents[which].guess);
    return body;
}

/* The resources of a ListResponse, or the one that the body is. NULL: neither. Borrowed. */
static const json_t *resources_of(const json_t *body)
{
    const json_t *list = scim_json_get(body, "Resources");
    return json_is_array(list) ? list : NULL;
}

static bool is_whole(const json_t *body, const json_t *list)
{
    const json_t *total = scim_json_get(body, "totalResults");
    return !json_is_integer(total) || json_integer_value(total) == (json_int_t)json_array_size(list);
}

/* --- ServiceProviderConfig ---------------------------------------------------------------------------------------- */

/* Some leave "schemas" out; what has such parts is one all the same. */
static bool is_config(json_t *body)
{
    if (!scim_json_get(body, "schemas") && json_is_object(scim_json_get(body, "patch")) &&
        json_is_object(scim_json_get(body, "filter")))
        json_object_set_new(body, "schemas", json_pack("[s]", SCIM_CONFIG_URN));
    return scim_json_get(body, "schemas") != NULL;
}

static bool says(const json_t *body, const char *group)
{
    return scim_json_boolean(scim_json_get(scim_json_get(body, group), "supported")) >= 0;
}

static void mend_bulk(struct scim_offer *offer)
{
    struct scim_features *can = &offer->can;
    if (can->bulk && can->bulk_operations == 0) {
        can->bulk = false;
        note(offer, SCIM_DOC_CONFIG, "bulk without maxOperations", "bulk is not used");
    } else if (can->bulk && can->bulk_bytes == 0) {
        can->bulk_bytes = BULK_BYTES_GUESS;
        note(offer, SCIM_DOC_CONFIG, "bulk without maxPayloadSize", "1 MB is taken");
    }
    can->bulk = can->bulk && can->bulk_operations > 1;
    if (!can->bulk)
        can->bulk_operations = can->bulk_bytes = 0;
}

static void mend_pages(struct scim_offer *offer)
{
    struct scim_features *can = &offer->can;
    if (!can->index_pages && !can->cursor_pages) {
        can->index_pages = true;
        note(offer, SCIM_DOC_CONFIG, "neither paging by index nor by cursor", "paging by index is tried");
    }
    if (can->page_max && can->page_usual > can->page_max) {
        can->page_usual = can->page_max;
        note(offer, SCIM_DOC_CONFIG, "defaultPageSize is above maxPageSize", "maxPageSize counts");
    }
}

static void take_config(struct scim_offer *offer, json_t *body)
{
    static const struct {
        const char *group, *taken;
    } required[] = {{"patch", "accounts and groups are written whole (PUT)"},
                    {"filter", "nothing is looked up, everything is read"}};
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_features can;
    if (!is_config(body) || scim_features_read(body, &can, &error) != 0) {
        note(offer, SCIM_DOC_CONFIG, "the answer is something else", documents[SCIM_DOC_CONFIG].guess);
        return;
    }
    offer->can = can;
    offer->known_config = true;
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!says(body, required[i].group))
            note(offer, SCIM_DOC_CONFIG, pool_printf(offer->pool, "%s is not said", required[i].group),
                 required[i].taken);
    mend_bulk(offer);
    mend_pages(offer);
}

/* --- ResourceTypes ------------------------------------------------------------------------------------------------ */

static void take_extensions(struct scim_offer *offer, const json_t *type)
{
    const json_t *list = scim_json_get(type, "schemaExtensions"), *one = NULL;
    size_t i = 0;
    offer->extensions = pool_zero(offer->pool, EXTENSIONS_MAX * sizeof *offer->extensions);
    json_array_foreach(list, i, one)
    {
        const char *urn = json_string_value(scim_json_get(one, "schema"));
        if (urn && text_is_clean(span_str(urn)) && offer->nextensions < EXTENSIONS_MAX)
            offer->extensions[offer->nextensions++] = pool_strdup(offer->pool, urn);
    }
}

static const json_t *type_at(const json_t *list, const char *endpoint, const char *name)
{
    const json_t *one = NULL;
    size_t i = 0;
    json_array_foreach(list, i, one)
    {
        const char *at = json_string_value(scim_json_get(one, "endpoint"));
        const char *called = json_string_value(scim_json_get(one, "name"));
        size_t n = at ? strlen(at) : 0, m = strlen(endpoint);
        /* Some write the whole address. */
        if ((n >= m && text_same_ascii(at + n - m, endpoint)) || (called && text_same_ascii(called, name)))
            return one;
    }
    return NULL;
}

static void take_types(struct scim_offer *offer, json_t *body)
{
    const json_t *list = resources_of(body), *user = type_at(list, "/Users", "User");
    if (!user) {
        note(offer, SCIM_DOC_TYPES, "there is no type User in it", documents[SCIM_DOC_TYPES].guess);
        return;
    }
    take_extensions(offer, user);
    offer->groups = type_at(list, "/Groups", "Group") != NULL || !is_whole(body, list);
    offer->known_types = true;
}

/* --- Schemas ------------------------------------------------------------------------------------------------------ */

static void take_schema(struct scim_offer *offer, const json_t *resource)
{
    struct scim_error error = SCIM_ERROR_INIT;
    const struct scim_schema *schema = NULL;
    if (offer->nschemas < SCHEMAS_MAX && scim_schema_read(offer->pool, resource, &schema, &error) == 0)
        offer->schemas[offer->nschemas++] = schema;
    else if (error.status)
        note(offer, SCIM_DOC_SCHEMAS, pool_strdup(offer->pool, error.detail), "this schema is left aside");
}

static void take_schemas(struct scim_offer *offer, json_t *body)
{
    const json_t *list = resources_of(body), *one = NULL;
    size_t i = 0;
    offer->schemas = pool_zero(offer->pool, SCHEMAS_MAX * sizeof *offer->schemas);
    json_array_foreach(list, i, one) take_schema(offer, one);
    offer->known_schemas = scim_offer_attribute(offer, SCIM_USER_URN, "userName", NULL) == 1 && is_whole(body, list);
    if (!offer->known_schemas)
        note(offer, SCIM_DOC_SCHEMAS, "there is no whole schema of User in it", documents[SCIM_DOC_SCHEMAS].guess);
}

void scim_offer_take(struct scim_offer *offer, enum scim_document which, const struct http_reply *reply)
{
    static void (*const takers[])(struct scim_offer *, json_t *) = {
        [SCIM_DOC_CONFIG] = take_config, [SCIM_DOC_TYPES] = take_types, [SCIM_DOC_SCHEMAS] = take_schemas};
    json_auto_t *body = document(offer, which, reply);
    if (body)
        takers[which](offer, body);
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

int scim_offer_extension(const struct scim_offer *offer, const char *urn)
{
    for (size_t i = 0; i < offer->nextensions; i++)
        if (text_same_ascii(offer->extensions[i], urn))
            return 1;
    return offer->known_types ? 0 : -1;
}

static const struct scim_attr *attribute_of(const struct scim_schema *schema, const char *name)
{
    const char *dot = strchr(name, '.');
    struct span first = {name, dot ? (size_t)(dot - name) : strlen(name)};
    const struct scim_attr *attr = scim_attr_find(schema->attrs, schema->nattrs, first);
    return attr && dot ? scim_sub_find(attr, dot + 1) : attr;
}

int scim_offer_attribute(const struct scim_offer *offer, const char *urn, const char *name,
                         const struct scim_attr **ret)
{
    for (size_t i = 0; i < offer->nschemas; i++) {
        const struct scim_attr *attr =
            text_same_ascii(offer->schemas[i]->id, urn) ? attribute_of(offer->schemas[i], name) : NULL;
        if (!attr)
            continue;
        if (ret)
            *ret = attr;
        return 1;
    }
    return offer->known_schemas ? 0 : -1;
}
