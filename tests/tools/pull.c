/*
 * Pulls one directory of a configuration and prints what a sink gets, for the integration tests:
 *
 *   pull [--seen | --count] FILE DIRECTORY
 *
 * A JSON object a line: entries, faults, and last {"result": "complete" | "changes" | "partial" | "error", …}. --seen: the sink
 * says that it knows every entry; --count: entries are taken in full and not printed. Ends with 0 for a complete read,
 * else 1 or the error's status.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "push/directories.h"

enum mode { MODE_PRINT, MODE_SEEN, MODE_COUNT };

struct tally {
    enum mode mode;
    size_t seen, people, groups, containers, members, faults;
};

static void print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(object);
}

static json_t *text(struct span s)
{
    return json_stringn(s.n ? s.p : "", s.n);
}

static json_t *key(struct key128 k)
{
    char hex[33];
    snprintf(hex, sizeof hex, "%016llx%016llx", (unsigned long long)k.hi, (unsigned long long)k.lo);
    return json_string(hex);
}

static int seen(void *ctx, enum entry_kind kind, struct span id, struct key128 fingerprint, struct err *err)
{
    struct tally *tally = ctx;
    (void)id, (void)fingerprint, (void)err;
    tally->seen += kind != ENTRY_CONTAINER;
    return tally->mode == MODE_SEEN;
}

static json_t *entry_json(const struct entry *entry)
{
    static const char *const kinds[] = {"person", "group", "container"};
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", kinds[entry->kind], "id", text(entry->id), "name", text(entry->name), "key", key(entry->key), "fingerprint",
                               key(entry->fingerprint));
    if (!key_is_zero(entry->alias))
        json_object_set_new(object, "alias", key(entry->alias));
    for (size_t i = 0; i < ATTR_COUNT; i++)
        if (entry->attr[i].n)
            json_object_set_new(object, attr_names[i], text(entry->attr[i]));
    if (entry->kind == ENTRY_PERSON)
        json_object_set_new(object, "active", json_boolean(entry->active));
    if (entry->excluded)
        json_object_set_new(object, "excluded", json_integer(entry->excluded));
    if (entry->kind == ENTRY_GROUP) {
        json_t *members = json_array();
        for (size_t i = 0; i < entry->nmembers; i++)
            json_array_append_new(members, key(entry->members[i]));
        json_object_set_new(object, "members", members);
    }
    return object;
}

static int put(void *ctx, const struct entry *entry, struct err *err)
{
    struct tally *tally = ctx;
    (void)err;
    size_t *counts[] = {&tally->people, &tally->groups, &tally->containers};
    *counts[entry->kind] += 1;
    tally->members += entry->nmembers;
    if (tally->mode == MODE_PRINT)
        print(entry_json(entry));
    return 0;
}

static int fault(void *ctx, struct span id, struct span name, const char *why, struct err *err)
{
    struct tally *tally = ctx;
    (void)err;
    tally->faults++;
    print(json_pack("{s:s, s:o, s:o, s:s}", "kind", "fault", "id", text(id), "name", text(name), "why", why));
    return 0;
}

static int gone(void *ctx, enum entry_kind kind, struct span id, struct err *err)
{
    (void)ctx, (void)err;
    print(json_pack("{s:s, s:s, s:o}", "kind", "gone", "of", kind == ENTRY_GROUP ? "group" : "person", "id", text(id)));
    return 0;
}

static int gone_key(void *ctx, struct key128 name, struct span but, struct err *err)
{
    (void)ctx, (void)err;
    print(json_pack("{s:s, s:o, s:o}", "kind", "gone", "key", key(name), "but", text(but)));
    return 0;
}

static void print_result(const char *result, const struct tally *tally, const struct err *err, const char *where)
{
    print(json_pack("{s:s, s:s?, s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "result", result, "where", where, "error",
                    err->text, "error-kind", (int)err->kind, "seen", (json_int_t)tally->seen, "people",
                    (json_int_t)tally->people, "groups", (json_int_t)tally->groups, "members",
                    (json_int_t)tally->members, "faults", (json_int_t)tally->faults));
}

static int run(const struct conf_section *section, enum mode mode)
{
    const struct directory_connector *connector = directory_connector_find(conf_variant(section));
    struct tally tally = {.mode = mode};
    struct sink sink = {.ctx = &tally, .seen = seen, .put = put, .fault = fault, .gone = gone, .gone_key = gone_key};
    struct directory *directory = NULL;
    enum pull_result result;
    struct err err = ERR_INIT;
    if (connector->open(section, NULL, &directory, &err) != 0) {
        print_result("error", &tally, &err, NULL);
        return err_exit_status(err.kind);
    }
    int rc = connector->pull(directory, NULL, &sink, &result, &err);
    print_result(rc                        ? "error"
                 : result == PULL_COMPLETE ? "complete"
                 : result == PULL_CHANGES  ? "changes"
                                           : "partial",
                 &tally, &err, connector->describe(directory));
    connector->close(&directory);
    return rc ? err_exit_status(err.kind) : result != PULL_COMPLETE;
}

#define CONNECTORS_MAX 16

static int load(const char *path, struct conf **ret, struct err *err)
{
    static struct conf_variant variants[CONNECTORS_MAX];
    static struct conf_kind kinds[2];
    static const struct conf_schema schema = {.kinds = kinds};
    for (size_t i = 0; i < CONNECTORS_MAX - 1 && directory_connectors[i]; i++)
        variants[i] = (struct conf_variant){directory_connectors[i]->name, directory_connectors[i]->help,
                                            directory_connectors[i]->settings, directory_connectors[i]->check};
    kinds[0] = (struct conf_kind){
        .name = "directory", .named = true, .variants = variants, .example = "hq", .help = "A directory."};
    return conf_load(path, &schema, ret, NULL, err);
}

int main(int argc, char **argv)
{
    enum mode mode = MODE_PRINT;
    if (argc == 4 && (strcmp(argv[1], "--seen") == 0 || strcmp(argv[1], "--count") == 0)) {
        mode = argv[1][2] == 's' ? MODE_SEEN : MODE_COUNT;
        argv++, argc--;
    }
    if (argc != 3) {
        fputs("usage: pull [--seen | --count] FILE DIRECTORY\n", stderr);
        return 64;
    }
    struct err err = ERR_INIT;
    struct conf *conf = NULL;
    if (load(argv[1], &conf, &err) != 0) {
        print_result("error", &(struct tally){0}, &err, NULL);
        return err_exit_status(err.kind);
    }
    const struct conf_section *section = conf_find(conf, "directory", argv[2]);
    int status = section ? run(section, mode) : 64;
    if (!section)
        fprintf(stderr, "pull: there is no [directory %s]\n", argv[2]);
    conf_free(&conf);
    return status;
}
