/*
 * The applications that sign people in through us, as the configuration and the files that it names have them.
 *
 *   applications_read -> applications_find… -> applications_free
 *
 * Of a secret only its digest is kept. A list may be shared by threads.
 */
#ifndef BROKER_APPLICATION_H
#define BROKER_APPLICATION_H

#include "conf/conf.h"
#include "crypto/digest.h"
#include "oidc/keyset.h"

/* How an application shows the token endpoint who it is. */
enum application_auth {
    APPLICATION_PUBLIC, /* not at all */
    APPLICATION_SECRET, /* client_secret_basic, client_secret_post */
    APPLICATION_KEY,    /* private_key_jwt */
};

struct application {
    const struct conf_section *section;
    const char *name, *client_id; /* name: of the section */
    enum application_auth auth;
    char secret[DIGEST_HEX_MAX]; /* SHA-256 */
    struct keyset *keys;         /* APPLICATION_KEY */
};

struct applications;

/* ERR_CONFIG: a file does not do, or two applications have one client id. The sections have to live as long. */
int applications_read(const struct conf *conf, struct applications **ret, struct err *err);
void applications_free(struct applications **list); /* NULL inside is fine; fits CLEANUP */

/* NULL: there is none. */
const struct application *applications_find(const struct applications *list, const char *client_id);
const struct application *applications_named(const struct applications *list, const char *name);
/* The same without reading the files that it names. */
const struct conf_section *application_section(const struct conf *conf, const char *client_id);
/* Byte for byte one of its redirect-uri. */
bool application_redirects_to(const struct application *application, const char *uri);

#endif
