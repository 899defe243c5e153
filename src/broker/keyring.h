/*
 * The keys that we sign for applications with, and their roll-over by age.
 *
 *   keyring_open -> keyring_sign, keyring_jwks… -> (keyring_due: open anew, exchange) -> keyring_free
 *
 * One key for each algorithm signs at a time. Each lies in a file of its own in the state folder, keys/app-ALGORITHM-SECONDS.pem, named by
 * when it was made; all else follows from those names and the time, so that a restart forgets nothing. A new key is published a day before it
 * signs, and stays published for two days after its successor began. A keyring may be shared by threads.
 */
#ifndef BROKER_KEYRING_H
#define BROKER_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

#define KEYRING_LEAD (86400L)     /* seconds that a key is published before it signs */
#define KEYRING_KEEP (2 * 86400L) /* seconds that it is published after it signed: no token of ours lives longer */
#define KEYRING_SALT 32

struct keyring;

/* Reads the keys, makes those that are missing or due, takes out those that are over. rotation: seconds, more than KEYRING_LEAD. */
int keyring_open(const char *state_dir, int64_t rotation, int64_t now, struct keyring **ret, struct err *err);
void keyring_free(struct keyring **ring); /* NULL inside is fine; fits CLEANUP */
/* Is there a key to be made, or taken out? */
bool keyring_due(const struct keyring *ring, int64_t now);

/* Adds the JWK set (RFC 7517, 5). */
void keyring_jwks(const struct keyring *ring, struct buf *ret);
/*
 * Adds a signed token (RFC 7519) in compact form. algorithm: "RS256" or "ES256"; type: "JWT", "logout+jwt"; claims: JSON.
 */
int keyring_sign(const struct keyring *ring, const char *algorithm, const char *type, const char *claims, int64_t now,
                 struct buf *ret, struct err *err);
/* A secret of this installation, made once and never changed: what pairwise subjects are made with. KEYRING_SALT bytes. */
const char *keyring_salt(const struct keyring *ring);

#endif
