/*
 * Whatever a SCIM service lists: no crash; taken apart it is what it is as a whole, element by element, and a listing
 * that is one is not refused. Also cursors of ours, which somebody may have written into the database.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_list tests/data/scim-list
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "connectors/scim/changes.h"
#include "scim/json.h"
#include "scim/page.h"
#include "scim/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_error(const struct scim_error *error)
{
    require(error->status >= 400 && *error->detail && text_is_clean(span_str(error->detail)));
}

/* The elements of an array; NULL: one of them is none. */
static json_t *take_apart(struct scim_pieces *pieces)
{
    struct scim_error error = SCIM_ERROR_INIT;
    json_auto_t *all = json_array();
    json_t *one = NULL;
    int r;
    while ((r = scim_pieces_next(pieces, &one, &error)) > 0)
        json_array_append_new(all, one);
    if (r < 0)
        check_error(&error);
    return r < 0 ? NULL : json_incref(all);
}

/* With the elements back in their place, under whatever case its name has. */
static void put_back(json_t *rest, const char *name, json_t *elements)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(rest, key, value)
    {
        if (strcasecmp(key, name) != 0 || !json_is_array(value))
            continue;
        json_array_extend(value, elements);
        return;
    }
    require(json_array_size(elements) == 0);
}

/* Is it plainly what a service is to answer, so that it must not be refused? */
static bool is_plain(struct span text, const json_t *whole, const char *name)
{
    const char *key = NULL;
    json_t *value = NULL, *one = NULL;
    size_t named = 0, i = 0;
    json_object_foreach((json_t *)whole, key, value) named += strcasecmp(key, name) == 0;
    if (named != 1 || memchr(text.p, '\\', text.n) || !json_is_array(scim_json_get(whole, name)))
        return false;
    json_array_foreach(scim_json_get(whole, name), i, one) if (!json_is_object(one)) return false;
    return true;
}

static void check(struct span text, const char *name)
{
    struct scim_error error = SCIM_ERROR_INIT, why = SCIM_ERROR_INIT;
    struct scim_pieces pieces;
    json_auto_t *whole = NULL, *rest = NULL, *elements = NULL;
    bool is_whole = scim_json_load(text, SCIM_MESSAGE_MAX, &whole, &why) == 0;
    if (scim_pieces_begin(text, name, &rest, &pieces, &error) != 0)
        check_error(&error);
    else
        elements = take_apart(&pieces);
    if (!elements) {
        require(!is_whole || !is_plain(text, whole, name));
        return;
    }
    struct scim_list list;
    if (scim_list_read(rest, &list, &error) == 0)
        require(list.total >= -1 && list.start >= 0 &&
                (json_array_size(list.resources) == 0 || strcmp(name, "Resources") != 0));
    put_back(rest, name, elements);
    require(is_whole ? json_equal(whole, rest) : strstr(why.detail, "deep") || strstr(why.detail, "values"));
}

static void check_watch(struct span text)
{
    struct scim_error error = SCIM_ERROR_INIT;
    struct scim_changes changes;
    struct scim_watch watch;
    struct scim_known known;
    json_auto_t *resource = NULL;
    CLEANUP(freep) char *cursor = mem_strndup(text.p, text.n);
    CLEANUP(buf_release) struct buf filter = BUF_INIT;
    scim_changes_read(cursor, "m", &changes);
    if (changes.known[0].newest < INT64_C(253370764800000000)) /* as only times that were read are written */
        scim_changes_filter(&changes.known[0], NULL, &filter);
    if (scim_json_load(text, SCIM_MESSAGE_MAX, &resource, &error) != 0)
        return;
    for (int how = SCIM_WATCH_COMPLETE; how <= SCIM_WATCH_CHANGES; how++) {
        scim_watch_begin(&watch, &changes.known[0], false, (enum scim_watched)how, 1750000000);
        scim_watch_note(&watch, resource, true);
        if (!scim_watch_end(&watch, 1, &known))
            require(known.newest >= 0 && known.trust <= SCIM_TRUST_BROKEN);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {size ? (const char *)data : "", size};
    check(text, "Resources");
    check(text, "members");
    check_watch(text);
    return 0;
}
