/*
 * A schema of its own for the suites of src/conf: one key of every type, so that the product's rows can change without
 * them.
 */
#ifndef UNIT_CONF_ROWS_H
#define UNIT_CONF_ROWS_H

#include "base/mem.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/rows.h"

static const char *const test_colours[] = {"red", "green", "blue", NULL};
static const char *const test_none[] = {"none", NULL};

static const struct conf_item test_types[] = {
    {.key = "text", .type = CONF_TEXT, .example = "some words", .help = "Any text."},
    {.key = "list", .type = CONF_TEXT, .repeatable = true, .example = "a, b", .help = "Several texts."},
    {.key = "int", .type = CONF_INT, .def = "5", .min = 1, .max = 100, .unit = "people", .help = "A number."},
    {.key = "any-int", .type = CONF_INT, .example = "0", .help = "A number without a range."},
    {.key = "bool", .type = CONF_BOOL, .def = "yes", .help = "Yes or no."},
    {.key = "duration", .type = CONF_DURATION, .def = "2h", .min = 60, .max = 86400, .help = "A time."},
    {.key = "wait", .type = CONF_MILLIS, .example = "500ms", .min = 1, .max = 3600000, .help = "A short time."},
    {.key = "colour", .type = CONF_CHOICE, .def = "green", .choices = test_colours, .help = "A colour."},
    {.key = "file", .type = CONF_FILE, .choices = test_none, .example = "none", .help = "A file, or none."},
    {.key = "secret", .type = CONF_SECRET_FILE, .example = "/etc/secret", .help = "A secret."},
    {.key = "path", .type = CONF_PATH, .def = "/var/lib/here", .help = "A path."},
    {.key = "email", .type = CONF_EMAIL, .example = "a@example.com", .help = "An address."},
    {.key = "url", .type = CONF_URL, .example = "https://example.com", .help = "A URL."},
    {.key = "ref", .type = CONF_REF, .ref = "directory", .example = "hq", .help = "A directory."},
    {0},
};

static const struct conf_item test_ldap[] = {
    {.key = "uri",
     .type = CONF_TEXT,
     .required = true,
     .repeatable = true,
     .example = "ldaps://dc1.example.com",
     .help = "Where it is."},
    {.key = "base", .type = CONF_TEXT, .required = true, .example = "DC=example,DC=com", .help = "Where to begin."},
    {.key = "bind-dn", .type = CONF_TEXT, .example = "CN=doorward,DC=example,DC=com", .help = "Who we are."},
    {0},
};

static const struct conf_item test_ldif[] = {
    {.key = "file", .type = CONF_FILE, .required = true, .example = "/etc/people.ldif", .help = "The file."},
    {0},
};

static const struct conf_item test_directory[] = {
    {.key = "page", .type = CONF_INT, .def = "1000", .min = 0, .max = 10000, .help = "Entries in a page."},
    {0},
};

static int test_check_ldap(const struct conf_section *section, struct err *err)
{
    for (size_t i = 0; i < conf_count(section, "uri"); i++)
        if (strncmp(conf_at(section, "uri", i), "ldap", 4) != 0)
            return err_set(err, ERR_CONFIG, "%s: uri '%s' is not an LDAP URI; write ldaps://HOST",
                           conf_where_key(section, "uri", i), conf_at(section, "uri", i));
    if (conf_has(section, "bind-dn") && conf_int(section, "page") == 0)
        return err_set(err, ERR_CONFIG, "bind-dn goes with a page; write page = 1000");
    return 0;
}

/* Stands for the model's normalisation: lower case, and a U-label whose A-label is known. */
static int test_check_domain(const struct conf_section *section, char **ret_name, struct err *err)
{
    if (!strchr(conf_name(section), '.'))
        return err_set(err, ERR_CONFIG, "domain '%s': not a domain; write the whole name", conf_name(section));
    *ret_name =
        mem_strdup(strcmp(conf_name(section), "bücher.example") == 0 ? "xn--bcher-kva.example" : conf_name(section));
    text_lower_ascii(*ret_name);
    return 0;
}

static const struct conf_variant test_directory_types[] = {
    {.name = "ldap", .help = "A server.", .items = test_ldap, .check = test_check_ldap},
    {.name = "ldif", .help = "A file.", .items = test_ldif},
    {.name = "empty", .help = "Nothing."},
    {0},
};

static const struct conf_kind test_kinds[] = {
    {.name = "organization", .required = true, .items = conf_rows_organization, .help = "Who."},
    {.name = "domain",
     .named = true,
     .items = test_types,
     .check = test_check_domain,
     .example = "example.com",
     .help = "A domain."},
    {.name = "directory",
     .named = true,
     .items = test_directory,
     .variants = test_directory_types,
     .example = "hq",
     .help = "People and groups."},
    {.name = "types", .items = test_types, .help = "One of each."},
    {.name = "dns", .items = conf_rows_dns, .check = conf_check_dns, .help = "Names."},
    {0},
};

static const struct conf_schema test_schema = {.kinds = test_kinds};

#endif
