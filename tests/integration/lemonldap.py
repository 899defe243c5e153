"""Debian's lemonldap-ng as an identity provider on loopback: its portal under plackup, with a configuration in a folder of its own."""

import json
import os
import subprocess
import time
import urllib.parse
from pathlib import Path

from simplesaml import ask, free_port
from site_fixture import script

PORTAL = Path("/usr/share/lemonldap-ng/portal")
# It always loads a module for pictures to be read, whose own needs Debian only recommends; nobody is shown one here.
PROFILE = """BEGIN {
    package Portal::NoCaptcha;
    use Mouse;
    extends 'Lemonldap::NG::Common::Module';
    sub init { 1 }
    $INC{'Portal/NoCaptcha.pm'} = __FILE__;
}
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::UserDB::Demo;
use JSON;
%%Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = %%{ decode_json('%s') };
Lemonldap::NG::Portal::Main->run({});
"""
INI = """[all]
logLevel = info
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
[configuration]
type = File
dirName = {folder}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'conf', 'cache_root' => '{folder}/cache' }}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
"""


class LemonLdap:
    """As SimpleSaml; the people are those of its Demo backend, replaced by ours."""

    recently = 6  # seconds: who showed credentials within five is not asked anew

    def __init__(self, folder, people):
        self.folder, self.port = Path(folder), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process, self.sp, self.options = None, None, {}
        for name in ("conf", "cache", "sessions/lock", "persistent/lock"):
            (self.folder / name).mkdir(parents=True)
        script("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", "/CN=lemonldap",
               "-keyout", self.folder / "key.pem", "-out", self.folder / "key.crt")
        (self.folder / "lemonldap-ng.ini").write_text(INI.format(folder=self.folder))
        accounts = {uid: {"uid": uid, "cn": uid, **{name: values[0] for name, values in attributes.items()}} for uid, attributes in people.items()}
        (self.folder / "portal.psgi").write_text(PROFILE % json.dumps(accounts).replace("'", "\\'"))
        self.names = sorted({name for attributes in people.values() for name in attributes})
        self.write()

    def write(self):
        key, certificate = (self.folder / "key.pem").read_text(), (self.folder / "key.crt").read_text()
        conf = {
            "cfgNum": 1, "cfgAuthor": "test", "cfgDate": 1, "portal": self.url + "/", "domain": "127.0.0.1", "cookieName": "lemonldap",
            "securedCookie": 0, "authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null", "trustedDomains": "*",
            "issuerDBSAMLActivation": 1, "captcha": "Portal::NoCaptcha", "captcha_login_enabled": 0, "captcha_mail_enabled": 0, "captcha_register_enabled": 0,
            "portalDisplayResetPassword": 0, "portalDisplayRegister": 0, "key": "a key of this test", "timeout": 3600, "portalDisplayRefreshMyRights": 0,
            "demoExportedVars": {name: name for name in ["uid", "cn", *self.names]}, "exportedVars": {}, "macros": {}, "groups": {},
            "locationRules": {}, "exportedHeaders": {}, "applicationList": {}, "globalStorage": "Apache::Session::File",
            "globalStorageOptions": {"Directory": f"{self.folder}/sessions", "LockDirectory": f"{self.folder}/sessions/lock",
                                     "generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"},
            "persistentStorage": "Apache::Session::File",
            "persistentStorageOptions": {"Directory": f"{self.folder}/persistent", "LockDirectory": f"{self.folder}/persistent/lock"},
            "localSessionStorage": "Cache::FileCache",
            "localSessionStorageOptions": {"namespace": "sessions", "cache_root": f"{self.folder}/cache", "default_expires_in": 60},
            "samlServicePrivateKeySig": key, "samlServicePublicKeySig": certificate,
            "samlServicePrivateKeyEnc": key, "samlServicePublicKeyEnc": certificate, "samlServiceUseCertificateInResponse": 1}
        if self.sp:
            conf.update({
                "samlSPMetaDataXML": {"doorward": {"samlSPMetaDataXML": self.sp}},
                "samlSPMetaDataExportedAttributes": {"doorward": {name: f"1;{name};;" for name in self.names}},
                "samlSPMetaDataOptions": {"doorward": {
                    "samlSPMetaDataOptionsSignSSOMessage": 1, "samlSPMetaDataOptionsSignSLOMessage": 1,
                    "samlSPMetaDataOptionsCheckSSOMessageSignature": 1, "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
                    "samlSPMetaDataOptionsEnableIDPInitiatedURL": 1, "samlSPMetaDataOptionsNameIDFormat": "persistent",
                    "samlSPMetaDataOptionsNotOnOrAfterTimeout": 300, "samlSPMetaDataOptionsSessionNotOnOrAfterTimeout": 3600,
                    "samlSPMetaDataOptionsForceUTF8": 1, **self.options}}})
        (self.folder / "conf/lmConf-1.json").write_text(json.dumps(conf))

    def trust(self, xml, encrypt=False):
        self.sp, self.options = xml, {"samlSPMetaDataOptionsEncryptionMode": "assertion" if encrypt else "none"}
        self.write()
        self.stop()
        self.start()

    def start(self):
        with open(self.folder / "portal.log", "ab") as log:
            self.process = subprocess.Popen(["plackup", "--host", "127.0.0.1", "--port", str(self.port), "-E", "deployment",
                                             str(self.folder / "portal.psgi")], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, "LLNG_DEFAULTCONFFILE": str(self.folder / "lemonldap-ng.ini")},
                                            cwd=self.folder)
        for _ in range(1200):
            try:
                ask(self.port, "/saml/metadata")
                return self
            except OSError:
                assert self.process.poll() is None, self.log()
                time.sleep(0.1)
        raise AssertionError(self.log())

    def metadata(self):
        status, body = ask(self.port, "/saml/metadata")
        assert status == 200, body + self.log()
        return body

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None

    # --- people

    @staticmethod
    def credentials(uid):
        return {"user": uid, "password": uid}

    def initiated(self, entity):
        return f"{self.url}/saml/singleSignOn?IDPInitiated=1&sp={urllib.parse.quote(entity, safe='')}"

    def sign_out(self):
        return f"{self.url}/?logout=1"

    def log(self):
        return (self.folder / "portal.log").read_text(errors="replace")[-6000:]
