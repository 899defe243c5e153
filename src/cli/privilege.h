/*
 * Run by root, the program becomes the owner of the state folder: "sudo doorward plan" and the scheduled agent then write the same
 * files as the same user, and root's power ends before anything is read from a network.
 */
#ifndef CLI_PRIVILEGE_H
#define CLI_PRIVILEGE_H

#include "base/err.h"

/* No-op for anybody but root, and for a folder that is root's own or not there yet. */
int privilege_become_owner(const char *dir, struct err *err);

#endif
