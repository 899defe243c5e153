/*
 * libFuzzer: metadata from anywhere. What is read must hold what metadata.h promises.
 *
 *   build/fuzz/fuzz_saml_metadata build/fuzz/corpus-metadata tests/data/saml-metadata
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "saml/metadata.h"
#include "saml/saml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(metadata_free) struct saml_idp *idp = NULL;
    struct err err = ERR_INIT;
    const char *code = NULL;
    if (saml_init(&err))
        abort();
    int rc = metadata_read((struct span){(const char *)data, size}, 1893456000, &idp, &code, &err);
    if (rc ? !code || !err.text[0] || idp : !idp->entity_id[0] || idp->nkeys == 0 || idp->nsso == 0)
        abort();
    return 0;
}
