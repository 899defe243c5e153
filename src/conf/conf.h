/*
 * The configuration: rows that say what may be written, and the checked result of what was written.
 *
 *   conf_load -> conf_find / conf_next -> conf_str, conf_int … -> conf_free
 *
 * A row (struct conf_item) feeds the parser, the default, the check, the help and the commented sample, so that none of
 * them can say something else than another. The rows of a connector stand in the connector; the program's own stand in
 * conf/rows.c; the whole is a struct conf_schema, put together where everything is known (cli/schema.c).
 *
 * Kinds, keys, choices and names of sections are compared without regard to ASCII case; conf_str gives a choice as the
 * row has it, and a reference as the section it means is called.
 *
 * conf_load reports every error of every file in one go, each as "FILE:LINE: section: fault; remedy".
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum conf_type {
    CONF_TEXT,        /* clean UTF-8 (text_is_clean), at most CONF_VALUE_MAX bytes */
    CONF_INT,         /* decimal, min..max */
    CONF_PERCENT,     /* decimal and "%", min..max */
    CONF_BOOL,        /* yes|no, also true|false, on|off, 1|0; any case */
    CONF_DURATION,    /* number and s, m, h, d or w; min..max in seconds */
    CONF_MILLIS,      /* number and ms, s, m or h; min..max in milliseconds */
    CONF_CHOICE,      /* one of choices */
    CONF_FILE,        /* path of a file that exists and can be read; a relative one starts at the file that names it */
    CONF_SECRET_FILE, /* as CONF_FILE, and nobody else may read it: file_check_secret */
    CONF_PATH,        /* path that need not exist yet; relative as CONF_FILE */
    CONF_EMAIL,       /* local@domain */
    CONF_URL,         /* https://… (http only to a loopback host), no user, no fragment, no trailing slash kept */
    CONF_REF,         /* name of a section of the kind named in ref */
};

#define CONF_VALUE_MAX 8192
#define CONF_FILE_MAX  (1024 * 1024)

/* One key. In a static const array that ends with an item whose key is NULL. */
struct conf_item {
    const char *key;
    enum conf_type type;
    bool required;
    bool repeatable;  /* may be written several times; the values keep their order */
    bool as_written;  /* CONF_URL: a trailing slash is kept, where the text is compared byte for byte */
    const char *def;  /* default as it would be written; NULL: none */
    int64_t min, max; /* CONF_INT, CONF_PERCENT, CONF_DURATION (seconds), CONF_MILLIS; both 0: any non-negative */
    const char *unit; /* for the help: "people", "bytes"; NULL: none */
    /* CONF_CHOICE; ends with NULL. Of other types: words that may stand instead of a value ("none"). */
    const char *const *choices;
    const char *ref;     /* CONF_REF: the kind of section */
    const char *example; /* shown in the sample when there is no default */
    const char *help;    /* one or more sentences */
};

struct conf_section;

/* One value of "type =", with the keys that come with it. */
struct conf_variant {
    const char *name;
    const char *help;
    const struct conf_item *items; /* may be NULL */
    /*
     * Rules between keys, no network; may be NULL. Called when everything else in the section is right. err->text is
     * "fault; remedy", to be shown with the line of the header; or "PLACE: fault; remedy" where PLACE is what
     * conf_where_key gave, for a line of its own.
     */
    int (*check)(const struct conf_section *section, struct err *err);
};

/* One kind of section: "[domain NAME]" (named) or "[sync]" (at most once). */
struct conf_kind {
    const char *name;
    bool named;
    bool required;                       /* at least one must be written */
    const struct conf_item *items;       /* for every variant; may be NULL */
    const struct conf_variant *variants; /* NULL, or an array that ends with a NULL name: then "type =" is required */
    /*
     * As the variant's check. It may put the name into another form by filling *ret_name from mem_ (IDN to A-labels).
     * It is called for sections with faults too, for the sake of the name, and its error is then dropped.
     */
    int (*check)(const struct conf_section *section, char **ret_name, struct err *err);
    const char *example; /* name used in the sample */
    const char *help;
};

struct conf_schema {
    const struct conf_kind *kinds; /* ends with a NULL name; this order is the sample's order */
    const char *about;             /* first sentences of the sample; NULL: those of the configuration */
};

struct conf;

/*
 * Reads path and then every *.conf of the directory "conf.d" beside it, in byte order of their names; the same section
 * in two places is an error. On error err->kind is ERR_CONFIG and err->text one line per fault, in the order of files
 * and lines; errors beyond what err->text holds are written to problems in full when that is not NULL. *ret is set only
 * on success.
 */
int conf_load(const char *path, const struct conf_schema *schema, struct conf **ret, struct buf *problems,
              struct err *err);
/* The same of one file alone, which is written as a configuration is but is none. */
int conf_load_file(const char *path, const struct conf_schema *schema, struct conf **ret, struct err *err);
/* Another owner of the same, which lives until the last one frees it. Any thread may read it. */
struct conf *conf_share(struct conf *conf);
void conf_free(struct conf **conf);

/*
 * The checked result written as a configuration that parses to itself: every key with its value or default, no
 * comments. Paths, never the contents of secret files.
 */
void conf_print(const struct conf *conf, struct buf *out);
/* Digest of conf_print, for "which configuration was this plan made from": 64 hexadecimal characters. */
const char *conf_digest(const struct conf *conf);

/* The commented sample with every section, key, default, range and help of the schema. */
void conf_sample(const struct conf_schema *schema, struct buf *out);
/* The same rows as help for a terminal: one section, or all when kind is NULL. -1: there is no such kind. */
int conf_help(const struct conf_schema *schema, const char *kind, struct buf *out);

/*
 * The section of this kind and name (name NULL for kinds without one), or NULL. Unnamed kinds that were not written are
 * there with defaults.
 */
const struct conf_section *conf_find(const struct conf *conf, const char *kind, const char *name);
/* The sections of a kind in the order written: conf_next(conf, kind, NULL) is the first, NULL ends. */
const struct conf_section *conf_next(const struct conf *conf, const char *kind, const struct conf_section *after);

const char *conf_name(const struct conf_section *section);    /* "" for kinds without a name */
const char *conf_variant(const struct conf_section *section); /* the value of "type", or "" */
const char *conf_where(const struct conf_section *section);   /* "FILE:LINE" of its header */

/*
 * Values, checked and with the default in place. The key must stand in the rows and have the type asked for: anything
 * else is a mistake of the program and ends it with a message (never reached by input).
 */
/* Any text-like type; the first value of a repeatable key. NULL: not written, no default. */
const char *conf_str(const struct conf_section *section, const char *key);
/* CONF_INT, CONF_DURATION in seconds and CONF_MILLIS in milliseconds. 0: not written, no default. */
int64_t conf_int(const struct conf_section *section, const char *key);
bool conf_bool(const struct conf_section *section, const char *key);
/* Its header stands in a file: sections without a name are there with defaults when it does not. */
bool conf_written(const struct conf_section *section);
/* Written, not from the default. */
bool conf_has(const struct conf_section *section, const char *key);
/* A repeatable key: its values in order, the same one never twice. */
size_t conf_count(const struct conf_section *section, const char *key);
const char *conf_at(const struct conf_section *section, const char *key, size_t i);
/* "FILE:LINE" of the key's i-th value, or of the section when it was not written. For messages. */
const char *conf_where_key(const struct conf_section *section, const char *key, size_t i);

#endif
