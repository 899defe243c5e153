/*
 * What every request through libcurl is held to, whatever it asks for: limits, TLS, no proxy of the environment, and
 * the words for what goes wrong.
 *
 *   transfer_prepare -> (more of curl_easy_setopt) -> perform -> transfer_fault when it failed -> transfer_release
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define TRANSFER_HEADERS_MAX 65536

/* Zeroed but for max_bytes and errors_only, which the caller sets. It must not move while the request is under way. */
struct transfer {
    CURL *curl;
    struct buf body;
    size_t max_bytes; /* of the body */
    bool errors_only; /* the body of a reply below 300 is let go by, of any size */
    size_t header_bytes;
    bool too_large, headers_too_large;
    char detail[CURL_ERROR_SIZE];
};

/*
 * Readies curl for one request to url, of "protocols" only ("https" or "http,https"), without redirects, within this
 * time. False when this libcurl cannot be held to that: then nothing may be sent.
 */
bool transfer_prepare(CURL *curl, struct transfer *t, const char *url, const char *protocols, long milliseconds);
/* TLS 1.2 and later, certificate and name verified, by the authorities of a PEM file or (NULL) those of the system. */
void transfer_trust(CURL *curl, const char *ca_file);
/* Starts libcurl, once; ends the process when it does not start. */
void transfer_library(void);
/* ERR_CONFIG when the file is none. NULL is fine. */
int transfer_check_ca(const char *ca_file, struct err *err);

/*
 * Why it failed. ERR_NETWORK: not reached, cut off, too slow. ERR_REFUSED: a certificate that does not verify.
 * ERR_INPUT: not such an address, or a reply over a limit. ERR_CONFIG: the CA file. Returns -1.
 */
int transfer_fault(const struct transfer *t, CURLcode code, const char *url, struct err *err);
void transfer_release(struct transfer *t);

#endif
