/* Until the tokens come: the one in the file STATE/token.NAME. */
#ifndef STORE_PUSH_TOKENS_H
#define STORE_PUSH_TOKENS_H

#include "store/pushed.h"

int push_token_check(struct pushed *pushed, const char *directory, const char *token, int64_t now, struct err *err);

#endif
