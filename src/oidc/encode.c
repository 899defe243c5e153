#include "oidc/encode.h"

#include "base/text.h"
#include "saml/base64.h"

void encode_param(const char *name, const char *value, struct buf *out)
{
    if (out->len && !strchr("?&", out->data[out->len - 1]))
        buf_addc(out, '&');
    buf_adds(out, name);
    buf_addc(out, '=');
    text_percent(out, span_str(value));
}

void encode_base64url(struct span bytes, struct buf *out)
{
    size_t from = out->len;
    saml_base64_encode(bytes, out);
    while (out->len > from && out->data[out->len - 1] == '=')
        out->data[--out->len] = '\0';
    for (size_t i = from; i < out->len; i++)
        out->data[i] = out->data[i] == '+' ? '-' : out->data[i] == '/' ? '_' : out->data[i];
}
