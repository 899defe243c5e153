#include <getopt.h>
#include <locale.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/privilege.h"
#include "cli/schema.h"
#include "cli/term.h"
#include "gate/idp.h"
#include "saml/saml.h"
#include "store/audit.h"

/* Options that only some commands take have letters of their own in struct command's list; long-only ones use upper case. */
static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"state", required_argument, NULL, 'S'},
    {"json", no_argument, NULL, 'J'},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"color", required_argument, NULL, 'C'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"csv", no_argument, NULL, 'K'},
    {"yes", no_argument, NULL, 'Y'},
    {"exit-code", no_argument, NULL, 'E'},
    {"out", required_argument, NULL, 'o'},
    {"response", required_argument, NULL, 'R'},
    {"method", required_argument, NULL, 'M'},
    {"approve-removals", required_argument, NULL, 'A'},
    {"expect", required_argument, NULL, 'X'},
    {"since", required_argument, NULL, 'I'},
    {"connection", required_argument, NULL, 'N'},
    {"timeout", required_argument, NULL, 'T'},
    {"expires", required_argument, NULL, 'P'},
    {"note", required_argument, NULL, 'O'},
    {0},
};

static const char common_options[] = "cSJvqChV";

struct typed {
    struct cli cli;
    char given[sizeof options / sizeof *options + 1]; /* letters of the options that were typed */
    bool help, version;
    enum term_color color;
};

static int take_color(struct typed *t, const char *when, struct err *err)
{
    static const char *const names[] = {"auto", "always", "never"};
    for (int i = TERM_AUTO; i <= TERM_NEVER; i++) {
        if (strcmp(when, names[i]) == 0) {
            t->color = (enum term_color)i;
            return 0;
        }
    }
    return err_set(err, ERR_USAGE, "--color %s: write auto, always or never", when);
}

static int take_option(struct typed *t, int letter, struct err *err)
{
    struct cli *cli = &t->cli;
    bool *const flags[] = {['J'] = &cli->json,  ['K'] = &cli->csv,   ['Y'] = &cli->yes, ['E'] = &cli->exit_code,
                           ['q'] = &cli->quiet, ['v'] = &cli->verbose, ['h'] = &t->help,  ['V'] = &t->version};
    const char **const texts[] = {
        ['c'] = &cli->conf_path, ['S'] = &cli->state_dir, ['o'] = &cli->out,   ['R'] = &cli->response,
        ['M'] = &cli->method,    ['A'] = &cli->approve,   ['X'] = &cli->expect,
        ['I'] = &cli->since,     ['N'] = &cli->connection,
        ['T'] = &cli->timeout,   ['P'] = &cli->expires,   ['O'] = &cli->note};
    if (letter == 'C')
        return take_color(t, optarg, err);
    if (letter < (int)(sizeof flags / sizeof *flags) && flags[letter])
        *flags[letter] = true;
    else if (letter < (int)(sizeof texts / sizeof *texts) && texts[letter])
        *texts[letter] = optarg;
    else
        return err_set(err, ERR_USAGE, "unknown option; doorward --help lists them");
    size_t n = strlen(t->given);
    if (!strchr(t->given, letter) && n + 1 < sizeof t->given)
        t->given[n] = (char)letter;
    return 0;
}

static int parse(struct typed *t, int argc, char **argv, struct err *err)
{
    opterr = 0;
    int letter;
    while ((letter = getopt_long(argc, argv, ":c:vqo:hV", options, NULL)) != -1) {
        if (letter == ':')
            return err_set(err, ERR_USAGE, "option %s wants a value", argv[optind - 1]);
        if (letter == '?')
            return err_set(err, ERR_USAGE, "unknown option %s; doorward --help lists them", argv[optind - 1]);
        if (take_option(t, letter, err) != 0)
            return -1;
    }
    t->cli.words = argv + optind;
    t->cli.nwords = argc - optind;
    return 0;
}

/* How many words of what was typed make up this command's name; 0 when they do not. */
static int words_of(const struct command *c, char **words, int n)
{
    const char *rest = c->name;
    for (int i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(rest, words[i], len) != 0 || (rest[len] != ' ' && rest[len] != '\0'))
            return 0;
        if (rest[len] == '\0')
            return i + 1;
        rest += len + 1;
    }
    return 0;
}

static const struct command *find_command(struct cli *cli)
{
    const struct command *best = NULL;
    int best_words = 0;
    for (const struct command *c = commands; c->name; c++) {
        int n = words_of(c, cli->words, cli->nwords);
        if (n > best_words) {
            best = c;
            best_words = n;
        }
    }
    cli->words += best_words;
    cli->nwords -= best_words;
    return best;
}

static int refuse_unknown(const struct cli *cli, struct err *err)
{
    const char *names[64];
    size_t n = 0;
    for (const struct command *c = commands; c->name && n < 64; c++)
        names[n++] = c->name;
    CLEANUP(freep)
    char *typed = cli->nwords > 1 ? mem_printf("%s %s", cli->words[0], cli->words[1]) : mem_strdup(cli->words[0]);
    const char *near = text_nearest(typed, names, n);
    if (!near)
        near = text_nearest(cli->words[0], names, n);
    if (near)
        return err_set(err, ERR_USAGE, "unknown command '%s'; did you mean 'doorward %s'?", typed, near);
    return err_set(err, ERR_USAGE, "unknown command '%s'; doorward --help lists them", typed);
}

