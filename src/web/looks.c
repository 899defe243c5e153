#include "web/looks.h"

#include "base/cleanup.h"
#include "base/file.h"

#define CONTRAST_MIN 4.5 /* of white on the accent: WCAG 2.2, 1.4.3, level AA */

/* --- logo ------------------------------------------------------------------------------------------------------------ */

static bool begins(struct span s, const char *with, size_t n)
{
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* XML declaration, comments and a doctype may stand before it. */
static bool is_svg(struct span s)
{
    while (s.n && strchr(" \t\r\n\xef\xbb\xbf", *s.p))
        s.p++, s.n--;
    return s.n && *s.p == '<' && memmem(s.p, s.n < 4096 ? s.n : 4096, "<svg", 4) && !memchr(s.p, '\0', s.n);
}

/* By what it is, not by its name: NULL for anything else. */
static const char *type_of(struct span s)
{
    if (begins(s, "\x89PNG\r\n\x1a\n", 8))
        return "image/png";
    if (begins(s, "\xff\xd8\xff", 3))
        return "image/jpeg";
    return is_svg(s) ? "image/svg+xml" : NULL;
}

static int read_logo(const struct conf_section *serve, struct pool *pool, struct looks *ret, struct err *err)
{
    const char *path = conf_str(serve, "logo-file"), *where = conf_where_key(serve, "logo-file", 0);
    CLEANUP(buf_release) struct buf file = BUF_INIT;
    if (!path)
        return 0;
    if (file_read(path, LOGO_MAX, &file, err) != 0) {
        err->kind = ERR_CONFIG;
        return err_wrap(err, "%s: serve: logo-file", where);
    }
    struct span logo = {buf_str(&file), file.len};
    ret->logo_type = type_of(logo);
    if (!ret->logo_type)
        return err_set(err, ERR_CONFIG, "%s: serve: logo-file %s: neither PNG, JPEG nor SVG; convert it to one of them",
                       where, path);
    ret->logo = (struct span){pool_strndup(pool, logo.p, logo.n), logo.n};
    return 0;
}

/* --- colour ---------------------------------------------------------------------------------------------------------- */

/* x to the power of 2.4, between 0 and 1, by its fifth root: the mathematics library would be loaded for this alone. */
static double power(double x)
{
    double root = 1;
    for (int i = 0; i < 60; i++)
        root -= (root * root * root * root * root - x) / (5 * root * root * root * root);
    return x * x * root * root;
}

/* WCAG 2.2, "relative luminance" */
static double luminance(unsigned rgb)
{
    static const double weights[] = {0.0722, 0.7152, 0.2126};
    double sum = 0;
    for (int i = 0; i < 3; i++, rgb >>= 8) {
        double c = (rgb & 0xff) / 255.0;
        sum += weights[i] * (c <= 0.04045 ? c / 12.92 : power((c + 0.055) / 1.055));
    }
    return sum;
}

static int read_accent(const struct conf_section *serve, struct pool *pool, struct looks *ret, struct err *err)
{
    const char *text = conf_str(serve, "accent"), *where = conf_where_key(serve, "accent", 0);
    ret->style = "";
    if (!text)
        return 0;
    if (*text != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return err_set(err, ERR_CONFIG, "%s: serve: accent '%s' is no colour; write six digits: #0b57d0", where, text);
    double contrast = 1.05 / (luminance((unsigned)strtoul(text + 1, NULL, 16)) + 0.05);
    if (contrast < CONTRAST_MIN)
        return err_set(err, ERR_CONFIG,
                       "%s: serve: accent %s: white text on it has a contrast of %.1f, which many cannot read; take a "
                       "darker colour, of 4.5 and more",
                       where, text, contrast);
    ret->style = pool_printf(pool, ":root{--accent:%s}\n", text);
    return 0;
}

/* --- all ------------------------------------------------------------------------------------------------------------- */

int looks_read(const struct conf *conf, struct pool *pool, struct looks *ret, struct err *err)
{
    const struct conf_section *serve = conf_find(conf, "serve", NULL);
    const char *file = conf_str(serve, "texts-file");
    *ret = (struct looks){.logo = {NULL, 0}};
    texts_init(&ret->texts);
    if (read_logo(serve, pool, ret, err) != 0 || read_accent(serve, pool, ret, err) != 0)
        return -1;
    return file ? texts_replace(&ret->texts, file, pool, err) : 0;
}

int looks_check(const struct conf *conf, struct err *err)
{
    CLEANUP(pool_free) struct pool *pool = pool_new();
    struct looks looks;
    return looks_read(conf, pool, &looks, err);
}
