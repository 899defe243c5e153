/* The query of a logout message: taken apart, decoded, inflated, its signature looked at. */
#include "saml/binding.h"
#include "saml/response.h"

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct err err = ERR_INIT;
    struct saml_redirect message;
    const struct saml_key *signer = NULL;
    CLEANUP(pool_free) struct pool *pool = pool_new();
    if (saml_redirect_read(pool, (struct span){(const char *)data, size}, SAML_RESPONSE_MAX, &message, &err) == 0)
        saml_redirect_verify(&message, NULL, 0, &signer, &err);
    return 0;
}
