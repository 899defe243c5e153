#include "web/text.h"

#include <string.h>

#include "base/cleanup.h"

struct translation {
    const char *english, *translated;
};

#include "web/catalogues.h" /* made of po/ by the Makefile */

#define N_(text) text /* for xgettext */

static const struct {
    const char *key, *english, *help;
} texts[TEXTS] = {
    [TEXT_SIGN_IN] = {"sign-in", N_("Sign in"), "Title of the page that asks for the address."},
    [TEXT_EMAIL] = {"email", N_("E-mail address"), "Label of the field for the address."},
    [TEXT_REMEMBER] = {"remember", N_("Remember my address on this device"), "Label of the box to tick."},
    [TEXT_CONTINUE] = {"continue", N_("Continue"), "Button behind the address."},
    [TEXT_CONTINUE_WITH] = {"continue-with", N_("Continue with {domain}"),
                            "Button for who was here before; {domain} stands for the domain."},
    [TEXT_OTHER] = {"other", N_("Or use another address"), "Heading of the form below that button."},
    [TEXT_UNKNOWN] = {"unknown", N_("We cannot sign you in with this address. Check it, or ask your administrator."),
                      "For every address that leads nowhere."},
    [TEXT_REFERENCE] = {"reference", N_("Reference number"), "Label of the number that administrators look up."},
    [TEXT_CONTACT] = {"contact", N_("Questions?"), "Before the organisation's contact."},
    [TEXT_LANGUAGE] = {"language", N_("Language"), "Name of the list of languages, for screen readers."},
    [TEXT_TO_PROVIDER] = {"to-provider", N_("You go on at the sign-in of your organization."),
                          "Before the form to an identity provider that takes no redirect."},
    [TEXT_SIGNED_IN] = {"signed-in", N_("You are signed in."), "Title of the page that says who somebody is."},
    [TEXT_SIGNED_IN_AS] = {"signed-in-as", N_("Signed in as"), "Before the person's name."},
    [TEXT_SIGN_OUT] = {"sign-out", N_("Sign out"), "Button."},
    [TEXT_SIGNED_OUT] = {"signed-out", N_("You are signed out."), "Title of the page afterwards."},
    [TEXT_AGAIN] = {"again", N_("Sign in again"), "Link."},
    [TEXT_FAULT] = {"fault", N_("Something went wrong"), "Title of the pages with a fault."},
    [TEXT_REFUSED] = {"refused", N_("You could not be signed in. Tell your administrator the reference number."),
                      "The identity provider's answer was not accepted."},
    [TEXT_BROKEN] = {"broken", N_("This does not work at the moment. Try again in a few minutes."),
                     "For a reason of our own."},
    [TEXT_NOT_FOUND] = {"not-found", N_("There is no such page."), "Wrong address."},
    [TEXT_METHOD] = {"method", N_("This page is not used in that way."), "Right address, wrong method."},
    [TEXT_FORM] = {"form", N_("This form is no longer valid. Go back and try again."), "A form that is not ours."},
    [TEXT_TOO_MANY] = {"too-many", N_("Too many attempts came from your network. Try again in a minute."),
                       "Above signin-rate."},
    [TEXT_TOO_LARGE] = {"too-large", N_("What was sent is too large."), "Above what a page takes."},
    [TEXT_TRIAL] = {"trial", N_("Test of a connection"), "Title of the page that doorward sso test leads to."},
    [TEXT_TRIAL_WHAT] =
        {"trial-what",
         N_("Sign in once at the identity provider, to see whether it works. You are not signed in here "
            "by it. Connection:"),
         "Before the connection's name."},
    [TEXT_TRIAL_BEGIN] = {"trial-begin", N_("Begin the test"), "Button."},
    [TEXT_TRIAL_PASSED] = {"trial-passed", N_("The test passed."), "The end of such a test."},
    [TEXT_TRIAL_FAILED] = {"trial-failed", N_("The test failed."), "The end of such a test."},
    [TEXT_TRIAL_OVER] = {"trial-over", N_("The command that began it shows everything. You can close this page."),
                         "Behind both."},
    [TEXT_TRIAL_LINK] = {"trial-link",
                         N_("This link is not good any more: it was used, or is too old. Ask for a new one."),
                         "A link to such a test that leads nowhere."},
};

static const struct {
    const struct translation *rows;
    size_t n;
} catalogues[LANGUAGES] = {
    [LANGUAGE_KO] = {catalogue_ko, sizeof catalogue_ko / sizeof *catalogue_ko},
    [LANGUAGE_JA] = {catalogue_ja, sizeof catalogue_ja / sizeof *catalogue_ja},
};

const char *text_key(enum text text)
{
    return texts[text].key;
}

const char *text_translated(enum language language, enum text text)
{
    if (language == LANGUAGE_EN)
        return texts[text].english;
    for (size_t i = 0; i < catalogues[language].n; i++)
        if (strcmp(catalogues[language].rows[i].english, texts[text].english) == 0)
            return catalogues[language].rows[i].translated;
    return NULL;
}

void texts_init(struct texts *ret)
{
    for (enum language l = 0; l < LANGUAGES; l++)
        for (enum text t = 0; t < TEXTS; t++) {
            const char *translated = text_translated(l, t);
            ret->text[l][t] = translated ? translated : texts[t].english;
        }
}

/* --- the organisation's own ------------------------------------------------------------------------------------------- */

const struct conf_schema *texts_schema(void)
{
    static struct conf_item rows[LANGUAGES][TEXTS + 1];
    static const struct conf_kind kinds[] = {
        {.name = "en", .items = rows[LANGUAGE_EN], .help = "Texts in English. Only what is written here is replaced."},
        {.name = "ko", .items = rows[LANGUAGE_KO], .help = "Texts in Korean."},
        {.name = "ja", .items = rows[LANGUAGE_JA], .help = "Texts in Japanese."},
        {0}};
    static const struct conf_schema schema = {
        kinds,
        "What the sign-in pages say. [serve] texts-file names a file like this one. After a change, run: doorward "
        "check-config, and reload the server."};
    for (enum language l = 0; !rows[LANGUAGES - 1][0].key && l < LANGUAGES; l++)
        for (enum text t = 0; t < TEXTS; t++)
            rows[l][t] =
                (struct conf_item){.key = texts[t].key, .example = text_translated(l, t), .help = texts[t].help};
    return &schema;
}

int texts_replace(struct texts *ret, const char *path, struct pool *pool, struct err *err)
{
    CLEANUP(conf_free) struct conf *conf = NULL;
    if (conf_load_file(path, texts_schema(), &conf, err) != 0)
        return -1;
    for (enum language l = 0; l < LANGUAGES; l++) {
        const struct conf_section *section = conf_find(conf, languages[l].tag, NULL);
        for (enum text t = 0; t < TEXTS; t++)
            if (conf_has(section, texts[t].key))
                ret->text[l][t] = pool_strdup(pool, conf_str(section, texts[t].key));
    }
    return 0;
}
