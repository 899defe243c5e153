#include "web/pages.h"

#include "base/text.h"

#include <string.h>

#include "base/cleanup.h"

/*
 * Colours have at least the contrast that WCAG 2.2 asks for at level AA, light and dark. Korean breaks lines between words, Japanese by its own
 * rules, and what has no place to break (an address) breaks anywhere.
 */
const char page_style[] =
    ":root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1b1f24;--soft:#4a525c;--line:#d5d9de;"
    "--field:#6b7480;--link:#0b57d0;--fault:#b3261e;--accent:#0b57d0}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1e2226;--ink:#e8eaed;--soft:#b4bac2;--line:#3a4047;"
    "--field:#8b939d;--link:#8ab4f8;--fault:#f2b8b5}}\n"
    "*{box-sizing:border-box}\n"
    "body{font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;margin:0;"
    "background:var(--page);color:var(--ink);overflow-wrap:anywhere}\n"
    ":lang(ko){font-family:system-ui,-apple-system,\"Malgun Gothic\",\"Apple SD Gothic Neo\",\"Noto Sans KR\","
    "\"Noto Sans CJK KR\",sans-serif;word-break:keep-all}\n"
    ":lang(ja){font-family:system-ui,-apple-system,\"Yu Gothic UI\",\"Hiragino Sans\",\"Noto Sans JP\","
    "\"Noto Sans CJK JP\",sans-serif;line-break:strict;word-break:auto-phrase}\n"
    ".page{max-width:27rem;margin:0 auto;padding:1rem}\n"
    "@media(min-height:40rem){.page{padding-top:10vh}}\n"
    "main{padding:1.5rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\n"
    "@media(min-width:30rem){main{padding:2rem}}\n"
    ".brand{margin:0 0 1.25rem;color:var(--soft)}.brand img{display:block;max-width:100%;max-height:4rem}\n"
    "h1{font-size:1.5rem;line-height:1.3;margin:0 0 1rem;text-wrap:balance}\n"
    "h2{font-size:1rem;margin:1.5rem 0 .75rem}p{margin:0 0 1rem}main>:last-child{margin-bottom:0}\n"
    "a{color:var(--link)}label{display:block}\n"
    "input,button{font:inherit;color:inherit}\n"
    "input[type=email]{display:block;width:100%;min-height:2.75rem;padding:.5rem .75rem;margin:.25rem 0 1rem;"
    "background:var(--card);border:1px solid var(--field);border-radius:.375rem}\n"
    "input[aria-invalid]{border-color:var(--fault)}\n"
    ".check{display:flex;gap:.625rem;align-items:flex-start;margin:0 0 1rem;padding:.25rem 0}\n"
    ".check input{flex:none;width:1.125rem;height:1.125rem;margin:.2rem 0 0;accent-color:var(--accent)}\n"
    "button{display:block;width:100%;min-height:2.75rem;padding:.5rem .75rem;border:1px solid transparent;"
    "border-radius:.375rem;background:var(--accent);color:#fff;font-weight:600;cursor:pointer}\n"
    "button:hover{text-decoration:underline}\n"
    ".second button{background:transparent;color:var(--ink);border-color:var(--field)}\n"
    ":focus-visible{outline:3px solid var(--ink);outline-offset:2px}\n"
    ".fault{border-left:4px solid var(--fault);padding-left:.875rem;margin:0 0 1.25rem}\n"
    ".fault p{margin:0 0 .25rem}#reference{font-family:ui-monospace,monospace;letter-spacing:.05em}\n"
    ".who strong{display:block;font-size:1.125rem}\n"
    "footer{padding:1rem .5rem;font-size:.875rem;color:var(--soft)}footer p{margin:0 0 .5rem}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0}\n"
    "footer a,main p a,nav span{display:inline-block;padding:.125rem 0}nav span{font-weight:600}\n";

/* --- pieces ---------------------------------------------------------------------------------------------------------- */

/* Adds what format says: "%" stands for the next text, escaped. Markup is ours, texts are not. */
static void add(struct buf *out, const char *format, const char *const *texts)
{
    for (; *format; format++) {
        if (*format == '%')
            text_markup(out, *texts++);
        else
            buf_addc(out, *format);
    }
}
#define ADD(out, format, ...) add(out, format, (const char *const[]){__VA_ARGS__})

static const char *say(const struct page_about *about, enum text text)
{
    return about->texts->text[about->language][text];
}

