/*
 * People who are there again under a new id: the entry was deleted and made anew, the directory was rebuilt, or the team's directory section
 * got another name.
 *
 * An account whose person is gone, or came from another directory than the team has now, and a wanted person without an account are taken for
 * the same when they have the same e-mail and nobody else has it, and when they agree in one thing more: employee number, user name, or given
 * and family name. Two employee numbers that differ are two people, whatever else agrees. An address alone proves nothing:
 * addresses are passed on.
 *
 * With "adopt = yes" the account follows; otherwise both wait for a decision.
 */
#ifndef SYNC_IDENTITY_H
#define SYNC_IDENTITY_H

#include "sync/census.h"

/* Marks the pairs in a census that has met all accounts and people; with adopt = yes, the person has the account from then on. */
int identity_recognise(struct store *store, const struct plan_settings *settings, struct census *census,
                       struct err *err);

/*
 * Groups that the platform has (was), and groups that it should get (is), by their entries: for each of the latter the place, from 1, of one of
 * the former that bears the same full name, and whose entry is gone or came from another directory; 0: none.
 */
int identity_match_groups(struct store *store, const char *directory, const uint32_t *was, size_t nwas,
                          const uint32_t *is, size_t nis, size_t *ret, struct err *err);

/* Do an account and a person of one e-mail agree in one thing more? Pure. */
bool identity_agrees(const struct person_text *account, const struct person_text *person);

#endif
