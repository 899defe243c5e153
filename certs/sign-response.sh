#!/bin/sh
# Writes a freshly signed SAML response to standard output, as the identity provider made by certs/make-idp.sh would
# send it now.
#
#   certs/sign-response.sh DIR ISSUER ACS_URL AUDIENCE EMAIL GIVEN_NAME FAMILY_NAME IMMUTABLE_ID [REQUEST_ID]
#
#   DIR           with idp.key and idp.crt
#   ISSUER        the identity provider's entity id, as given to make-idp.sh
#   ACS_URL       where the response is sent: Destination and Recipient
#   AUDIENCE      the entity id of whom it is for
#   REQUEST_ID    for InResponseTo; without it the response is unsolicited
#
# Environment: SIGN=assertion (default), response, both or none; MINUTES=5 for how long it is valid; OFFSET=0, seconds by
# which its clock is off (-86400 makes one that expired); ENCRYPT=FILE, a certificate in PEM to encrypt the assertion to,
# with CIPHER=aes256-gcm and WRAP=rsa-oaep-mgf1p (names of XML Encryption). Needs openssl, xmlsec1 and date of GNU or
# busybox. Exit status 64 for wrong usage, 1 when something failed.
set -eu

if [ $# -ne 8 ] && [ $# -ne 9 ]; then
    echo "usage: $0 DIR ISSUER ACS_URL AUDIENCE EMAIL GIVEN_NAME FAMILY_NAME IMMUTABLE_ID [REQUEST_ID]" >&2
    exit 64
fi

xml() {
    printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'
}

at() {
    date -u -d "@$(($(date +%s) + ${OFFSET:-0} + $1))" +%Y-%m-%dT%H:%M:%SZ
}

new_id() {
    printf '_%s' "$(openssl rand -hex 16)"
}

dir=$1
issuer=$(xml "$2") acs=$(xml "$3") audience=$(xml "$4")
email=$(xml "$5") given=$(xml "$6") family=$(xml "$7") immutable=$(xml "$8")
request=${9:+" InResponseTo=\"$(xml "$9")\""}
now=$(at 0) from=$(at -60) until=$(at $((${MINUTES:-5} * 60)))
response_id=$(new_id) assertion_id=$(new_id) session=$(new_id)
sign=${SIGN:-assertion}
case $sign in
assertion | response | both | none) ;;
*)
    echo "$0: SIGN is '$sign'; use assertion, response, both or none" >&2
    exit 64
    ;;
esac

signature() {
    cat <<XML
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#$1"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>
XML
}

attribute() {
    printf '<saml:Attribute Name="%s"><saml:AttributeValue>%s</saml:AttributeValue></saml:Attribute>' "$1" "$2"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
on_assertion= on_response=
case $sign in assertion | both) on_assertion=$(signature "$assertion_id") ;; esac
case $sign in response | both) on_response=$(signature "$response_id") ;; esac
open= close=
[ -z "${ENCRYPT:-}" ] || open='<saml:EncryptedAssertion>' close='</saml:EncryptedAssertion>'

cat >"$work/response.xml" <<XML
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="$response_id" Version="2.0" IssueInstant="$now" Destination="$acs"$request>
<saml:Issuer>$issuer</saml:Issuer>$on_response
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
$open<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="$assertion_id" Version="2.0" IssueInstant="$now">
<saml:Issuer>$issuer</saml:Issuer>$on_assertion
<saml:Subject>
<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">$email</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="$until" Recipient="$acs"$request/></saml:SubjectConfirmation>
</saml:Subject>
<saml:Conditions NotBefore="$from" NotOnOrAfter="$until"><saml:AudienceRestriction><saml:Audience>$audience</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="$now" SessionIndex="$session"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>$(attribute email "$email")$(attribute givenName "$given")$(attribute sn "$family")$(attribute objectGUID "$immutable")</saml:AttributeStatement>
</saml:Assertion>$close
</samlp:Response>
XML

# with_xmlsec1 sign|encrypt WORD…: writes response.xml anew.
with_xmlsec1() {
    what=$1
    shift
    xmlsec1 "--$what" --output "$work/next.xml" "$@" 2>"$work/log" || {
        echo "$0: xmlsec1 could not $what:" >&2
        cat "$work/log" >&2
        exit 1
    }
    mv "$work/next.xml" "$work/response.xml"
}
sign() {
    with_xmlsec1 sign --privkey-pem "$dir/idp.key,$dir/idp.crt" \
        --id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion \
        --id-attr:ID urn:oasis:names:tc:SAML:2.0:protocol:Response --node-xpath "$1" "$work/response.xml"
}
encrypt() {
    cat >"$work/template.xml" <<XML
<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="$(cipher)"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#${WRAP:-rsa-oaep-mgf1p}"/><ds:KeyInfo><ds:KeyName/></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>
XML
    name=${CIPHER:-aes256-gcm}
    bits=${name#aes}
    with_xmlsec1 encrypt --pubkey-cert-pem "$ENCRYPT" --session-key "aes-${bits%-*}" \
        --xml-data "$work/response.xml" --node-xpath "//*[local-name()='Assertion']" "$work/template.xml"
}
cipher() {
    case ${CIPHER:-aes256-gcm} in
    *-gcm) echo "http://www.w3.org/2009/xmlenc11#${CIPHER:-aes256-gcm}" ;;
    *) echo "http://www.w3.org/2001/04/xmlenc#$CIPHER" ;;
    esac
}
# From the inside out, as each covers what is within.
[ -z "$on_assertion" ] || sign "//*[local-name()='Assertion']/*[local-name()='Signature']"
[ -z "${ENCRYPT:-}" ] || encrypt
[ -z "$on_response" ] || sign "/*/*[local-name()='Signature']"
cat "$work/response.xml"
