#include "conf/value.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

struct job {
    struct pool *pool;
    const char *folder;
    const struct conf_item *item;
    const char *text;
    struct conf_value *ret;
    struct err *err;
};

DEFINE_CLEANUP(curlu_freep, CURLU *, curl_url_cleanup)

static const char *quoted(const struct job *job)
{
    struct span s = span_str(job->text);
    bool cut = s.n > 200;
    s.n = cut ? 200 : s.n;
    return pool_printf(job->pool, "'%s%s'", text_printable(job->pool, s), cut ? "…" : "");
}

static int refuse(const struct job *job, const char *fault)
{
    return err_set(job->err, ERR_CONFIG, "%s %s %s; write %s", job->item->key, quoted(job), fault,
                   value_rule(job->pool, job->item));
}

/* Digits only, so that no sign, space or other base gets through; -1 also when it does not fit. */
static int read_digits(const char *text, size_t n, int64_t *ret)
{
    int64_t number = 0;
    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[i] - '0', &number))
            return -1;
    *ret = number;
    return 0;
}

static int check_range(const struct job *job, int64_t number)
{
    const struct conf_item *item = job->item;
    if ((item->min || item->max) && (number < item->min || number > item->max))
        return refuse(job, number < item->min ? "is too small" : "is too large");
    job->ret->number = number;
    return 0;
}

static int check_text(const struct job *job)
{
    (void)job;
    return 0;
}

static int check_int(const struct job *job)
{
    int64_t number;
    if (read_digits(job->text, strlen(job->text), &number) != 0)
        return refuse(job, "is not a number");
    return check_range(job, number);
}

static int check_percent(const struct job *job)
{
    int64_t number;
    size_t n = strlen(job->text);
    if (job->text[n - 1] != '%' || read_digits(job->text, n - 1, &number) != 0)
        return refuse(job, "is not a percentage");
    return check_range(job, number);
}

struct unit {
    const char *name;
    int64_t size;
};

/* units: from the largest down, and NULL behind. */
static const struct unit seconds[] = {{"w", 604800}, {"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {0}};
static const struct unit milliseconds[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {0}};

static int check_measure(const struct job *job, const struct unit *units)
{
    size_t n = strspn(job->text, "0123456789");
    int64_t number;
    if (read_digits(job->text, n, &number) != 0)
        return refuse(job, "is not a duration");
    for (const struct unit *u = units; u->name; u++)
        if (strcmp(u->name, job->text + n) == 0)
            return __builtin_mul_overflow(number, u->size, &number) ? refuse(job, "is too large")
                                                                    : check_range(job, number);
    return refuse(job, "is not a duration");
}

static int check_duration(const struct job *job)
{
    return check_measure(job, seconds);
}

static int check_millis(const struct job *job)
{
    return check_measure(job, milliseconds);
}

static int check_bool(const struct job *job)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!text_same_ascii(job->text, words[i]))
            continue;
        job->ret->number = i % 2;
        job->ret->text = words[i % 2];
        return 0;
    }
    return refuse(job, "is neither yes nor no");
}

static const char *choice_of(const struct conf_item *item, const char *text)
{
    for (size_t i = 0; item->choices && item->choices[i]; i++)
        if (text_same_ascii(item->choices[i], text))
            return item->choices[i];
    return NULL;
}

static int check_choice(const struct job *job)
{
    size_t n = 0;
    while (job->item->choices[n])
        n++;
    const char *near = text_nearest(job->text, job->item->choices, n);
    if (near)
        return err_set(job->err, ERR_CONFIG, "%s %s is not known; did you mean '%s'? It can be %s", job->item->key,
                       quoted(job), near, value_rule(job->pool, job->item));
    return refuse(job, "is not known");
}

static int check_path(const struct job *job)
{
    if (*job->text != '/' && job->folder)
        job->ret->text = pool_printf(job->pool, "%s/%s", job->folder, job->text);
    return 0;
}

static int check_file_with(const struct job *job, int (*check)(const char *path, struct err *err))
{
    struct err why = ERR_INIT;
    check_path(job);
    if (!job->folder || check(job->ret->text, &why) == 0)
        return 0;
    return err_set(job->err, ERR_CONFIG, "%s: %s%s", job->item->key, why.text,
                   why.kind == ERR_NOT_FOUND ? "; create the file or correct the path" : "");
}

static int check_file(const struct job *job)
{
    return check_file_with(job, file_check);
}

static int check_secret_file(const struct job *job)
{
    return check_file_with(job, file_check_secret);
}

static bool is_mail_domain(const char *domain)
{
    size_t label = 0;
    for (const char *p = domain; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool good = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!good && (c != '.' || label == 0))
            return false;
        label = c == '.' ? 0 : label + 1;
    }
    return label > 0;
}

static int check_email(const struct job *job)
{
    const char *at = strrchr(job->text, '@');
    size_t local = at ? (size_t)(at - job->text) : 0;
    if (local == 0 || local > 64 || strlen(job->text) > 254 || strcspn(job->text, " \"(),:;<>@[\\]") != local ||
        !is_mail_domain(at + 1))
        return refuse(job, "is not an e-mail address");
    return 0;
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    return text_same_ascii(host, "localhost") || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
}