/* The text with value in place of name. */
static void say_with(struct buf *out, const struct page_about *about, enum text text, const char *name,
                     const char *value)
{
    const char *whole = say(about, text), *at = strstr(whole, name);
    CLEANUP(buf_release) struct buf before = BUF_INIT;
    buf_add(&before, whole, at ? (size_t)(at - whole) : strlen(whole));
    ADD(out, "%%%", buf_str(&before), at ? value : "", at ? at + strlen(name) : "");
}

static void begin(struct buf *out, const struct page_about *about, const char *title)
{
    ADD(out,
        "<!DOCTYPE html>\n<html lang=\"%\"><head><meta charset=\"utf-8\"><title>% - %</title>"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<meta name=\"color-scheme\" content=\"light dark\">"
        "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n"
        "<body><div class=\"page\"><main>",
        languages[about->language].tag, title, about->organization);
    if (about->logo)
        ADD(out, "<p class=\"brand\"><img src=\"/logo\" alt=\"%\"></p>\n", about->organization);
    else
        ADD(out, "<p class=\"brand\">%</p>\n", about->organization);
    ADD(out, "<h1>%</h1>\n", title);
}

static void add_languages(struct buf *out, const struct page_about *about)
{
    ADD(out, "<nav aria-label=\"%\"><ul>", say(about, TEXT_LANGUAGE));
    for (enum language l = 0; l < LANGUAGES; l++) {
        const char *tag = languages[l].tag, *name = languages[l].name;
        if (l == about->language)
            ADD(out, "<li><span lang=\"%\" aria-current=\"true\">%</span></li>", tag, name);
        else
            ADD(out, "<li><a href=\"?%lang=%\" lang=\"%\" hreflang=\"%\">%</a></li>", about->query, tag, tag, tag,
                name);
    }
    buf_adds(out, "</ul></nav>");
}

static void end(struct buf *out, const struct page_about *about)
{
    buf_adds(out, "</main>\n<footer>");
    if (about->contact)
        ADD(out, "<p>% <a href=\"mailto:%\">%</a></p>", say(about, TEXT_CONTACT), about->contact, about->contact);
    if (about->query)
        add_languages(out, about);
    buf_adds(out, "</footer></div></body></html>\n");
}

static void add_reference(struct buf *out, const struct page_about *about, const char *ref)
{
    if (ref)
        ADD(out, "<p>%: <strong id=\"reference\">%</strong></p>\n", say(about, TEXT_REFERENCE), ref);
}

/* --- pages ----------------------------------------------------------------------------------------------------------- */

static void add_handle(struct buf *out, const struct page_ask *ask)
{
    if (ask->handle)
        ADD(out, "<input type=\"hidden\" name=\"for\" value=\"%\">", ask->handle);
}

static void add_shortcut(struct buf *out, const struct page_about *about, const struct page_ask *ask)
{
    buf_adds(out, "<form method=\"post\" action=\"/signin\">");
    add_handle(out, ask);
    ADD(out, "<input type=\"hidden\" name=\"domain\" value=\"%\"><button autofocus>", ask->domain);
    say_with(out, about, TEXT_CONTINUE_WITH, "{domain}", ask->domain);
    ADD(out, "</button></form>\n<h2 id=\"other\">%</h2>\n", say(about, TEXT_OTHER));
}

static void add_form(struct buf *out, const struct page_about *about, const struct page_ask *ask)
{
    buf_adds(out, "<form method=\"post\" action=\"/signin\"");
    buf_adds(out, ask->domain ? " class=\"second\" aria-labelledby=\"other\">" : ">");
    add_handle(out, ask);
    ADD(out,
        "<label for=\"email\">%</label><input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" "
        "spellcheck=\"false\" required maxlength=\"320\" value=\"%\"",
        say(about, TEXT_EMAIL), ask->email);
    if (ask->ref)
        buf_adds(out, " aria-invalid=\"true\" aria-describedby=\"fault\"");
    buf_adds(out, ask->domain ? ">" : " autofocus>");
    ADD(out,
        "<label class=\"check\"><input type=\"checkbox\" name=\"remember\" value=\"yes\"%><span>%</span></label>"
        "<button>%</button></form>\n",
        ask->remember ? " checked" : "", say(about, TEXT_REMEMBER), say(about, TEXT_CONTINUE));
}

void page_sign_in(struct buf *out, const struct page_about *about, const struct page_ask *ask)
{
    begin(out, about, say(about, TEXT_SIGN_IN));
    if (ask->ref) {
        ADD(out, "<div class=\"fault\" role=\"alert\" id=\"fault\"><p>%</p>\n", say(about, TEXT_UNKNOWN));
        add_reference(out, about, ask->ref);
        buf_adds(out, "</div>\n");
    }
    if (ask->domain)
        add_shortcut(out, about, ask);
    add_form(out, about, ask);
    end(out, about);
}

