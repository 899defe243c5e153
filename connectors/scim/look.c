#include "connectors/scim/look.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/scim/ahead.h"
#include "connectors/scim/listing.h"
#include "connectors/scim/request.h"
#include "scim/json.h"
#include "scim/pieces.h"

#define NAME_SHOWN 200 /* bytes of a group's name in a message */

struct look {
    struct scim_reader *reader;
    const struct platform_sink *sink;
    struct buf body;         /* of a group */
    json_t *groups;          /* all of them, by their names only */
    struct scim_ahead ahead; /* whole groups, by their place in groups */
    size_t fetched;          /* so many of groups had their turn to be fetched ahead */
    struct err
        why;      /* ERR_NONE, or what could not be taken first: nothing can be inferred from the rest, which is read */
    bool cut_off; /* nothing more is to be had */
};

static struct span text_of(const json_t *resource, const char *name)
{
    const json_t *value = scim_json_get(resource, name);
    return (struct span){json_string_value(value), json_string_length(value)};
}

/* The id as tasks and answers have it. Empty: it cannot be used. */
static struct span marked(const struct look *look, struct span id, char ret[static PLATFORM_ID_MAX])
{
    if (id.n == 0)
        return (struct span){NULL, 0};
    snprintf(ret, PLATFORM_ID_MAX, "%s%.*s", look->reader->service->mark, SPAN_ARG(id));
    return span_str(ret);
}

/* The rest is read, but nothing can be inferred from it. Returns 0. */
static int note(struct look *look, const struct err *why)
{
    if (look->why.kind == ERR_NONE)
        look->why = *why;
    return 0;
}

static int note_unusable(struct look *look, const char *object, const char *what)
{
    struct err why;
    err_set(&why, ERR_NETWORK, "%s: %s", object, what);
    return note(look, &why);
}

/* --- accounts --------------------------------------------------------------------------------------------------- */

/* What bears our id needs no look-up before it is made, as it is not made. */
static void hear_of(struct look *look, const json_t *resource)
{
    const char *ours = json_string_value(scim_json_get(resource, "externalId"));
    if (ours && *ours)
        scim_ids_expect(&look->reader->service->ids, ours);
}

static const struct {
    const char *name;
    enum platform_assign how;
} valued[] = {{"entitlements", PLATFORM_AS_ENTITLEMENT}, {"roles", PLATFORM_AS_ROLE}};

/* As {"value": …}, or as bare text, as some services have it. */
static int give_values(const struct look *look, const json_t *user, size_t which, struct err *err)
{
    const json_t *values = scim_json_get(user, valued[which].name), *one;
    size_t i;
    json_array_foreach(values, i, one)
    {
        struct span value = json_is_string(one) ? (struct span){json_string_value(one), json_string_length(one)}
                                                : text_of(one, "value");
        if (value.n && look->sink->value(look->sink->ctx, valued[which].how, value, err) != 0)
            return -1;
    }
    return 0;
}

/* Without "active" everybody is. */
static int on_user(void *ctx, json_t *user, struct scim_pieces *none, struct err *err)
{
    struct look *look = ctx;
    (void)none;
    char id[PLATFORM_ID_MAX];
    const struct platform_found found = {.id = marked(look, scim_id_of(user), id),
                                         .ours = text_of(user, "externalId"),
                                         .name = text_of(user, "userName"),
                                         .active = scim_json_boolean(scim_json_get(user, "active")) != 0,
                                         .raw = user};
    if (found.id.n == 0)
        return note_unusable(look, "the list of accounts", "one has no id that can be used; ask the service's makers");
    hear_of(look, user);
    if (look->sink->account(look->sink->ctx, &found, err) != 0)
        return -1;
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++)
        if (give_values(look, user, i, err) != 0)
            return -1;
    return 0;
}

/* --- groups ----------------------------------------------------------------------------------------------------- */

