/*
 * OpenSSL's basic headers, for files that also use base/err.h: both have a name ERR_STATE. Include this instead of
 * openssl/types.h and openssl/err.h, and ahead of every other header of OpenSSL or of a library that includes them.
 */
#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#define ERR_STATE openssl_err_state
#include <openssl/types.h>
#include <openssl/err.h>
#undef ERR_STATE

#endif
