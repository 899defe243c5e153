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

/* Of four characters, one alone carries nothing whole. */
bool encode_is_base64url(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return text.n % 4 != 1;
}

bool encode_is_compact(struct span text)
{
    for (int dots = 2; dots > 0; dots--) {
        const char *dot = text.n ? memchr(text.p, '.', text.n) : NULL;
        if (!dot || !encode_is_base64url((struct span){text.p, (size_t)(dot - text.p)}))
            return false;
        text = (struct span){dot + 1, text.n - (size_t)(dot - text.p) - 1};
    }
    return encode_is_base64url(text);
}
