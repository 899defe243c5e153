#include "connectors/scim/roll.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/scim/listing.h"
#include "connectors/scim/service.h"
#include "crypto/digest.h"
#include "scim/json.h"

struct reading {
    struct scim_roll *roll;
    struct digest *digest;
    bool nameless; /* of groups: several may have the same name */
};

static struct key128 key_of(struct digest *digest, const char *domain, const char *text)
{
    digest_start(digest);
    digest_field(digest, span_str(domain));
    digest_field(digest, span_str(text));
    return digest_key(digest);
}

static struct key128 key_of_name(struct digest *digest, const char *name)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const char *folded = text_fold(pool, span_str(name));
    return key_of(digest, "name", folded ? folded : name);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static size_t keep(struct scim_roll *roll, const char *id, size_t n)
{
    *MEM_PUSH(&roll->ids, &roll->n, &roll->cap) = mem_strndup(id, n);
    return roll->n - 1;
}

/* Whoever stands twice cannot be told apart. */
static void put(struct scim_roll *roll, struct key128 key, size_t place)
{
    uint32_t other = keymap_find(&roll->places, key);
    keymap_put(&roll->places, key, (uint32_t)(other == KEYMAP_NONE ? place : keep(roll, "", 0)));
}

static int on_resource(void *ctx, json_t *resource, struct scim_pieces *inner, struct err *err)
{
    struct reading *r = ctx;
    struct span id = scim_id_of(resource);
    const char *ours = json_string_value(scim_json_get(resource, "externalId"));
    const char *name = r->nameless ? NULL : json_string_value(scim_json_get(resource, "userName"));
    (void)inner;
    if (id.n == 0)
        return err_set(err, ERR_REFUSED, "one has no id that can be used; ask the service's makers");
    if (!(ours && *ours) && !(name && *name))
        return 0;
    size_t place = keep(r->roll, id.p, id.n);
    if (ours && *ours)
        put(r->roll, key_of(r->digest, "ours", ours), place);
    if (name && *name)
        put(r->roll, key_of_name(r->digest, name), place);
    return 0;
}

static const struct scim_list_query queries[] = {
    [SCIM_USER] = {.path = "/Users", .object = "the list of accounts", .attributes = "id,externalId,userName"},
    [SCIM_GROUP] = {.path = "/Groups",
                    .object = "the list of groups",
                    .attributes = "id,externalId",
                    .inner = "members"},
};

int scim_roll_read(struct scim_service *service, enum scim_kind kind, struct scim_roll *roll, struct err *err)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    struct reading reading = {roll, digest, kind == SCIM_GROUP};
    /* Whoever sends waits between tries by itself. */
    struct scim_reader reader = {.service = service, .most = SCIM_RESOURCES_MAX};
    enum pull_result result = PULL_PARTIAL;
    scim_roll_release(roll);
    if (scim_reader_begin(&reader, SCIM_PAGE, err) != 0 ||
        scim_listing_read(&reader, &queries[kind], on_resource, &reading, &result, NULL, err) != 0 ||
        result != PULL_COMPLETE) {
        scim_roll_release(roll);
        return -1;
    }
    roll->is_read = true;
    return 0;
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

static const char *find(const struct scim_roll *roll, struct key128 key)
{
    uint32_t place = keymap_find(&roll->places, key);
    return place == KEYMAP_NONE ? NULL : roll->ids[place];
}

const char *scim_roll_find(const struct scim_roll *roll, const char *ours)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    return find(roll, key_of(digest, "ours", ours));
}

const char *scim_roll_find_name(const struct scim_roll *roll, const char *name)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    return find(roll, key_of_name(digest, name));
}

void scim_roll_drop(struct scim_roll *roll, const char *ours)
{
    CLEANUP(digest_free) struct digest *digest = digest_new();
    uint32_t place = keymap_find(&roll->places, key_of(digest, "ours", ours));
    if (place != KEYMAP_NONE)
        free(TAKE(roll->ids[place]));
}

void scim_roll_release(struct scim_roll *roll)
{
    for (size_t i = 0; i < roll->n; i++)
        free(roll->ids[i]);
    free(roll->ids);
    keymap_release(&roll->places);
    *roll = (struct scim_roll){0};
}