static bool url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static int check_url(const struct job *job)
{
    CLEANUP(curlu_freep) CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    if (!url || strchr(job->text, ' ') ||
        curl_url_set(url, CURLUPART_URL, job->text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return refuse(job, "is not a URL");
    if (url_has(url, CURLUPART_USER) || url_has(url, CURLUPART_PASSWORD))
        return refuse(job, "names a user");
    if (url_has(url, CURLUPART_FRAGMENT) || strchr(job->text, '#'))
        return refuse(job, "has a fragment");
    bool parts = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    bool safe = parts && (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host)));
    curl_free(scheme);
    curl_free(host);
    if (!safe)
        return refuse(job, "is not https");
    size_t n = strlen(job->text);
    while (!job->item->as_written && !strchr(job->text, '?') && n && job->text[n - 1] == '/')
        n--;
    job->ret->text = pool_strndup(job->pool, job->text, n);
    return 0;
}

static int (*const checks[])(const struct job *) = {
    [CONF_TEXT] = check_text,         [CONF_INT] = check_int,
    [CONF_BOOL] = check_bool,         [CONF_PERCENT] = check_percent,
    [CONF_DURATION] = check_duration, [CONF_CHOICE] = check_choice,
    [CONF_FILE] = check_file,         [CONF_PATH] = check_path,
    [CONF_EMAIL] = check_email,       [CONF_SECRET_FILE] = check_secret_file,
    [CONF_URL] = check_url,           [CONF_REF] = check_text,
    [CONF_MILLIS] = check_millis,
};

int value_check(struct pool *pool, const char *folder, const struct conf_item *item, const char *text,
                struct conf_value *ret, struct err *err)
{
    struct conf_value value = {.text = text};
    struct job job = {pool, folder, item, text, &value, err};
    if (!*text)
        return err_set(err, ERR_CONFIG, "%s has no value; write %s, or remove the line", item->key,
                       value_rule(pool, item));
    if (strlen(text) > CONF_VALUE_MAX)
        return err_set(err, ERR_CONFIG, "%s is longer than the limit of %d bytes; shorten it", item->key,
                       CONF_VALUE_MAX);
    if (!text_is_clean(span_str(text)))
        return err_set(err, ERR_CONFIG, "%s %s contains a control character; remove it", item->key, quoted(&job));
    const char *choice = choice_of(item, text);
    if (choice)
        value.text = choice;
    else if (checks[item->type](&job) != 0)
        return -1;
    *ret = value;
    return 0;
}

static const char *rule_choices(struct pool *pool, const struct conf_item *item)
{
    const char *text = item->choices[0];
    for (size_t i = 1; item->choices[i]; i++)
        text = pool_printf(pool, "%s%s%s", text, item->choices[i + 1] ? ", " : " or ", item->choices[i]);
    return text;
}

static const char *rule_int(struct pool *pool, const struct conf_item *item)
{
    const char *unit = item->unit ? pool_printf(pool, " of %s", item->unit) : "";
    if (!item->min && !item->max)
        return pool_printf(pool, "a number%s", unit);
    return pool_printf(pool, "a number%s from %" PRId64 " to %" PRId64, unit, item->min, item->max);
}

static const char *rule_percent(struct pool *pool, const struct conf_item *item)
{
    return pool_printf(pool, "a number and %%, from %" PRId64 "%% to %" PRId64 "%%", item->min, item->max);
}

static const char *rule_duration(struct pool *pool, const struct conf_item *item)
{
    char min[CLOCK_TEXT_MAX], max[CLOCK_TEXT_MAX];
    if (!item->min && !item->max)
        return "a number and s, m, h, d or w, such as 15m";
    return pool_printf(pool, "a number and s, m, h, d or w, from %s to %s", clock_format_duration(item->min, min),
                       clock_format_duration(item->max, max));
}

static const char *millis_text(struct pool *pool, int64_t number)
{
    const struct unit *u = milliseconds;
    while (u->size > 1 && (number == 0 || number % u->size != 0))
        u++;
    return pool_printf(pool, "%" PRId64 "%s", number / u->size, u->name);
}

static const char *rule_millis(struct pool *pool, const struct conf_item *item)
{
    if (!item->min && !item->max)
        return "a number and ms, s, m or h, such as 500ms";
    return pool_printf(pool, "a number and ms, s, m or h, from %s to %s", millis_text(pool, item->min),
                       millis_text(pool, item->max));
}

static const char *rule_ref(struct pool *pool, const struct conf_item *item)
{
    return pool_printf(pool, "the name of a [%s] section", item->ref);
}

const char *value_rule(struct pool *pool, const struct conf_item *item)
{
    static const struct {
        const char *text;
        const char *(*make)(struct pool *pool, const struct conf_item *item);
    } rules[] = {
        [CONF_TEXT] = {"a line of text", NULL},
        [CONF_INT] = {NULL, rule_int},
        [CONF_BOOL] = {"yes or no", NULL},
        [CONF_PERCENT] = {NULL, rule_percent},
        [CONF_DURATION] = {NULL, rule_duration},
        [CONF_MILLIS] = {NULL, rule_millis},
        [CONF_CHOICE] = {NULL, rule_choices},
        [CONF_FILE] = {"the path of a file", NULL},
        [CONF_SECRET_FILE] = {"the path of a file that nobody else may read", NULL},
        [CONF_PATH] = {"a path", NULL},
        [CONF_EMAIL] = {"an e-mail address, NAME@DOMAIN", NULL},
        [CONF_URL] = {"https://HOST/PATH (http:// only to this machine) without user and fragment", NULL},
        [CONF_REF] = {NULL, rule_ref},
    };
    const char *text = rules[item->type].make ? rules[item->type].make(pool, item) : rules[item->type].text;
    if (item->type != CONF_CHOICE && item->choices)
        return pool_printf(pool, "%s, or %s", text, rule_choices(pool, item));
    return text;
}
