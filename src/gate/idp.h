/*
 * The identity provider of a SAML connection, as its metadata says. Every document is read once and shared by all threads, until its file is
 * another one: a sign-in parses no metadata, and new certificates count without a restart or a reload.
 */
#ifndef GATE_IDP_H
#define GATE_IDP_H

#include "base/pool.h"
#include "conf/conf.h"
#include "saml/metadata.h"

/*
 * The connection's metadata: of its metadata-file, or as it was fetched from its metadata-url and lies below state_dir (gate/refresh.h). ERR_CONFIG,
 * ERR_NOT_FOUND, ERR_INPUT or ERR_REFUSED: there is none that may be used now; the text names the connection. Given back with metadata_free; what is
 * in it must not be changed.
 */
int gate_metadata(const char *state_dir, const struct conf_section *connection, int64_t now, struct saml_idp **ret,
                  struct err *err);
/* The file that it is read from. */
const char *gate_metadata_path(struct pool *pool, const char *state_dir, const struct conf_section *connection);

/* Forgets all documents that nobody holds: before saml_shutdown. */
void gate_metadata_forget(void);

#endif
