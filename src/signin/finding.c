#include "signin/finding.h"

#include <string.h>

#include "base/text.h"
#include "signin/signin.h"

/* --- of SAML --------------------------------------------------------------------------------------------------------- */

static const struct claim *saml_claim(const struct saml_identity *who, const char *connection, struct pool *pool)
{
    struct claim *claim = pool_zero(pool, sizeof *claim);
    *claim = (struct claim){.id = who->field[SAML_IMMUTABLE_ID],
                            .email = who->field[SAML_EMAIL],
                            .given_name = who->field[SAML_GIVEN_NAME],
                            .family_name = who->field[SAML_FAMILY_NAME],
                            .issuer = who->issuer,
                            .subject = who->name_id,
                            .subject_format = who->name_id_format,
                            .session = who->session_index ? who->session_index : "",
                            .context = who->authn_context ? who->authn_context : "",
                            .hint = who->name_id_qualifiers,
                            .signed_in_at = who->authn_instant,
                            .session_expires = who->session_expires,
                            .once_kind = SIGNIN_ASSERTION,
                            .once_value = finding_assertion(pool, connection, who->assertion_id),
                            .once_until = who->expires + SAML_SKEW_MAX};
    return claim;
}

static void saml_sent(const struct saml_identity *who, struct pool *pool, struct finding *ret)
{
    struct finding_field *fields = pool_zero(pool, SAML_FIELD_COUNT * sizeof *fields);
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        fields[f] = (struct finding_field){saml_field_names[f], who->field[f], who->source[f]};
    struct finding_attribute *attributes = pool_zero(pool, (who->nattributes + 1) * sizeof *attributes);
    for (size_t i = 0; i < who->nattributes; i++)
        attributes[i] = (struct finding_attribute){who->attributes[i].name, who->attributes[i].values,
                                                   who->attributes[i].nvalues};
    ret->fields = fields;
    ret->nfields = SAML_FIELD_COUNT;
    ret->attributes = attributes;
    ret->nattributes = who->nattributes;
}

const char *finding_assertion(struct pool *pool, const char *connection, const char *id)
{
    return id ? pool_printf(pool, "%s %s", connection, id) : NULL;
}

void finding_of_saml(const struct saml_report *report, const char *connection, struct pool *pool, struct finding *ret)
{
    *ret = (struct finding){
        .passed = report->identity != NULL, .checks = report->checks, .nchecks = report->nchecks};
    if (!report->claimed)
        return;
    ret->claim = saml_claim(report->claimed, connection, pool);
    saml_sent(report->claimed, pool, ret);
}

/* --- the report ------------------------------------------------------------------------------------------------------ */

/* Valid UTF-8 whatever was sent, and no longer than can be shown. */
static json_t *text_json(const char *text, struct pool *pool)
{
    if (!text)
        return json_null();
    struct span s = span_str(text);
    if (s.n > FINDING_VALUE_MAX)
        s.n = FINDING_VALUE_MAX;
    return json_string(text_printable(pool, s));
}

static json_t *attributes_json(const struct finding *f, struct pool *pool)
{
    json_t *all = json_object();
    size_t room = FINDING_VALUES_MAX;
    for (size_t i = 0; i < f->nattributes && room; i++) {
        json_t *values = json_array();
        for (size_t v = 0; v < f->attributes[i].nvalues && room; v++, room--)
            json_array_append_new(values, text_json(f->attributes[i].values[v], pool));
        const char *name = f->attributes[i].name;
        size_t n = strlen(name) < FINDING_VALUE_MAX ? strlen(name) : FINDING_VALUE_MAX;
        json_object_set_new(all, text_printable(pool, (struct span){name, n}), values);
        room -= room > 0;
    }
    return all;
}

static json_t *identity_json(const struct finding *f, struct pool *pool)
{
    json_t *mapped = json_object(), *sources = json_object();
    for (size_t i = 0; i < f->nfields; i++) {
        json_object_set_new(mapped, f->fields[i].name, text_json(f->fields[i].value, pool));
        json_object_set_new(sources, f->fields[i].name, text_json(f->fields[i].source, pool));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "issuer", text_json(f->claim->issuer, pool), "name_id",
                     text_json(f->claim->subject, pool), "mapped", mapped, "sources", sources, "attributes",
                     attributes_json(f, pool));
}

static void add_checks(json_t *list, const struct check *checks, size_t n, struct pool *pool)
{
    static const char *const outcomes[] = {
        [CHECK_PASSED] = "passed", [CHECK_FAILED] = "failed", [CHECK_SKIPPED] = "skipped"};
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "code", checks[i].code, "title", checks[i].title,
                                              "result", outcomes[checks[i].outcome], "detail",
                                              text_json(checks[i].detail, pool)));
}

json_t *finding_report(const char *connection, const struct finding *f, const struct check *more, size_t nmore,
                       const char *fault, struct pool *pool)
{
    json_t *checks = json_array();
    add_checks(checks, f->checks, f->nchecks, pool);
    add_checks(checks, more, nmore, pool);
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "connection", connection, "passed", !fault, "checks", checks,
                     "identity", !fault && f->claim ? identity_json(f, pool) : json_null(), "claimed",
                     fault && f->claim ? identity_json(f, pool) : json_null(), "fault", text_json(fault, pool));
}
