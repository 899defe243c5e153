#include "web/pages.h"

#include <string.h>

/* --- texts ----------------------------------------------------------------------------------------------------------- */

enum text {
    TEXT_LANGUAGE,
    TEXT_SIGN_IN,
    TEXT_EMAIL,
    TEXT_CONTINUE,
    TEXT_UNKNOWN,
    TEXT_REFERENCE,
    TEXT_CONTACT,
    TEXT_TO_PROVIDER,
    TEXT_SIGNED_IN_AS,
    TEXT_SIGN_OUT,
    TEXT_SIGNED_OUT,
    TEXT_AGAIN,
    TEXT_FAULT,
    TEXT_REFUSED,
    TEXT_BROKEN,
    TEXT_NOT_FOUND,
    TEXT_METHOD,
    TEXT_FORM,
    TEXT_TRIAL,
    TEXT_TRIAL_WHAT,
    TEXT_TRIAL_BEGIN,
    TEXT_TRIAL_PASSED,
    TEXT_TRIAL_FAILED,
    TEXT_TRIAL_OVER,
    TEXT_TRIAL_LINK,
    TEXTS
};

static const char *const english[TEXTS] = {
    [TEXT_LANGUAGE] = "en",
    [TEXT_SIGN_IN] = "Sign in",
    [TEXT_EMAIL] = "E-mail address",
    [TEXT_CONTINUE] = "Continue",
    [TEXT_UNKNOWN] = "We cannot sign you in with this address. Check it, or ask your administrator.",
    [TEXT_REFERENCE] = "Reference number",
    [TEXT_CONTACT] = "Questions?",
    [TEXT_TO_PROVIDER] = "You go on at the sign-in of your organization.",
    [TEXT_SIGNED_IN_AS] = "Signed in as",
    [TEXT_SIGN_OUT] = "Sign out",
    [TEXT_SIGNED_OUT] = "You are signed out.",
    [TEXT_AGAIN] = "Sign in again",
    [TEXT_FAULT] = "Something went wrong",
    [TEXT_REFUSED] = "You could not be signed in. Tell your administrator the reference number.",
    [TEXT_BROKEN] = "This does not work at the moment. Try again in a few minutes.",
    [TEXT_NOT_FOUND] = "There is no such page.",
    [TEXT_METHOD] = "This page is not used in that way.",
    [TEXT_FORM] = "This form is no longer valid. Go back and try again.",
    [TEXT_TRIAL] = "Test of a connection",
    [TEXT_TRIAL_WHAT] = "You sign in once at the identity provider, to see whether it works. It does not sign you in here. "
                        "Connection:",
    [TEXT_TRIAL_BEGIN] = "Begin the test",
    [TEXT_TRIAL_PASSED] = "The test passed.",
    [TEXT_TRIAL_FAILED] = "The test failed.",
    [TEXT_TRIAL_OVER] = "The command that began it shows everything. You may close this page.",
    [TEXT_TRIAL_LINK] = "This link is not good any more: it was used, or is too old. Ask for a new one.",
};

static const char *say(enum text text)
{
    return english[text];
}

const char page_style[] =
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}"
    "main{max-width:26rem;margin:12vh auto 0;padding:2rem;background:#fff;border:1px solid #d5d9de;border-radius:.5rem}"
    "h1{font-size:1.4rem;margin:0 0 1rem}label,input,button{display:block;width:100%;box-sizing:border-box}"
    "input{font:inherit;padding:.5rem;margin:.25rem 0 1rem;border:1px solid #6b7480;border-radius:.25rem}"
    "button{font:inherit;padding:.6rem;border:0;border-radius:.25rem;background:#0b57d0;color:#fff;cursor:pointer}"
    ":focus-visible{outline:3px solid #f0a500;outline-offset:2px}.fault{border-left:4px solid "
    "#b3261e;padding-left:.75rem}"
    "footer{margin-top:1.5rem;font-size:.875rem;color:#4a525c}";

/* --- pieces ---------------------------------------------------------------------------------------------------------- */

void page_escape(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buf_adds(out, "&amp;");
            break;
        case '<':
            buf_adds(out, "&lt;");
            break;
        case '>':
            buf_adds(out, "&gt;");
            break;
        case '"':
            buf_adds(out, "&quot;");
            break;
        case '\'':
            buf_adds(out, "&#39;");
            break;
        default:
            buf_addc(out, *text);
        }
    }
}

/* Adds what format says: "%" stands for the next text, escaped. Markup is ours, texts are not. */
static void add(struct buf *out, const char *format, const char *const *texts)
{
    for (; *format; format++) {
        if (*format == '%')
            page_escape(out, *texts++);
        else
            buf_addc(out, *format);
    }
}
#define ADD(out, format, ...) add(out, format, (const char *const[]){__VA_ARGS__})

