/*
 * Whatever stands in a query, a form or a Cookie header: no crash; what is found is no longer than what was sent, ends with a NUL, and is found
 * again as it was.
 *
 *   build/fuzz/fuzz_form build/fuzz/corpus/form tests/data/form
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "net/form.h"

#define MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_form(struct pool *pool, struct span text, const char *name)
{
    struct span value = {0}, again = {0};
    CLEANUP(buf_release) struct buf written = BUF_INIT;
    int found = form_find(pool, text, name, MAX, &value);
    require(found >= -1 && found <= 1 && (found == 1) == (value.p != NULL));
    if (found != 1)
        return;
    require(value.n <= text.n && value.p[value.n] == '\0');
    text_percent(&written, span_str(name));
    buf_adds(&written, "=");
    text_percent(&written, value);
    require(form_find(pool, (struct span){buf_str(&written), written.len}, name, MAX, &again) == 1 && span_eq(value, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"email", "SAMLResponse", "RelayState", "a b", "", "\xED\x95\x9C"};
    static const char *const cookies[] = {"__Host-doorward-session", "doorward-browser", "a", ""};
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct span text = {(const char *)data, size};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_form(pool, text, names[i]);
    const char *header = pool_strndup(pool, size ? text.p : "", size);
    for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++) {
        const char *value = cookie_find(pool, header, cookies[i]);
        require(!value || (strlen(value) <= size && !strchr(value, ';')));
    }
    return 0;
}
