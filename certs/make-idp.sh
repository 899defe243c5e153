#!/bin/sh
# Makes a throw-away SAML identity provider: a key, a certificate and the metadata that names it.
#
#   certs/make-idp.sh DIR ENTITY_ID SSO_URL
#
# DIR (made when missing) then holds idp.key (readable by its owner only), idp.crt and metadata.xml. The key is for
# demonstrations and tests: certs/sign-response.sh signs with it. Environment: IDP_DAYS=365 for how long the
# certificate is valid. Needs openssl. Exit status 64 for wrong usage, 1 when something failed.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: $0 DIR ENTITY_ID SSO_URL" >&2
    exit 64
fi
dir=$1 entity=$2 sso=$3
days=${IDP_DAYS:-365}

xml() {
    printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'
}

umask 077
mkdir -p "$dir"
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days "$days" -subj "/CN=Throw-away identity provider" \
    -keyout "$dir/idp.key" -out "$dir/idp.crt" 2>"$dir/openssl.log" || {
    cat "$dir/openssl.log" >&2
    exit 1
}
rm -f "$dir/openssl.log"
certificate=$(sed '/^-----/d' "$dir/idp.crt")

cat >"$dir/metadata.xml" <<XML
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="$(xml "$entity")">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:X509Data>
          <ds:X509Certificate>
$certificate
          </ds:X509Certificate>
        </ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$(xml "$sso")"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="$(xml "$sso")"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
XML
chmod 644 "$dir/idp.crt" "$dir/metadata.xml"
