/*
 * From attributes to a person: which names mean what, and the forms in which values are compared with the directory's.
 */
#include "base/text.h"
#include "model/asserted.h"
#include "saml/inspect.h"
#include "saml/saml.h"

#define VALUE_MAX 1024 /* bytes, as an entry of a directory (ENTRY_VALUE_MAX) */
#define NAMES_MAX 20

#define CLAIM(name)     "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/" name
#define MICROSOFT(name) "http://schemas.microsoft.com/identity/claims/" name
#define MACE(name)      "urn:mace:dir:attribute-def:" name

/*
 * The names under which AD FS and Entra ID (claims), Okta, Google and Keycloak (plain; LDAP_ID is what Keycloak calls the id of its directory)
 * and Shibboleth (OIDs) send what a person is made of. The first that is there wins; names are compared without regard to ASCII case, since
 * people type them.
 */
static const char *const common_names[SAML_FIELD_COUNT][NAMES_MAX] = {
    [SAML_EMAIL] = {CLAIM("emailaddress"), "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
                    MACE("mail"), "email", "mail", "emailAddress", "user.email", "primaryEmail",
                    "http://schemas.xmlsoap.org/claims/EmailAddress"},
    [SAML_GIVEN_NAME] = {CLAIM("givenname"), "urn:oid:2.5.4.42", MACE("givenName"), "givenName", "given_name",
                         "given-name", "firstName", "first_name", "user.firstName"},
    [SAML_FAMILY_NAME] = {CLAIM("surname"), "urn:oid:2.5.4.4", MACE("sn"), "sn", "surname", "familyName", "family_name",
                          "family-name", "lastName", "last_name", "user.lastName"},
    [SAML_IMMUTABLE_ID] = {"objectGUID", "urn:oid:1.2.840.113556.1.4.2", MICROSOFT("objectidentifier"),
                           "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID", "entryUUID",
                           "urn:oid:1.3.6.1.1.16.4", "nsUniqueId", "immutableId",
                           "onPremisesImmutableId", "LDAP_ID", "ipaUniqueID", "urn:oid:2.16.840.1.113730.3.1.542",
                           CLAIM("objectguid"), "urn:oasis:names:tc:SAML:attribute:subject-id",
                           "urn:oid:1.3.6.1.4.1.5923.1.1.1.13", "uid", "urn:oid:0.9.2342.19200300.100.1.1"},
    [SAML_DISPLAY_NAME] = {MICROSOFT("displayname"), "urn:oid:2.16.840.1.113730.3.1.241", MACE("displayName"),
                           "displayName", "display_name", "display-name", "urn:oid:2.5.4.3", "cn",
                           "http://schemas.xmlsoap.org/claims/CommonName", CLAIM("name"), "name", "user.displayName"},
};

static bool is_usable(const char *value)
{
    return *value && strlen(value) <= VALUE_MAX && text_is_clean(span_str(value));
}

static const char *find_value(const struct saml_identity *who, const char *name, const char **ret_source)
{
    for (size_t i = 0; i < who->nattributes; i++) {
        const struct saml_attribute *a = &who->attributes[i];
        if (!text_same_ascii(a->name, name))
            continue;
        for (size_t v = 0; v < a->nvalues; v++) {
            if (is_usable(a->values[v])) {
                *ret_source = a->name;
                return a->values[v];
            }
        }
    }
    return NULL;
}

static void read_field(struct inspection *in, enum saml_field f)
{
    struct saml_identity *who = in->claimed;
    const char *const configured[NAMES_MAX] = {in->policy->attribute[f]};
    const char *const *names = configured[0] ? configured : common_names[f];
    for (size_t i = 0; i < NAMES_MAX && names[i] && !who->field[f]; i++)
        who->field[f] = find_value(who, names[i], &who->source[f]);
}

/*
 * A NameID stands in for an attribute only where its format says what it is, and only where no attribute was
 * configured.
 */
static void read_name_id(struct inspection *in)
{
    static const struct {
        enum saml_field field;
        const char *format;
    } stands_for[] = {{SAML_EMAIL, SAML_NAMEID_EMAIL}, {SAML_IMMUTABLE_ID, SAML_NAMEID_PERSISTENT}};
    struct saml_identity *who = in->claimed;
    for (size_t i = 0; i < sizeof stands_for / sizeof *stands_for; i++) {
        enum saml_field f = stands_for[i].field;
        if (who->field[f] || in->policy->attribute[f] || !who->name_id ||
            strcmp(who->name_id_format, stands_for[i].format) != 0)
            continue;
        who->field[f] = who->name_id;
        who->source[f] = "NameID";
    }
}

void saml_map_person(struct inspection *in)
{
    struct saml_identity *who = in->claimed;
    for (int f = 0; f < SAML_FIELD_COUNT; f++)
        read_field(in, (enum saml_field)f);
    read_name_id(in);
    if (who->field[SAML_IMMUTABLE_ID])
        who->field[SAML_IMMUTABLE_ID] = asserted_immutable_id(in->pool, who->field[SAML_IMMUTABLE_ID]);
}