static void begin(struct buf *out, const struct page_about *about, const char *title)
{
    ADD(out,
        "<!DOCTYPE html>\n<html lang=\"%\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><title>% - %</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n"
        "<body><main><h1>%</h1>\n",
        say(TEXT_LANGUAGE), title, about->organization, title);
}

static void end(struct buf *out, const struct page_about *about)
{
    ADD(out, "<footer><p>%</p>", about->organization);
    if (about->contact)
        ADD(out, "<p>% <a href=\"mailto:%\">%</a></p>", say(TEXT_CONTACT), about->contact, about->contact);
    buf_adds(out, "</footer></main></body></html>\n");
}

static void add_reference(struct buf *out, const char *ref)
{
    if (ref)
        ADD(out, "<p>%: <strong id=\"reference\">%</strong></p>\n", say(TEXT_REFERENCE), ref);
}

/* --- pages ----------------------------------------------------------------------------------------------------------- */

void page_sign_in(struct buf *out, const struct page_about *about, const char *email, const char *ref)
{
    begin(out, about, say(TEXT_SIGN_IN));
    if (ref) {
        ADD(out, "<div class=\"fault\" role=\"alert\" id=\"fault\"><p>%</p>\n", say(TEXT_UNKNOWN));
        add_reference(out, ref);
        buf_adds(out, "</div>\n");
    }
    ADD(out,
        "<form method=\"post\" action=\"/signin\"><label for=\"email\">%</label>"
        "<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required maxlength=\"320\" "
        "value=\"%\"",
        say(TEXT_EMAIL), email);
    buf_adds(out, ref ? " aria-invalid=\"true\" aria-describedby=\"fault\" autofocus>" : " autofocus>");
    ADD(out, "<button>%</button></form>\n", say(TEXT_CONTINUE));
    end(out, about);
}

void page_continue(struct buf *out, const struct page_about *about, const char *post_to, const char *message,
                   const char *relay)
{
    begin(out, about, say(TEXT_SIGN_IN));
    ADD(out,
        "<p>%</p><form method=\"post\" action=\"%\"><input type=\"hidden\" name=\"SAMLRequest\" value=\"%\">"
        "<input type=\"hidden\" name=\"RelayState\" value=\"%\"><button autofocus>%</button></form>\n",
        say(TEXT_TO_PROVIDER), post_to, message, relay, say(TEXT_CONTINUE));
    end(out, about);
}

void page_home(struct buf *out, const struct page_about *about, const char *name, const char *email, const char *guard)
{
    begin(out, about, about->organization);
    ADD(out,
        "<p>% <strong>%</strong> (%)</p><form method=\"post\" action=\"/signout\">"
        "<input type=\"hidden\" name=\"guard\" value=\"%\"><button>%</button></form>\n",
        say(TEXT_SIGNED_IN_AS), name, email, guard, say(TEXT_SIGN_OUT));
    end(out, about);
}

void page_signed_out(struct buf *out, const struct page_about *about)
{
    begin(out, about, say(TEXT_SIGNED_OUT));
    ADD(out, "<p><a href=\"/signin\">%</a></p>\n", say(TEXT_AGAIN));
    end(out, about);
}

void page_trial(struct buf *out, const struct page_about *about, const char *connection, const char *action)
{
    begin(out, about, say(TEXT_TRIAL));
    ADD(out,
        "<p>% <strong>%</strong></p><form method=\"post\" action=\"%\"><button autofocus>%</button></form>\n",
        say(TEXT_TRIAL_WHAT), connection, action, say(TEXT_TRIAL_BEGIN));
    end(out, about);
}

void page_trial_over(struct buf *out, const struct page_about *about, bool passed)
{
    begin(out, about, say(TEXT_TRIAL));
    ADD(out, "<p id=\"outcome\"><strong>%</strong></p><p>%</p>\n", say(passed ? TEXT_TRIAL_PASSED : TEXT_TRIAL_FAILED),
        say(TEXT_TRIAL_OVER));
    end(out, about);
}

void page_fault(struct buf *out, const struct page_about *about, enum page_fault fault, const char *ref)
{
    static const enum text sentences[PAGE_FAULTS] = {[FAULT_REFUSED] = TEXT_REFUSED,
                                                     [FAULT_BROKEN] = TEXT_BROKEN,
                                                     [FAULT_NOT_FOUND] = TEXT_NOT_FOUND,
                                                     [FAULT_METHOD] = TEXT_METHOD,
                                                     [FAULT_FORM] = TEXT_FORM,
                                                     [FAULT_TRIAL] = TEXT_TRIAL_LINK};
    begin(out, about, say(TEXT_FAULT));
    ADD(out, "<p role=\"alert\">%</p>\n", say(sentences[fault]));
    add_reference(out, ref);
    ADD(out, "<p><a href=\"/signin\">%</a></p>\n", say(TEXT_AGAIN));
    end(out, about);
}
