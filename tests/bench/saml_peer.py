#!/usr/bin/python3
"""Another implementation verifies one response again and again.

    saml_peer.py lasso|pysaml2 IDP_METADATA RESPONSE ENTITY_ID ACS_URL REQUEST_ID COUNT

Prints responses a second of the processor's time, that of the programs it starts included (pysaml2 runs xmlsec1). A response whose content was
changed has to be refused first, so that nobody is measured who does not look.
"""

import base64
import logging
import os
import pathlib
import sys

SP_METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAssertionsSigned="true">
<AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}"/>
</SPSSODescriptor></EntityDescriptor>"""


def with_lasso(metadata, entity, acs, _request):
    import lasso  # pylint: disable=import-outside-toplevel
    server = lasso.Server.newFromBuffers(SP_METADATA.format(entity=entity, acs=acs))
    server.addProviderFromBuffer(lasso.PROVIDER_ROLE_IDP, pathlib.Path(metadata).read_text(encoding="utf-8"))

    def verify(message):
        login = lasso.Login(server)
        login.processAuthnResponseMsg(message)
        return login.response.assertion[0].subject.nameId.content

    return verify


def with_pysaml2(metadata, entity, acs, request):
    from saml2 import BINDING_HTTP_POST, config, client  # pylint: disable=import-outside-toplevel
    logging.disable(logging.CRITICAL)
    settings = config.SPConfig()
    settings.load({"entityid": entity, "metadata": {"local": [str(metadata)]}, "allow_unknown_attributes": True, "accepted_time_diff": 180,
                   "service": {"sp": {"endpoints": {"assertion_consumer_service": [(acs, BINDING_HTTP_POST)]},
                                      "want_assertions_signed": True, "want_response_signed": False}}})
    peer = client.Saml2Client(config=settings)

    def verify(message):
        return peer.parse_authn_request_response(message, BINDING_HTTP_POST, outstanding={request: "/"}).name_id.text

    return verify


PEERS = {"lasso": with_lasso, "pysaml2": with_pysaml2}


def refuses(verify, message):
    try:
        verify(message)
    except Exception:  # pylint: disable=broad-exception-caught
        return True
    return False


def main():
    name, metadata, response, entity, acs, request, count = sys.argv[1:]
    text = pathlib.Path(response).read_bytes()
    verify = PEERS[name](metadata, entity, acs, request)
    message = base64.b64encode(text).decode()
    assert verify(message) == "alice@example.com"
    assert refuses(verify, base64.b64encode(text.replace(b">Alice<", b">Mallory<")).decode()), "it does not look at the signature"
    before = sum(os.times()[:4])
    for _ in range(int(count)):
        verify(message)
    print(f"{int(count) / (sum(os.times()[:4]) - before):.1f}")


if __name__ == "__main__":
    main()
