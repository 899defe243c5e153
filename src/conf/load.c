#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include <unistr.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/ini.h"
#include "conf/section.h"

#define FILES_MAX 256 /* doorward.conf and what stands in conf.d */

struct loader {
    struct conf *conf;
    struct faults faults;
    const char *files[FILES_MAX];
    size_t nfiles;
};

DEFINE_CLEANUP(dir_closep, DIR *, closedir)

static const char *folder_of(struct pool *pool, const char *path)
{
    const char *slash = strrchr(path, '/');
    char cwd[PATH_MAX];
    if (slash && *path == '/')
        return pool_strndup(pool, path, slash == path ? 1 : (size_t)(slash - path));
    /* Values have to keep their meaning when the configuration is printed and read from elsewhere. */
    if (!getcwd(cwd, sizeof cwd))
        return slash ? pool_strndup(pool, path, (size_t)(slash - path)) : ".";
    return slash ? pool_printf(pool, "%s/%.*s", cwd, (int)(slash - path), path) : pool_strdup(pool, cwd);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_snippet(const char *name)
{
    size_t n = strlen(name);
    return *name != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static void find_snippets(struct loader *l)
{
    struct pool *pool = l->conf->pool;
    const char *slash = strrchr(l->files[0], '/');
    const char *folder = pool_printf(pool, "%.*sconf.d", slash ? (int)(slash - l->files[0] + 1) : 0, l->files[0]);
    CLEANUP(dir_closep) DIR *dir = opendir(folder);
    if (!dir && errno == ENOENT)
        return;
    if (!dir) {
        faults_add(&l->faults, folder, 0, "cannot be read: %s; correct its mode or remove it", strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_snippet(entry->d_name))
            continue;
        if (l->nfiles == FILES_MAX) {
            faults_add(&l->faults, folder, 0, "more than %d files; put some of them together", FILES_MAX - 1);
            break;
        }
        l->files[l->nfiles++] = pool_printf(pool, "%s/%s", folder, entry->d_name);
    }
    qsort(l->files + 1, l->nfiles - 1, sizeof *l->files, by_bytes);
}

static unsigned line_of(const struct buf *text, const char *at)
{
    unsigned line = 1;
    for (const char *p = text->data; p < at; p++)
        line += *p == '\n';
    return line;
}

/* The library takes other encodings for something else and answers with errors that help nobody. */
static bool is_readable_text(struct loader *l, const char *file, const struct buf *text)
{
    if (!text->len)
        return true;
    const char *bad = memchr(text->data, '\0', text->len);
    if (!bad)
        bad = (const char *)u8_check((const uint8_t *)text->data, text->len);
    if (bad)
        faults_add(&l->faults, file, line_of(text, bad), "the file is not UTF-8 text; save it as UTF-8");
    return !bad;
}

static void build_sections(struct loader *l, const char *file, const struct ini *ini)
{
    const char *folder = folder_of(l->conf->pool, file);
    bool in_section = false;
    for (size_t i = 0, end; i < ini->n; i = end) {
        const struct ini_line *line = &ini->lines[i];
        end = i + 1;
        if (line->what == INI_FAULT)
            faults_add(&l->faults, file, line->number, "%s", line->text);
        else if (line->what == INI_VALUE && !in_section)
            faults_add(&l->faults, file, line->number,
                       "key '%s' stands before the first section; write a [section] above it", line->key);
        if (line->what != INI_HEADER)
            continue;
        in_section = true;
        while (end < ini->n && ini->lines[end].what != INI_HEADER) {
            if (ini->lines[end].what == INI_FAULT)
                faults_add(&l->faults, file, ini->lines[end].number, "%s", ini->lines[end].text);
            end++;
        }
        section_build(l->conf, &l->faults, file, folder, line, end - i);
    }
}

/* False: nothing is known of what the file says. */
static bool read_one(struct loader *l, const char *file)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT;
    CLEANUP(ini_release) struct ini ini = INI_INIT;
    struct err err = ERR_INIT;
    if (file_read(file, CONF_FILE_MAX, &text, &err) != 0) {
        const char *said = strncmp(err.text, file, strlen(file)) == 0 ? err.text + strlen(file) + 2 : err.text;
        faults_add(&l->faults, file, 0, "%s", said);
        return false;
    }
    if (!is_readable_text(l, file, &text))
        return false;
    size_t mark = text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    ini_parse(l->conf->pool, (struct span){text.data + mark, text.len - mark}, &ini);
    build_sections(l, file, &ini);
    return true;
}

static struct conf *new_conf(const struct conf_schema *schema)
{
    struct conf *conf = mem_zero(sizeof *conf);
    conf->pool = pool_new();
    conf->schema = schema;
    return conf;
}

static int load(const char *path, const struct conf_schema *schema, bool alone, struct conf **ret, struct buf *problems,
                struct err *err)
{
    CLEANUP(conf_free) struct conf *conf = new_conf(schema);
    struct loader l = {.conf = conf, .faults = {.pool = conf->pool}, .nfiles = 1};
    l.files[0] = pool_strdup(conf->pool, path);
    l.faults.files = l.files;
    l.faults.nfiles = FILES_MAX;
    if (!alone)
        find_snippets(&l);
    bool complete = true;
    for (size_t i = 0; i < l.nfiles; i++)
        complete = read_one(&l, l.files[i]) && complete;
    sections_join(conf, &l.faults, l.files[0], complete);
    int result = faults_report(&l.faults, problems, err);
    faults_release(&l.faults);
    if (result != 0)
        return -1;
    CLEANUP(buf_release) struct buf printed = BUF_INIT;
    conf_print(conf, &printed);
    digest_hex_of(printed.data, printed.len, conf->digest);
    *ret = TAKE(conf);
    return 0;
}

int conf_load(const char *path, const struct conf_schema *schema, struct conf **ret, struct buf *problems,
              struct err *err)
{
    return load(path, schema, false, ret, problems, err);
}

int conf_load_file(const char *path, const struct conf_schema *schema, struct conf **ret, struct err *err)
{
    return load(path, schema, true, ret, NULL, err);
}

struct conf *conf_share(struct conf *conf)
{
    atomic_fetch_add(&conf->others, 1);
    return conf;
}

void conf_free(struct conf **conf)
{
    if (!*conf)
        return;
    if (atomic_fetch_sub(&(*conf)->others, 1) > 0) {
        *conf = NULL;
        return;
    }
    for (size_t i = 0; i < (*conf)->n; i++)
        for (size_t j = 0; j < (*conf)->sections[i]->nslots; j++)
            free((*conf)->sections[i]->slots[j].values);
    free((*conf)->sections);
    pool_free(&(*conf)->pool);
    free(*conf);
    *conf = NULL;
}
