"""doorward sso: our metadata and key, and captured sign-ins whose assertion is encrypted to it."""

import os
import re
import subprocess

import pytest

from site_fixture import URL, script

ENTITY, ACS = f"{URL}/saml/metadata/idp", f"{URL}/saml/acs/idp"


def certificates(metadata, use):
    found = re.findall(rf'<md:KeyDescriptor use="{use}">.*?<ds:X509Certificate>(.*?)</ds:X509Certificate>', metadata, re.S)
    return [text.strip() for text in found]


def to_pem(path, base64):
    path.write_text("-----BEGIN CERTIFICATE-----\n" + re.sub("(.{64})", r"\1\n", base64) + "\n-----END CERTIFICATE-----\n")
    return path


def verified(site, metadata, pem):
    path = site.folder / "metadata-of-ours.xml"
    path.write_text(metadata)
    done = subprocess.run(["xmlsec1", "--verify", "--pubkey-cert-pem", pem, "--id-attr:ID",
                           "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", path], capture_output=True, check=False)
    return done.returncode == 0


def test_our_metadata_is_signed_with_a_key_that_is_made_once(site):
    first = site.run("sso", "metadata", "idp")[0]
    key = site.state / "keys/saml.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    made = key.read_bytes()
    second = site.run("sso", "metadata", "idp")[0]
    assert key.read_bytes() == made
    assert f'entityID="{ENTITY}"' in first and f'Location="{ACS}"' in first
    assert certificates(first, "signing") == certificates(second, "signing") == certificates(first, "encryption")
    pem = to_pem(site.folder / "ours.crt", certificates(first, "signing")[0])
    assert verified(site, first, pem)
    assert not verified(site, first.replace("saml/acs", "saml/acz"), pem)
    site.run("sso", "metadata", "idp", "-o", site.folder / "out.xml")
    assert verified(site, (site.folder / "out.xml").read_text(), pem)
    assert "PRIVATE" not in first


def test_a_key_of_ones_own_goes_before_and_rolls_over(site):
    for name in ("old", "new"):
        script("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
               "-keyout", site.folder / f"{name}.key", "-out", site.folder / f"{name}.crt")
        pem = site.folder / f"{name}.pem"
        pem.write_text((site.folder / f"{name}.key").read_text() + (site.folder / f"{name}.crt").read_text())
        pem.chmod(0o600)
    site.conf["organization"]["key-file"] = [str(site.folder / "old.pem"), str(site.folder / "new.pem")]
    site.write()
    text = site.run("sso", "metadata", "idp")[0]
    assert len(certificates(text, "signing")) == 2 and verified(site, text, site.folder / "old.crt")
    assert not (site.state / "keys").exists()
    for name in ("old", "new"):
        path = site.response(f"{name}.xml", ENCRYPT=str(site.folder / f"{name}.crt"))
        assert site.json("sso", "test", "idp", "--response", path)["passed"]
    (site.folder / "new.pem").chmod(0o644)
    assert "new.pem" in site.refused("sso", "metadata", "idp", status=78)


@pytest.mark.parametrize("signed", ("assertion", "response", "both"))
def test_an_encrypted_assertion_is_read(site, signed):
    pem = to_pem(site.folder / "ours.crt", certificates(site.run("sso", "metadata", "idp")[0], "encryption")[0])
    path = site.response("encrypted.xml", ENCRYPT=str(pem), SIGN=signed)
    assert "alice@example.com" not in path.read_text()
    report = site.json("sso", "test", "idp", "--response", path)
    assert report["passed"] and report["identity"]["mapped"]["email"] == "alice@example.com"
    # It passes once, decrypted or not.
    assert not site.json("sso", "test", "idp", "--response", path, status=1)["passed"]


def test_an_encrypted_assertion_without_our_key_says_what_to_do(site):
    script("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=other",
           "-keyout", os.devnull, "-out", site.folder / "other.crt")
    path = site.response("encrypted.xml", ENCRYPT=str(site.folder / "other.crt"))
    assert "doorward sso metadata" in site.refused("sso", "test", "idp", "--response", path, status=1)
    site.run("sso", "metadata", "idp")
    assert "cannot be decrypted" in site.refused("sso", "test", "idp", "--response", path, status=1)