/* A member without a type may be a group as well; its id is then that of no account. */
static int give_member(struct look *look, const char *object, const json_t *member, struct err *err)
{
    char id[PLATFORM_ID_MAX];
    const char *type = json_string_value(scim_json_get(member, "type"));
    struct span value = text_of(member, "value");
    if (type && text_same_ascii(type, "Group"))
        return 0;
    if (value.n == 0 || value.n >= SCIM_ID_MAX || memchr(value.p, '\0', value.n))
        return note_unusable(look, object, "a member has no id that can be used; ask the service's makers");
    return look->sink->member(look->sink->ctx, marked(look, value, id), err);
}

static int not_scim(struct look *look, const char *object, const struct scim_error *error)
{
    struct err why;
    scim_reader_not_scim(object, &look->body, error, &why);
    return note(look, &why);
}

static int give_members(struct look *look, struct span id, const char *object, struct err *err)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_pieces members;
    json_auto_t *group = NULL;
    if (scim_pieces_begin((struct span){look->body.data, look->body.len}, "members", &group, &members, &error) != 0)
        return not_scim(look, object, &error);
    if (!span_eq(scim_id_of(group), id)) {
        scim_error_set(&error, SCIM_WRONG_VALUE, "it is of another group");
        return not_scim(look, object, &error);
    }
    for (;;) {
        json_auto_t *member = NULL;
        int r = scim_pieces_next(&members, &member, &error);
        if (r <= 0)
            return r == 0 ? 0 : not_scim(look, object, &error);
        if (give_member(look, object, member, err) != 0)
            return -1;
    }
}

static void write_group_url(const struct look *look, struct span id, struct buf *ret)
{
    buf_printf(ret, "%s/Groups/", look->reader->service->base);
    text_percent(ret, id);
}

/* Those that bear an id of ours are most likely wanted with their members. */
static bool is_likely(const json_t *group)
{
    return text_of(group, "externalId").n > 0 && scim_id_of(group).n > 0;
}

static void look_ahead(struct look *look, size_t from)
{
    struct buf urls[SCIM_AHEAD_MAX] = {{NULL, 0, 0}};
    const char *texts[SCIM_AHEAD_MAX];
    size_t places[SCIM_AHEAD_MAX], n = 0, width = scim_ahead_width(look->reader);
    for (look->fetched = from; n < width && look->fetched < json_array_size(look->groups); look->fetched++) {
        const json_t *group = json_array_get(look->groups, look->fetched);
        if (!is_likely(group))
            continue;
        write_group_url(look, scim_id_of(group), &urls[n]);
        texts[n] = urls[n].data;
        places[n++] = look->fetched;
    }
    if (n > 1)
        scim_ahead_fetch(&look->ahead, look->reader, places, texts, n);
    for (size_t i = 0; i < n; i++)
        buf_release(&urls[i]);
}

static enum scim_got get_group(struct look *look, size_t place, struct span id, const char *object, struct err *err)
{
    CLEANUP(buf_release) struct buf url = BUF_INIT;
    if (place >= look->fetched && is_likely(json_array_get(look->groups, place)))
        look_ahead(look, place);
    if (scim_ahead_take(&look->ahead, place, &look->body))
        return SCIM_GOT;
    write_group_url(look, id, &url);
    return scim_reader_get(look->reader, url.data, object, true, &look->body, err);
}

static int read_members(struct look *look, size_t place, const struct platform_found *group, struct span id,
                        struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    const struct span name = {group->name.p, group->name.n < NAME_SHOWN ? group->name.n : NAME_SHOWN};
    const char *object = pool_printf(pool, "group %s", text_printable(pool, name));
    struct err why;
    switch (get_group(look, place, id, object, &why)) {
    case SCIM_GOT:
        return give_members(look, id, object, err);
    case SCIM_GOT_NONE:
        return note_unusable(look, object, "went while the platform was read");
    case SCIM_GOT_REFUSAL:
    case SCIM_GOT_LARGE:
        return note(look, &why);
    default:
        look->cut_off = true;
        *err = why;
        return -1;
    }
}

