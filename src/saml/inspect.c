#include "saml/inspect.h"

#include <stdarg.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

#define SHORT 256 /* bytes that most texts have room in, so that they are made once */

static void say(struct inspection *in, const char *fmt, va_list ap)
{
    char text[SHORT];
    va_list again;
    if (!strchr(fmt, '%')) {
        in->detail = fmt; /* a literal */
        return;
    }
    va_copy(again, ap);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t size = (size_t)(n > 0 ? n : 0) + 1;
    char *kept = pool_alloc(in->pool, size);
    if (size <= sizeof text)
        memcpy(kept, text, size);
    else
        vsnprintf(kept, size, fmt, again);
    va_end(again);
    in->detail = kept;
}

enum check_outcome rule_passed(struct inspection *in, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(in, fmt, ap);
    va_end(ap);
    return CHECK_PASSED;
}

enum check_outcome rule_failed(struct inspection *in, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(in, fmt, ap);
    va_end(ap);
    return CHECK_FAILED;
}

enum check_outcome rule_skipped(struct inspection *in, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(in, fmt, ap);
    va_end(ap);
    return CHECK_SKIPPED;
}

const char *rule_shown(struct inspection *in, const char *value)
{
    size_t n = value ? strlen(value) : 0;
    if (!value)
        return "(missing)";
    return text_printable(in->pool, (struct span){value, n < 200 ? n : 200});
}

static void add(struct inspection *in, const struct rule *rule, enum check_outcome outcome, const char *detail)
{
    if (in->nchecks < in->room)
        in->checks[in->nchecks++] = (struct check){rule->code, rule->title, outcome, detail};
}

static void skip_from(struct inspection *in, const struct rules *rules, size_t first)
{
    for (size_t i = first; i < rules->n; i++)
        add(in, &rules->rule[i], CHECK_SKIPPED, "not looked at, since an earlier check failed");
}

void inspect_skip(struct inspection *in, const struct rules *rules)
{
    skip_from(in, rules, 0);
}

/*
 * What was taken from the document before its signature was looked at is not reported as true when the signature
 * failed.
 */
static void withdraw_claims(struct inspection *in, const struct rules *rules, size_t upto)
{
    for (size_t i = 0; i < upto; i++) {
        struct check *check = &in->checks[in->nchecks - 1 - upto + i];
        if (rules->rule[i].weight == RULE_CLAIM && check->outcome == CHECK_PASSED) {
            check->outcome = CHECK_SKIPPED;
            check->detail = "what the document says cannot be trusted";
        }
    }
}

bool inspect_run(struct inspection *in, const struct rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct rule *rule = &rules->rule[i];
        in->detail = "";
        enum check_outcome outcome = rule->check(in);
        add(in, rule, outcome, in->detail);
        if (outcome == CHECK_FAILED && rule->weight != RULE_PLAIN) {
            withdraw_claims(in, rules, i);
            skip_from(in, rules, i + 1);
            return false;
        }
    }
    return true;
}