/* "domain verfy": behind a word that is a command by itself, the second is still part of a name. */
static int refuse_words(const struct command *c, const struct typed *t, struct err *err)
{
    size_t n = strlen(c->name);
    for (const struct command *longer = commands; longer->name; longer++) {
        if (t->cli.nwords == 0 || strncmp(longer->name, c->name, n) != 0 || longer->name[n] != ' ')
            continue;
        struct cli whole = t->cli;
        whole.words--;
        whole.nwords++;
        return refuse_unknown(&whole, err);
    }
    return err_set(err, ERR_USAGE, "usage: doorward %s%s%s", c->name, *c->args ? " " : "", c->args);
}

static int check_usage(const struct command *c, const struct typed *t, struct err *err)
{
    for (const char *g = t->given; *g; g++) {
        if (strchr(common_options, *g) || (c->options && strchr(c->options, *g)))
            continue;
        for (const struct option *o = options; o->name; o++)
            if (o->val == *g)
                return err_set(err, ERR_USAGE, "doorward %s takes no --%s; doorward %s --help shows what it takes",
                               c->name, o->name, c->name);
    }
    if (t->cli.nwords < c->min_words || t->cli.nwords > c->max_words)
        return refuse_words(c, t, err);
    return 0;
}

static int run(struct typed *t, struct err *err)
{
    static const struct command status = {"", "", "", 0, 0, command_status, NULL, NULL};
    if (t->version) {
        puts("doorward " DOORWARD_VERSION);
        return 0;
    }
    const struct command *c = t->cli.nwords ? find_command(&t->cli) : &status;
    if (!c)
        return refuse_unknown(&t->cli, err);
    t->cli.command = c->name;
    if (t->help) {
        t->cli.words = (char *[]){(char *)c->name};
        t->cli.nwords = *c->name != '\0';
        return command_help(&t->cli, err);
    }
    return check_usage(c, t, err) != 0 ? -1 : c->run(&t->cli, err);
}

int cli_conf(struct cli *cli, struct err *err)
{
    if (cli->conf)
        return 0;
    CLEANUP(buf_release) struct buf problems = BUF_INIT;
    if (conf_load(cli->conf_path, schema_get(), &cli->conf, &problems, err) == 0)
        return schema_check_products(cli->conf, err) != 0 || schema_check_maps(cli->conf, err) != 0
                   ? -1
                   : schema_check_pushed(cli->conf, err);
    if (problems.len > strlen(err->text)) {
        fputs(buf_str(&problems), stderr);
        err->text[0] = '\0';
    }
    return -1;
}

const char *cli_state_dir(const struct cli *cli)
{
    return cli->state_dir ? cli->state_dir : conf_str(conf_find(cli->conf, "organization", NULL), "state-dir");
}

int cli_open(struct cli *cli, enum store_mode mode, struct err *err)
{
    if (cli_conf(cli, err) != 0)
        return -1;
    const char *dir = cli_state_dir(cli);
    if (!cli->actor)
        cli->actor = audit_actor(cli->pool); /* before the rights of another are taken on */
    if (privilege_become_owner(dir, err) != 0)
        return -1;
    CLEANUP(freep) char *holder = mem_printf("doorward %s", cli->command);
    if (store_open(dir, mode, holder, &cli->store, err) == 0) {
        audit_as(cli->store, cli->actor, cli->now);
        return 0;
    }
    if (mode == STORE_READ && err->kind == ERR_NOT_FOUND) {
        err_clear(err);
        return 0;
    }
    return -1;
}

bool cli_adopts(const struct cli *cli, const char *team)
{
    const struct conf_section *section = conf_find(cli->conf, "team", team);
    return section && conf_bool(section, "adopt");
}

int cli_section(const struct cli *cli, const char *kind, const char *name, const struct conf_section **ret,
                struct err *err)
{
    *ret = conf_find(cli->conf, kind, name);
    if (*ret)
        return 0;
    const char *names[256];
    size_t n = 0;
    for (const struct conf_section *s = conf_next(cli->conf, kind, NULL); s && n < 256;
         s = conf_next(cli->conf, kind, s))
        names[n++] = conf_name(s);
    const char *near = text_nearest(name, names, n);
    if (near)
        return err_set(err, ERR_USAGE, "there is no %s '%s' in the configuration; did you mean '%s'?", kind, name,
                       near);
    return err_set(err, ERR_USAGE, "there is no [%s %s] in %s", kind, name, cli->conf_path);
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, 65536);
    struct typed t = {.cli = {.conf_path = DOORWARD_SYSCONFDIR "/doorward/doorward.conf"}};
    struct err err = ERR_INIT;
    int status = parse(&t, argc, argv, &err);
    term_init(t.color, t.cli.quiet);
    log_set_verbose(t.cli.verbose);
    t.cli.pool = pool_new();
    t.cli.now = clock_now();
    if (status == 0)
        status = run(&t, &err);
    if (status < 0) {
        status = err_exit_status(err.kind);
        if (err.text[0])
            fprintf(stderr, "%s%s\n", err.kind == ERR_CONFIG ? "" : "doorward: ", err.text);
    }
    store_close(&t.cli.store);
    conf_free(&t.cli.conf);
    pool_free(&t.cli.pool);
    gate_metadata_forget();
    saml_shutdown();
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("doorward: standard output could not be written\n", stderr);
        status = status ? status : EX_IOERR;
    }
    return status;
}