static int give_group(struct look *look, size_t place, struct err *err)
{
    const json_t *group = json_array_get(look->groups, place);
    char id[PLATFORM_ID_MAX];
    bool members = false;
    const struct platform_found found = {.id = marked(look, scim_id_of(group), id),
                                         .ours = text_of(group, "externalId"),
                                         .name = text_of(group, "displayName"),
                                         .raw = group};
    if (found.id.n == 0)
        return note_unusable(look, "the list of groups", "one has no id that can be used; ask the service's makers");
    hear_of(look, group);
    if (look->sink->group(look->sink->ctx, &found, &members, err) != 0)
        return -1;
    return members ? read_members(look, place, &found, scim_id_of(group), err) : 0;
}

/*
 * The list is read to its end first: a cursor does not wait, and what is there has less time to change. Only what is
 * wanted of each is kept until then.
 */
static int on_group(void *ctx, json_t *group, struct scim_pieces *none, struct err *err)
{
    static const char *const kept[] = {"id", "externalId", "displayName"};
    struct look *look = ctx;
    json_t *slim = json_object();
    (void)none, (void)err;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_t *value = scim_json_get(group, kept[i]);
        if (json_is_string(value))
            json_object_set(slim, kept[i], value);
    }
    json_array_append_new(look->groups, slim);
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* Without it a group comes with all its members. */
static const struct scim_list_query users = {.path = "/Users", .object = "the list of accounts"},
                                    groups = {.path = "/Groups",
                                              .object = "the list of groups",
                                              .excluded = "members",
                                              .inner = "members"};

/* Accounts that were read are true without the groups. -1: the sink ended it. */
static int look_at_groups(struct look *look, enum pull_result *ret, struct err *err)
{
    if (scim_listing_read(look->reader, &groups, on_group, look, ret, NULL, err) != 0)
        *ret = PULL_PARTIAL;
    for (size_t i = 0; i < json_array_size(look->groups); i++) {
        struct err why;
        if (give_group(look, i, &why) == 0)
            continue;
        *err = why;
        *ret = PULL_PARTIAL;
        return look->cut_off ? 0 : -1;
    }
    look->reader->service->listed[SCIM_GROUP] = *ret == PULL_COMPLETE;
    return 0;
}

int scim_look(struct scim_reader *reader, const struct platform_sink *sink, enum pull_result *ret, struct err *err)
{
    struct look look = {.reader = reader, .sink = sink, .groups = json_array()};
    enum pull_result result;
    int r = scim_listing_read(reader, &users, on_user, &look, &result, NULL, err);
    reader->service->listed[SCIM_USER] = r == 0 && result == PULL_COMPLETE;
    if (reader->service->listed[SCIM_USER])
        r = look_at_groups(&look, &result, err);
    buf_release(&look.body);
    scim_ahead_clear(&look.ahead);
    json_decref(look.groups);
    if (r != 0)
        return -1;
    if (result == PULL_COMPLETE && look.why.kind != ERR_NONE) {
        *err = look.why;
        result = PULL_PARTIAL;
    }
    *ret = result;
    return 0;
}

/* --- what differs ----------------------------------------------------------------------------------------------- */

static void name_it(struct buf *ret, const char *name)
{
    buf_printf(ret, "%s%s", ret->len ? ", " : "", name);
}

int scim_differs(const struct scim_map *map, const struct platform_task *task, const struct platform_found *found,
                 struct buf *ret)
{
    size_t before = ret->len;
    struct scim_person person = scim_task_person(task);
    if (task->person)
        scim_map_tell(map, &person, found->raw, ret);
    if (task->person && found->active != task->active)
        name_it(ret, "active");
    if (!task->person && !span_eq(span_str(task->object_name), text_of(found->raw, "displayName")))
        name_it(ret, "displayName");
    return ret->len > before;
}
