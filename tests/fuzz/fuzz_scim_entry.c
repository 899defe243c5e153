/*
 * Whatever a service may answer as a User or a Group: no crash; the sink gets an entry that can be kept and shown, or a
 * fault in words that can be shown, and the same once more gives the same. A file of tests/data/scim-entry is taken by
 * its "resource".
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_scim_entry tests/data/scim-entry
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "connectors/scim_entry.h"
#include "scim/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one delivery came to. */
struct outcome {
    size_t puts, faults;
    struct key128 fingerprint;
};

static const char *const lines[] = {
    "",
    "id-attribute = externalId\nmap-email = emails[type eq \"work\" and not (display co \"x\")].value\nmap-email = "
    "userName\n"
    "map-title = roles\nmap-department = urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value\n"
    "map-group-name = externalId\nmap-active = userType=Emp*\nexclude = emails.value=*-test@*\nexclude = "
    "displayName=a?c\n"
    "exclude = addresses[primary eq true].country=DE\n",
};
#define SETS (sizeof lines / sizeof *lines)

static struct scim_paths *sets[SETS];

static void require(bool ok)
{
    if (!ok)
        abort();
}

static int seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err)
{
    (void)ctx, (void)kind, (void)fingerprint, (void)err;
    require(id.n > 0 && id.n <= ENTRY_ID_MAX && text_is_clean(id));
    return 0;
}

static int put(void *ctx, const struct entry *e, struct err *err)
{
    struct outcome *o = ctx;
    (void)err;
    o->puts++;
    o->fingerprint = e->fingerprint;
    require(e->name.n > 0 && e->name.n <= ENTRY_NAME_MAX && text_is_clean(e->name) && !key_is_zero(e->key));
    for (size_t i = 0; i < ATTR_COUNT; i++)
        require(e->attr[i].n <= ENTRY_VALUE_MAX && text_is_clean(e->attr[i]));
    require(e->kind == ENTRY_GROUP || (e->nmembers == 0 && key_is_zero(e->alias)));
    require(e->kind == ENTRY_PERSON || !e->active);
    for (size_t i = 1; i < e->nmembers; i++)
        require(e->members[i - 1].hi <= e->members[i].hi);
    return 0;
}

static int fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    struct outcome *o = ctx;
    (void)err;
    o->faults++;
    require(text_is_clean(id) && text_is_clean(name) && text_is_clean(span_str(why)) && *why);
    return 0;
}

static int gone_key(void *ctx, struct key128 key, struct span but, struct err *err)
{
    (void)ctx, (void)err;
    require(!key_is_zero(key) && text_is_clean(but));
    return 0;
}

static struct scim_paths *read_set(const char *text)
{
    static const struct conf_item rows[] = {SCIM_PATHS_ROWS, {.key = NULL}};
    static const struct conf_kind kinds[] = {
        {.name = "directory", .named = true, .items = rows, .example = "hq", .help = "A directory."}, {.name = NULL}};
    static const struct conf_schema schema = {.kinds = kinds};
    char path[] = "/tmp/doorward-fuzz-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    struct conf *conf = NULL;
    struct scim_paths *ret = NULL;
    struct err err = ERR_INIT;
    require(file != NULL && fprintf(file, "[directory hq]\n%s", text) > 0 && fclose(file) == 0);
    require(conf_load(path, &schema, &conf, NULL, &err) == 0);
    require(unlink(path) == 0 && scim_paths_new(conf_find(conf, "directory", "hq"), &ret, &err) == 0);
    conf_free(&conf);
    return ret;
}

static struct outcome deliver(const struct scim_paths *paths, enum entry_kind kind, const json_t *resource)
{
    struct outcome outcome = {0};
    struct err err = ERR_INIT;
    const struct sink sink = {.ctx = &outcome, .seen = seen, .put = put, .fault = fault, .gone_key = gone_key};
    CLEANUP(scim_entry_free) struct scim_entry *entry = scim_entry_new(paths, &sink, true);
    json_auto_t *copy = json_deep_copy(resource);
    require(scim_entry_deliver(entry, kind, copy, &err) == 0);
    require(outcome.puts + outcome.faults == 1 && scim_entry_faults(entry) == outcome.faults);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scim_error error = SCIM_ERROR_INIT;
    json_t *file = NULL;
    for (size_t i = 0; i < SETS; i++)
        if (!sets[i])
            sets[i] = read_set(lines[i]);
    if (scim_json_load((struct span){(const char *)data, size}, SCIM_MESSAGE_MAX, &file, &error) != 0)
        return 0;
    const json_t *inner = json_object_get(file, "resource");
    const json_t *resource = json_is_object(inner) ? inner : file;
    for (size_t i = 0; i < SETS; i++)
        for (int kind = ENTRY_PERSON; kind <= ENTRY_GROUP; kind++) {
            struct outcome first = deliver(sets[i], (enum entry_kind)kind, resource);
            struct outcome second = deliver(sets[i], (enum entry_kind)kind, resource);
            require(first.puts == second.puts && key_eq(first.fingerprint, second.fingerprint));
        }
    json_decref(file);
    return 0;
}
