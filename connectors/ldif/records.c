#include "connectors/ldif/records.h"

#include <stdint.h>
#include <sys/stat.h>

#include <ldap.h>
#include <ldif.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

struct records {
    char *path;
    FILE *file;
    struct stat before;
    size_t total;           /* bytes read */
    unsigned long line;     /* lines read */
    struct buf text;        /* the record at hand, without comments */
    unsigned long *line_at; /* where each logical line of it began */
    size_t nlines, cap_lines;
    bool started; /* the place of "version:" is past */
    bool ended;
};

static int fault(const struct records *r, unsigned long line, enum err_kind kind, const char *what, struct err *err)
{
    return err_set(err, kind, "%s:%lu: %s", r->path, line, what);
}

DEFINE_CLEANUP(close_file, FILE *, fclose)

int records_open(const char *path, struct records **ret, struct err *err)
{
    if (file_check(path, err) != 0)
        return -1;
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0)
        return err_errno(err, ERR_FAILED, "%s", path);
    if (st.st_size > (off_t)RECORDS_FILE_MAX)
        return err_set(err, ERR_INPUT, "%s: larger than 1 GiB; export only the attributes that are needed", path);
    struct records *r = mem_zero(sizeof *r);
    r->path = mem_strdup(path);
    r->file = TAKE(file);
    r->before = st;
    *ret = r;
    return 0;
}

void records_close(struct records **records)
{
    struct records *r = *records;
    if (!r)
        return;
    fclose(r->file);
    buf_release(&r->text);
    free(r->line_at);
    free(r->path);
    free(r);
    *records = NULL;
}

/* --- lines into a record ------------------------------------------------------------------------------------------ */

/* Reads one line into the end of the text. 1, 0 at the end of the file, -1. */
static int read_line(struct records *r, size_t *ret_start, struct err *err)
{
    *ret_start = r->text.len;
    for (int c; (c = getc_unlocked(r->file)) != EOF;) {
        if (++r->total > RECORDS_FILE_MAX)
            return fault(r, r->line + 1, ERR_INPUT,
                         "the file is larger than 1 GiB; export only the attributes that are needed", err);
        if (c == '\0')
            return fault(r, r->line + 1, ERR_INPUT, "a NUL byte; write the value in base64", err);
        if (r->text.len >= RECORDS_RECORD_MAX)
            return fault(r, r->line + 1, ERR_INPUT,
                         "a record of more than 16 MiB; export only the attributes that are needed", err);
        buf_addc(&r->text, (char)c);
        if (c == '\n')
            break;
    }
    if (ferror(r->file))
        return err_errno(err, ERR_FAILED, "%s:%lu", r->path, r->line + 1);
    if (r->text.len == *ret_start)
        return 0;
    r->line++;
    return 1;
}

static bool is_blank(const char *line)
{
    return line[0] == '\n' || (line[0] == '\r' && line[1] == '\n');
}

/* Drops a comment with the lines that go on with it; keeps everything else and notes where it began. */
static void keep_line(struct records *r, size_t start, bool *in_comment)
{
    char first = r->text.data[start];
    if (first != ' ')
        *in_comment = first == '#';
    if (*in_comment)
        r->text.len = start;
    else if (first != ' ')
        *MEM_PUSH(&r->line_at, &r->nlines, &r->cap_lines) = r->line;
    r->text.data[r->text.len] = '\0';
}

/* Gathers the lines up to the next empty one. 1, 0 at the end of the file, -1. */
static int read_record(struct records *r, struct err *err)
{
    bool in_comment = false;
    buf_clear(&r->text);
    r->nlines = 0;
    while (!r->ended) {
        size_t start;
        int rc = read_line(r, &start, err);
        if (rc < 0)
            return -1;
        r->ended = rc == 0;
        if (r->ended || is_blank(r->text.data + start)) {
            r->text.len = start;
            if (r->nlines)
                break;
            continue;
        }
        if (r->nlines == 0 && !in_comment && r->text.data[start] == ' ')
            return fault(r, r->line, ERR_INPUT,
                         "a folded line that nothing stands before; remove the space or the empty line ahead", err);
        keep_line(r, start, &in_comment);
    }
    if (r->nlines == 0)
        return 0;
    if (r->text.data[r->text.len - 1] != '\n')
        buf_addc(&r->text, '\n');
    r->text.data[r->text.len] = '\0';
    return 1;
}

/* --- a record into attributes ------------------------------------------------------------------------------------- */

static bool is_base64_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* Strictly, and before libldap sees it. Its reader marks the folds of a line with carriage returns. */
static bool is_base64(const char *p)
{
    size_t n = 0, padding = 0;
    for (; *p; p++) {
        if (*p == '\r' || (*p == ' ' && n == 0))
            continue;
        if (*p == '=')
            padding++;
        else if (!is_base64_char(*p) || padding)
            return false;
        n++;
    }
    return n % 4 == 0 && padding <= 2;
}

