#include "connectors/ldap/walk.h"

#include "base/cleanup.h"

static void free_ber(BerElement **ber)
{
    if (*ber)
        ber_free(*ber, 0); /* the bytes belong to the message */
}

static struct span view(const struct berval *bv)
{
    return (struct span){bv->bv_len ? bv->bv_val : NULL, bv->bv_len};
}

/* PartialAttribute (RFC 4511 section 4.1.7): SEQUENCE { type, SET OF value } */
static int walk_attribute(BerElement *ber, struct raw *raw)
{
    ber_len_t len;
    struct berval bv;
    if (ber_skip_tag(ber, &len) != LBER_SEQUENCE || ber_skip_element(ber, &bv) != LBER_OCTETSTRING)
        return -1;
    raw_attr(raw, view(&bv));
    if (ber_skip_tag(ber, &len) != LBER_SET || ber_remaining(ber) < 0 || len > (ber_len_t)ber_remaining(ber))
        return -1;
    ber_len_t rest = (ber_len_t)ber_remaining(ber) - len;
    while ((ber_len_t)ber_remaining(ber) > rest) {
        if (ber_skip_element(ber, &bv) != LBER_OCTETSTRING || raw->nvalues == WALK_MAX)
            return -1;
        raw_value(raw, view(&bv));
    }
    return (ber_len_t)ber_remaining(ber) == rest ? 0 : -1;
}

static int walk_attributes(LDAP *ld, LDAPMessage *entry, struct raw *raw, struct span *ret_name)
{
    CLEANUP(free_ber) BerElement *ber = NULL;
    struct berval dn;
    if (ldap_get_dn_ber(ld, entry, &ber, &dn) != LDAP_SUCCESS)
        return -1;
    *ret_name = view(&dn);
    while (ber_remaining(ber) > 0)
        if (raw->nattrs == WALK_MAX || walk_attribute(ber, raw) != 0)
            return -1;
    return 0;
}

int walk_entry(LDAP *ld, LDAPMessage *entry, struct raw *raw)
{
    raw_start(raw, (struct span){NULL, 0});
    return walk_attributes(ld, entry, raw, &raw->name);
}

int walk_more(LDAP *ld, LDAPMessage *entry, struct raw *raw)
{
    struct span name;
    return walk_attributes(ld, entry, raw, &name);
}
