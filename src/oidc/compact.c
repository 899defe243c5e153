#include "oidc/compact.h"

#include "base/cleanup.h"
#include "oidc/encode.h"

int compact_sign(const struct keypair *key, const char *header, const char *claims, struct buf *ret, struct err *err)
{
    CLEANUP(buf_release) struct buf word = BUF_INIT;
    CLEANUP(buf_release) struct buf signature = BUF_INIT;
    encode_base64url(span_str(header), &word);
    buf_addc(&word, '.');
    encode_base64url(span_str(claims), &word);
    if (keypair_sign(key, (struct span){word.data, word.len}, &signature, err) != 0)
        return -1;
    buf_addc(&word, '.');
    encode_base64url((struct span){signature.data, signature.len}, &word);
    buf_add(ret, word.data, word.len);
    return 0;
}
