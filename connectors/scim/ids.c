#include "connectors/scim/ids.h"

#include "base/mem.h"

void scim_ids_init(struct scim_ids *ids)
{
    *ids = (struct scim_ids){.digest = digest_new(), .map = KEYMAP_INIT};
}

void scim_ids_release(struct scim_ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->ids[i]);
    free(ids->ids);
    keymap_release(&ids->map);
    digest_free(&ids->digest);
}

static struct key128 key_of(const struct scim_ids *ids, const char *ours)
{
    digest_start(ids->digest);
    digest_add(ids->digest, ours, strlen(ours));
    return digest_key(ids->digest);
}

const char *scim_ids_get(const struct scim_ids *ids, const char *ours)
{
    uint32_t i = keymap_find(&ids->map, key_of(ids, ours));
    return i == KEYMAP_NONE ? NULL : ids->ids[i];
}

static void set(struct scim_ids *ids, uint32_t i, char *theirs)
{
    free(ids->ids[i]);
    ids->ids[i] = theirs;
}

/* Takes theirs. */
static void put(struct scim_ids *ids, const char *ours, char *theirs)
{
    struct key128 key = key_of(ids, ours);
    uint32_t i = keymap_find(&ids->map, key);
    if (i != KEYMAP_NONE) {
        set(ids, i, theirs);
        return;
    }
    keymap_put(&ids->map, key, (uint32_t)ids->n);
    *MEM_PUSH(&ids->ids, &ids->n, &ids->cap) = theirs;
}

void scim_ids_put(struct scim_ids *ids, const char *ours, const char *theirs)
{
    put(ids, ours, mem_strdup(theirs));
}

void scim_ids_forget(struct scim_ids *ids, const char *ours)
{
    put(ids, ours, NULL);
}

void scim_ids_expect(struct scim_ids *ids, const char *ours)
{
    if (scim_ids_is_new(ids, ours))
        put(ids, ours, NULL);
}

bool scim_ids_is_new(const struct scim_ids *ids, const char *ours)
{
    return keymap_find(&ids->map, key_of(ids, ours)) == KEYMAP_NONE;
}
