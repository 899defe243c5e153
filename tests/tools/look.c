/*
 * Reads a platform of a configuration and prints what a sink gets, for the integration tests:
 *
 *   look [--no-members] FILE PLATFORM
 *
 * A JSON object a line: accounts, values, groups, members; last {"result": "complete" | "partial" | "error", …}. Ends with
 * 0 for a complete read, else 1.
 */
#include <jansson.h>
#include <stdio.h>

#include "cli/schema.h"
#include "roster/platforms.h"

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

static json_t *found_json(const char *kind, const struct platform_found *found)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "kind", kind, "id", text(found->id), "ours", text(found->ours), "name",
                     text(found->name));
}

static int on_account(void *ctx, const struct platform_found *found, struct err *err)
{
    (void)ctx, (void)err;
    json_t *object = found_json("account", found);
    json_object_set_new(object, "active", json_boolean(found->active));
    print(object);
    return 0;
}

static int on_value(void *ctx, enum platform_assign how, struct span value, struct err *err)
{
    (void)ctx, (void)err;
    print(json_pack("{s:s, s:s, s:o}", "kind", "value", "how", how == PLATFORM_AS_ROLE ? "role" : "entitlement", "value",
                    text(value)));
    return 0;
}

static int on_group(void *ctx, const struct platform_found *found, bool *ret_members, struct err *err)
{
    (void)err;
    print(found_json("group", found));
    *ret_members = *(const bool *)ctx;
    return 0;
}

static int on_member(void *ctx, struct span account, struct err *err)
{
    (void)ctx, (void)err;
    print(json_pack("{s:s, s:o}", "kind", "member", "account", text(account)));
    return 0;
}

static int end(const struct err *err)
{
    fprintf(stderr, "%s\n", err->text);
    return err_exit_status(err->kind);
}

static int look(const struct platform_connector *connector, struct platform *platform, bool members)
{
    static const char *const results[] = {
        [PULL_PARTIAL] = "partial", [PULL_CHANGES] = "changes", [PULL_COMPLETE] = "complete"};
    const struct platform_sink sink = {
        .ctx = &members, .account = on_account, .value = on_value, .group = on_group, .member = on_member};
    struct err err = ERR_INIT;
    enum pull_result result = PULL_PARTIAL;
    int r = connector->read(platform, &sink, &result, &err);
    print(json_pack("{s:s, s:s}", "result", r == 0 ? results[result] : "error", "error", err.text));
    return r == 0 && result == PULL_COMPLETE ? 0 : 1;
}

int main(int argc, char **argv)
{
    bool members = argc < 2 || strcmp(argv[1], "--no-members") != 0;
    struct platform *platform = NULL;
    struct conf *conf = NULL;
    struct err err = ERR_INIT;
    argv += !members, argc -= !members;
    if (argc != 3)
        return 64;
    if (conf_load(argv[1], schema_get(), &conf, NULL, &err) != 0)
        return end(&err);
    const struct conf_section *section = conf_find(conf, "platform", argv[2]);
    const struct platform_connector *connector = platform_connector_find(conf_variant(section));
    if (connector->open(section, NULL, 1, 0, &platform, &err) != 0)
        return end(&err);
    int status = look(connector, platform, members);
    connector->close(&platform);
    conf_free(&conf);
    return status;
}
