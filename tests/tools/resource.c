/*
 * An application's API as others build one: liboauth2 asks our introspection endpoint whether an access token is good.
 *
 *   resource INTROSPECTION-URL OPTIONS      OPTIONS: of the endpoint, as liboauth2 reads them ("introspect.auth=…&…")
 *
 * In: tokens, one a line.   Out: for each the claims as JSON, or "refused", on a line. Answers are kept as long as OPTIONS say, so that
 * whoever wants to hear the server each time starts it anew.
 */
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include <stdio.h>
#include <string.h>

static void judge(oauth2_log_t *log, oauth2_cfg_token_verify_t *verify, const char *token)
{
    json_t *claims = NULL;
    if (oauth2_token_verify(log, NULL, verify, token, &claims))
        json_dumpf(claims, stdout, JSON_COMPACT);
    else
        fputs("refused", stdout);
    putchar('\n');
    fflush(stdout);
    json_decref(claims);
}

int main(int argc, char **argv)
{
    char line[4096];
    oauth2_cfg_token_verify_t *verify = NULL;
    if (argc != 3)
        return 64;
    oauth2_log_t *log = oauth2_init(OAUTH2_LOG_WARN, NULL);
    char *fault = oauth2_cfg_token_verify_add_options(log, &verify, "introspect", argv[1], argv[2]);
    if (fault)
        fprintf(stderr, "resource: %s\n", fault);
    while (!fault && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        judge(log, verify, line);
    }
    oauth2_cfg_token_verify_free(log, verify);
    oauth2_shutdown(log);
    return fault ? 1 : 0;
}
