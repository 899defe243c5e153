/* All attributes of the assertion, as they were sent. */
#include "base/text.h"
#include "saml/inspect.h"
#include "saml/node.h"
#include "saml/saml.h"

static void read_values(struct pool *pool, const xmlNode *attribute, struct saml_attribute *ret)
{
    const char **values =
        pool_alloc(pool, (node_count(attribute, SAML_NS_ASSERTION, "AttributeValue") + 1) * sizeof *values);
    for (const xmlNode *v = node_child(attribute, SAML_NS_ASSERTION, "AttributeValue"); v;
         v = node_sibling(v, SAML_NS_ASSERTION, "AttributeValue")) {
        const char *text = node_text(pool, v);
        if (text)
            values[ret->nvalues++] = text;
    }
    ret->values = values;
}

void saml_read_attributes(struct inspection *in)
{
    size_t room = 0;
    for (const xmlNode *s = node_child(in->assertion, SAML_NS_ASSERTION, "AttributeStatement"); s;
         s = node_sibling(s, SAML_NS_ASSERTION, "AttributeStatement"))
        room += node_count(s, SAML_NS_ASSERTION, "Attribute");
    struct saml_attribute *list = pool_zero(in->pool, (room + 1) * sizeof *list);
    size_t n = 0;
    for (const xmlNode *s = node_child(in->assertion, SAML_NS_ASSERTION, "AttributeStatement"); s;
         s = node_sibling(s, SAML_NS_ASSERTION, "AttributeStatement")) {
        for (const xmlNode *a = node_child(s, SAML_NS_ASSERTION, "Attribute"); a;
             a = node_sibling(a, SAML_NS_ASSERTION, "Attribute")) {
            const char *name = node_attr(a, "Name"), *friendly = node_attr(a, "FriendlyName");
            if (!name || !*name)
                continue;
            list[n].name = pool_strdup(in->pool, name);
            list[n].friendly_name = friendly ? pool_strdup(in->pool, friendly) : NULL;
            read_values(in->pool, a, &list[n++]);
        }
    }
    in->claimed->attributes = list;
    in->claimed->nattributes = n;
}