void page_continue(struct buf *out, const struct page_about *about, const char *post_to, const char *field,
                   const char *message, const char *relay)
{
    begin(out, about, say(about, TEXT_SIGN_IN));
    ADD(out, "<p>%</p><form method=\"post\" action=\"%\"><input type=\"hidden\" name=\"%\" value=\"%\">",
        say(about, TEXT_TO_PROVIDER), post_to, field, message);
    if (relay)
        ADD(out, "<input type=\"hidden\" name=\"RelayState\" value=\"%\">", relay);
    ADD(out, "<button autofocus>%</button></form>\n", say(about, TEXT_CONTINUE));
    end(out, about);
}

void page_home(struct buf *out, const struct page_about *about, const char *name, const char *email, const char *guard)
{
    begin(out, about, say(about, TEXT_SIGNED_IN));
    ADD(out,
        "<p class=\"who\">% <strong>%</strong> %</p><form method=\"post\" action=\"/signout\" class=\"second\">"
        "<input type=\"hidden\" name=\"guard\" value=\"%\"><button>%</button></form>\n",
        say(about, TEXT_SIGNED_IN_AS), name, email, guard, say(about, TEXT_SIGN_OUT));
    end(out, about);
}

void page_leave(struct buf *out, const struct page_about *about, const struct page_leave *leave)
{
    const struct {
        const char *name, *value;
    } hidden[] = {{"guard", leave->guard},
                  {"client_id", leave->client},
                  {"post_logout_redirect_uri", leave->to},
                  {"state", leave->state}};
    begin(out, about, say(about, TEXT_SIGN_OUT));
    ADD(out, "<p>% <strong>%</strong></p><form method=\"post\" action=\"/oauth2/logout\">",
        say(about, TEXT_SIGNED_IN_AS), leave->email);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (hidden[i].value)
            ADD(out, "<input type=\"hidden\" name=\"%\" value=\"%\">", hidden[i].name, hidden[i].value);
    ADD(out, "<button>%</button></form>\n", say(about, TEXT_SIGN_OUT));
    end(out, about);
}

void page_signed_out(struct buf *out, const struct page_about *about)
{
    begin(out, about, say(about, TEXT_SIGNED_OUT));
    ADD(out, "<p><a href=\"/signin\">%</a></p>\n", say(about, TEXT_AGAIN));
    end(out, about);
}

void page_trial(struct buf *out, const struct page_about *about, const char *connection, const char *action)
{
    begin(out, about, say(about, TEXT_TRIAL));
    ADD(out, "<p>% <strong>%</strong></p><form method=\"post\" action=\"%\"><button autofocus>%</button></form>\n",
        say(about, TEXT_TRIAL_WHAT), connection, action, say(about, TEXT_TRIAL_BEGIN));
    end(out, about);
}

void page_trial_over(struct buf *out, const struct page_about *about, bool passed)
{
    begin(out, about, say(about, TEXT_TRIAL));
    ADD(out, "<p id=\"outcome\"><strong>%</strong></p><p>%</p>\n",
        say(about, passed ? TEXT_TRIAL_PASSED : TEXT_TRIAL_FAILED), say(about, TEXT_TRIAL_OVER));
    end(out, about);
}

void page_fault(struct buf *out, const struct page_about *about, enum page_fault fault, const char *ref)
{
    static const enum text sentences[PAGE_FAULTS] = {
        [FAULT_REFUSED] = TEXT_REFUSED,     [FAULT_BROKEN] = TEXT_BROKEN,   [FAULT_NOT_FOUND] = TEXT_NOT_FOUND,
        [FAULT_METHOD] = TEXT_METHOD,       [FAULT_FORM] = TEXT_FORM,       [FAULT_TOO_MANY] = TEXT_TOO_MANY,
        [FAULT_TOO_LARGE] = TEXT_TOO_LARGE, [FAULT_TRIAL] = TEXT_TRIAL_LINK};
    begin(out, about, say(about, TEXT_FAULT));
    ADD(out, "<div class=\"fault\" role=\"alert\"><p>%</p>\n", say(about, sentences[fault]));
    add_reference(out, about, ref);
    ADD(out, "</div>\n<p><a href=\"/signin\">%</a></p>\n", say(about, TEXT_AGAIN));
    end(out, about);
}