static bool is(struct span type, const char *name)
{
    return type.n == strlen(name) && strncasecmp(type.p, name, type.n) == 0;
}

/* Takes the next line apart. NULL, or what is wrong with it. */
static const char *parse_line(char **next, struct span *ret_type, struct span *ret_value)
{
    char *line = ldif_getline(next);
    char *colon = line ? strchr(line, ':') : NULL;
    if (!colon || colon == line)
        return "not \"attribute: value\"; remove the line";
    if (colon[1] == '<')
        return "a value from another file (\":<\") is not read; write the value itself";
    if (colon[1] == ':' && !is_base64(colon + 2))
        return "broken base64; export the file again";
    struct berval type, value;
    int must_free = 0;
    if (ldif_parse_line2(line, &type, &value, &must_free) != 0)
        return "not a line of LDIF; export the file again";
    *ret_type = (struct span){type.bv_val, type.bv_len};
    *ret_value = (struct span){value.bv_val ? value.bv_val : "", value.bv_len};
    return NULL;
}

/* What stands after the dn: attributes of a content record, and nothing else. */
static const char *add_attr(struct raw *raw, struct span type, struct span value)
{
    if (is(type, "changetype") || is(type, "control"))
        return "a record of changes; export the entries themselves (ldapsearch -LLL, slapcat)";
    if (is(type, "dn"))
        return "a second dn in one record; put an empty line ahead";
    struct raw_attr *last = raw->nattrs ? &raw->attrs[raw->nattrs - 1] : NULL;
    if (!last || last->type.n != type.n || strncasecmp(last->type.p, type.p, type.n) != 0)
        raw_attr(raw, type);
    raw_value(raw, value);
    return NULL;
}

static const char *begin(struct span type, struct span value, struct raw *raw)
{
    if (is(type, "include"))
        return "\"include:\" is not followed; put everything into one file";
    if (!is(type, "dn"))
        return "a record that does not begin with \"dn:\"; export the file again";
    raw_start(raw, value);
    return NULL;
}

/*
 * The last record that "ldapsearch" writes without -LLL: it says how the search ended. Anything but success means
 * that entries lack.
 */
static int read_trailer(struct records *r, char *next, struct err *err)
{
    struct span type, value;
    for (size_t i = 1; i < r->nlines; i++) {
        const char *what = parse_line(&next, &type, &value);
        if (what)
            return fault(r, r->line_at[i], ERR_INPUT, what, err);
        if (is(type, "result") && !(value.n && value.p[0] == '0')) {
            CLEANUP(pool_free) struct pool *pool = pool_new();
            return err_set(err, ERR_PARTIAL, "%s:%lu: the export ended with '%.200s'; export it again without limits",
                           r->path, r->line_at[i], text_printable(pool, value));
        }
    }
    return 0;
}

/* 1: raw holds an entry. 0: the record was something else ("version: 1", the trailer). */
static int parse_record(struct records *r, struct raw *raw, struct err *err)
{
    char *next = r->text.data;
    size_t i = 0;
    struct span type, value;
    const char *what = parse_line(&next, &type, &value);
    if (!what && !r->started && is(type, "version")) {
        if (value.n != 1 || value.p[0] != '1')
            return fault(r, r->line_at[0], ERR_INPUT, "another version of LDIF than 1; export the file again", err);
        if (++i == r->nlines)
            return 0;
        what = parse_line(&next, &type, &value);
    }
    if (!what && is(type, "search"))
        return read_trailer(r, next, err);
    if (!what)
        what = begin(type, value, raw);
    while (!what && ++i < r->nlines) {
        what = parse_line(&next, &type, &value);
        if (!what)
            what = add_attr(raw, type, value);
    }
    return what ? fault(r, r->line_at[i], ERR_INPUT, what, err) : 1;
}

int records_next(struct records *r, struct raw *raw, struct err *err)
{
    for (;;) {
        int rc = read_record(r, err);
        if (rc <= 0)
            return rc;
        rc = parse_record(r, raw, err);
        r->started = true;
        if (rc != 0)
            return rc;
    }
}

int records_check_unchanged(const struct records *r, struct err *err)
{
    struct stat now;
    if (fstat(fileno(r->file), &now) != 0)
        return err_errno(err, ERR_FAILED, "%s", r->path);
    bool same = now.st_size == r->before.st_size && now.st_mtim.tv_sec == r->before.st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == r->before.st_mtim.tv_nsec && (off_t)r->total == now.st_size;
    if (!same)
        return err_set(err, ERR_CONFLICT,
                       "%s: changed while it was read; write the export under another name and rename it into place",
                       r->path);
    return 0;
}
