/*
 * Hands tasks to a platform of a configuration, for the integration tests:
 *
 *   send FILE PLATFORM <TASKS
 *
 * A JSON array a line on standard input is one call of send; an answer a line comes back. The members of a task are
 * those of struct platform_task; "attr" is an object with the names of attributes.
 */
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/schema.h"
#include "roster/platforms.h"

#define TASKS_MAX 4096

static const char *const verdicts[] = {"done", "retry", "skip", "stop"};

static int end(const struct err *err)
{
    fprintf(stderr, "%s\n", err->text);
    return err_exit_status(err->kind);
}

static enum op op_of(const json_t *task)
{
    const char *name = json_string_value(json_object_get(task, "op"));
    for (int op = 0; op < OP_COUNT; op++)
        if (name && strcmp(op_names[op], name) == 0)
            return (enum op)op;
    fputs("send: no such op\n", stderr);
    exit(64);
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static struct platform_task read_task(const json_t *json)
{
    struct platform_task task = {.op = op_of(json),
                                 .key = "1-1",
                                 .person = text(json, "person"),
                                 .account = text(json, "account"),
                                 .active = !json_is_false(json_object_get(json, "active")),
                                 .object = text(json, "object"),
                                 .object_uid = text(json, "object_uid"),
                                 .object_name = text(json, "object_name"),
                                 .value = text(json, "value"),
                                 .assign = text(json, "value") ? PLATFORM_AS_ENTITLEMENT : PLATFORM_AS_GROUP,
                                 .first = json_is_true(json_object_get(json, "first"))};
    for (size_t i = 0; i < ATTR_COUNT; i++)
        task.attr[i] = span_str(text(json_object_get(json, "attr"), attr_names[i]));
    return task;
}

static void print(const struct platform_answer *answer)
{
    json_t *object =
        json_pack("{s:s, s:I, s:s, s:s, s:s}", "verdict", verdicts[answer->verdict], "wait", (json_int_t)answer->wait,
                  "account", answer->account, "object", answer->object, "why", answer->why.text);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
    putchar('\n');
    json_decref(object);
}

static void send_line(const struct platform_connector *connector, struct platform *platform, const json_t *line)
{
    size_t n = json_array_size(line);
    struct platform_task *tasks = mem_zero((n + 1) * sizeof *tasks);
    struct platform_answer *answers = mem_zero((n + 1) * sizeof *answers);
    for (size_t i = 0; i < n && i < TASKS_MAX; i++)
        tasks[i] = read_task(json_array_get(line, i));
    connector->send(platform, tasks, n, answers);
    for (size_t i = 0; i < n; i++)
        print(&answers[i]);
    fflush(stdout);
    free(tasks);
    free(answers);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct conf *conf = NULL;
    struct platform *platform = NULL;
    if (argc != 3)
        return 64;
    log_set_verbose(getenv("VERBOSE") != NULL);
    if (conf_load(argv[1], schema_get(), &conf, NULL, &err) != 0)
        return end(&err);
    const struct conf_section *section = conf_find(conf, "platform", argv[2]);
    const struct platform_connector *connector = platform_connector_find(conf_variant(section));
    if (connector->open(section, NULL, 1, 0, &platform, &err) != 0)
        return end(&err);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        json_t *tasks = json_loads(line, 0, NULL);
        send_line(connector, platform, tasks);
        json_decref(tasks);
    }
    free(line);
    connector->close(&platform);
    conf_free(&conf);
    return 0;
}
