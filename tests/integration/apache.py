"""Debian's apache2 with mod_auth_openidc as an application, on loopback, in a folder of its own."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from application import free_port

MODULES = Path("/usr/lib/apache2/modules")

CONF = """
ServerRoot "{folder}"
ServerName {host}
PidFile "{folder}/apache.pid"
Listen {host}:{port}
ErrorLog "{folder}/error.log"
LogLevel warn auth_openidc:debug
{modules}
DocumentRoot "{folder}/www"
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCRedirectURI {url}/protected/callback
OIDCCryptoPassphrase {passphrase}
OIDCScope "openid email profile groups products offline_access"
OIDCPKCEMethod S256
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRemoteUserClaim email
OIDCCookiePath /
OIDCJWKSRefreshInterval 300
OIDCInfoHook iat access_token access_token_expires id_token userinfo refresh_token session
{more}
<Directory "{folder}/www">
  Require all granted
</Directory>
<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /cad>
  AuthType openid-connect
  <RequireAll>
    Require claim products:autocad
    Require claim team:design
  </RequireAll>
</Location>
<Location /board>
  AuthType openid-connect
  Require claim groups:board
</Location>
"""


class Apache:
    """Its section of the configuration is made when it starts. ca: who vouches for the server; section: more of that section."""

    def __init__(self, site, provider, host="127.0.0.1", ca=None, **section):
        apache = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
        if not apache or not (MODULES / "mod_auth_openidc.so").exists():
            assert not os.environ.get("CI"), "apache2 or libapache2-mod-auth-openidc is missing"
            pytest.skip("missing: apache2 and libapache2-mod-auth-openidc; run: sudo sh packaging/deps.sh --test")
        # Not below the case's folder, which pytest closes to everybody else again whenever it begins: apache reads as www-data.
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="doorward-apache-")), free_port()
        self.folder.chmod(0o755)
        self.url = f"http://{host}:{self.port}"
        for name in ("protected", "cad", "board", "bye"):
            self.page(name, f"this is {name}\n")
        self.secret = secrets.token_urlsafe(24)
        (site.folder / "apache.secret").write_text(self.secret)
        (site.folder / "apache.secret").chmod(0o600)
        site.conf["application apache"] = {
            "client-secret-file": "apache.secret", "redirect-uri": f"{self.url}/protected/callback",
            "backchannel-logout-uri": f"{self.url}/protected/callback?logout=backchannel", "post-logout-uri": f"{self.url}/bye/", **section}
        provider.reload()
        names = ["mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc"]
        modules = "\n".join(f"LoadModule {n}_module {MODULES}/mod_{n}.so" for n in names)
        more = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
        if ca:
            more += f"OIDCCABundlePath {shutil.copy(ca, self.folder / 'ca.pem')}\n"
        conf = self.folder / "apache.conf"
        conf.write_text(CONF.format(folder=self.folder, host=host, port=self.port, modules=modules, issuer=provider.url, secret=self.secret, url=self.url,
                                    passphrase=secrets.token_urlsafe(24), more=more))
        self.process = subprocess.Popen([apache, "-d", self.folder, "-f", conf, "-D", "FOREGROUND"], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.wait()

    def page(self, name, text):
        (self.folder / "www" / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "www" / name / "index.html").write_text(text)

    @property
    def logout(self):
        """Where its own sign-out is, which leads to the server's and back to /bye/."""
        return f"{self.url}/protected/callback?logout={urllib.parse.quote(self.url + '/bye/', safe='')}"

    def wait(self):
        for _ in range(200):
            assert self.process.poll() is None, self.process.stdout.read() + self.log()
            try:
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + "/", timeout=5).close()
                return
            except urllib.error.HTTPError as there:
                there.close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log())

    def log(self):
        log = self.folder / "error.log"
        return log.read_text()[-8000:] if log.exists() else ""

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        shutil.rmtree(self.folder)
