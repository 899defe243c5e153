/*
 * Names from a directory. Whatever comes in: no crash; a normal form is its own normal form; and a name that took the
 * fast path has the same form when one of its letters is escaped, which sends it the long way.
 *
 *   clang -fsanitize=fuzzer,address,undefined …; fuzz_dn -max_len=512
 */
#include <ctype.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "connectors/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* The name with the first letter of its first value as two hexadecimal digits; false when there is none to escape. */
static bool escape_one(struct span dn, struct buf *ret)
{
    const char *equals = memchr(dn.p, '=', dn.n);
    size_t at = equals ? (size_t)(equals - dn.p) + 1 : dn.n;
    if (at >= dn.n || !isalnum((unsigned char)dn.p[at]))
        return false;
    buf_add(ret, dn.p, at);
    buf_printf(ret, "\\%02x", (unsigned char)dn.p[at]);
    buf_add(ret, dn.p + at + 1, dn.n - at - 1);
    return true;
}

/* What stands above a normal form is one too, and the name is below it. */
static void check_parent(struct dn_keyer *keyer, const struct buf *form)
{
    CLEANUP(buf_release) struct buf above = BUF_INIT;
    struct span parent = dn_parent((struct span){form->data, form->len});
    if (parent.n == 0)
        return;
    require(dn_normalise(keyer, parent, &above) == 0);
    require(above.len == parent.n && memcmp(above.data, parent.p, parent.n) == 0);
    require(dn_is_below(form->data, above.data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(dn_keyer_free) struct dn_keyer *keyer = dn_keyer_new();
    CLEANUP(buf_release) struct buf form = BUF_INIT;
    CLEANUP(buf_release) struct buf again = BUF_INIT;
    CLEANUP(buf_release) struct buf escaped = BUF_INIT;
    CLEANUP(buf_release) struct buf other = BUF_INIT;
    struct span dn = {size ? (const char *)data : NULL, size};
    struct key128 key;
    dn_keyer_alias(keyer, dn, &key);
    if (dn_normalise(keyer, dn, &form) != 0)
        return 0;
    if (form.len <= 4096) {
        require(dn_normalise(keyer, (struct span){form.data, form.len}, &again) == 0);
        require(strcmp(form.data, again.data) == 0);
        check_parent(keyer, &form);
    }
    if (!memchr(data, '\\', size) && escape_one(dn, &escaped) &&
        dn_normalise(keyer, (struct span){escaped.data, escaped.len}, &other) == 0)
        require(strcmp(form.data, other.data) == 0);
    return 0;
}
