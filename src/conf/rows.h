/*
 * The program's own rows: what may stand in the sections that are no connector's. cli/schema.c puts them together with
 * those of the connectors and with checks that need the model.
 */
#ifndef CONF_ROWS_H
#define CONF_ROWS_H

#include "conf/conf.h"

extern const struct conf_item conf_rows_organization[];
extern const struct conf_item conf_rows_domain[];
extern const struct conf_item conf_rows_connection[]; /* for every type */
extern const struct conf_item conf_rows_saml[];
extern const struct conf_item conf_rows_oidc[];
extern const struct conf_item conf_rows_team[];
extern const struct conf_item conf_rows_product[];
extern const struct conf_item conf_rows_sync[];
extern const struct conf_item conf_rows_dns[];
extern const struct conf_item conf_rows_serve[];
extern const struct conf_item conf_rows_application[];

/* No more test users than there may be. */
int conf_check_connection(const struct conf_section *section, char **ret_name, struct err *err);
/* Metadata comes from a file or from an https address. */
int conf_check_saml(const struct conf_section *section, struct err *err);
/* Every resolver is an IPv4 or IPv6 address, with "@port" or without. */
int conf_check_dns(const struct conf_section *section, char **ret_name, struct err *err);
/* Addresses to listen at are addresses with a port; a certificate has its key; no plain HTTP is open to a network without a proxy. */
int conf_check_serve(const struct conf_section *section, char **ret_name, struct err *err);
/* One way to show who it is at most; a client id that fits into every place that it is written to. */
int conf_check_application(const struct conf_section *section, char **ret_name, struct err *err);

#endif
