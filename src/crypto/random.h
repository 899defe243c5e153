/* Random bytes from OpenSSL's generator, which the kernel seeds. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>

/*
 * Fills p with n unpredictable bytes. It has no failure to handle: without randomness the process ends with status 71
 * (EX_OSERR).
 */
void random_bytes(void *p, size_t n);

#endif
