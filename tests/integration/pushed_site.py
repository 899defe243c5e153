"""A site whose directory is pushed to it: doorward serve, and a client that speaks SCIM to it.

    server = Pushed(site); token = server.token("hq"); server.ask("GET", "/Users", token)
"""

import json
import urllib.error
import urllib.request

from test_serve_process import Served

SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def push_conf(site, schedule="none", **directory):
    """Directory hq is pushed, and its group cad leads to the product."""
    site.conf["directory hq"] = {"type": "scim-push", **directory}
    site.conf["serve"] = {"listen": "127.0.0.1:0", "status-listen": "none"}
    site.conf["sync"]["schedule"] = schedule
    site.conf["product autocad"]["group"] = "cad"
    return site


class Pushed:
    def __init__(self, site):
        self.site = site
        (site.folder / "notify").unlink(missing_ok=True)  # of a server before
        self.served = Served(site).ready()
        self.port = self.served.port()

    def base(self, directory="hq"):
        return f"http://127.0.0.1:{self.port}/scim/{directory}/v2"

    def token(self, directory="hq", *words):
        return self.site.json("token", "create", directory, *words)["token"]

    def ask(self, method, path, token, body=None, directory="hq", status=None):
        """The parsed answer; status: that it has to be answered with (None: any that is not an error)."""
        headers = {"Content-Type": SCIM, **({"Authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.base(directory) + path, method=method, headers=headers,
                                         data=json.dumps(body).encode() if body is not None else None)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found, text = answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            found, text = answer.code, answer.read()
        assert found < 300 if status is None else found == status, f"{method} {path}: {found} {text[:500]}"
        return json.loads(text) if text else None

    def user(self, token, user_name, directory="hq", **more):
        return self.ask("POST", "/Users", token, {
            "schemas": [USER], "userName": user_name, "emails": [{"value": f"{user_name}@example.com", "type": "work", "primary": True}],
            "name": {"givenName": "Given", "familyName": user_name.capitalize()}, "active": True, **more}, directory=directory,
            status=201)["id"]

    def group(self, token, display_name, *members, directory="hq", **more):
        return self.ask("POST", "/Groups", token, {"schemas": [GROUP], "displayName": display_name,
                                                   "members": [{"value": m} for m in members], **more}, directory=directory, status=201)["id"]

    def patch(self, token, path, *operations):
        return self.ask("PATCH", path, token, {"schemas": [PATCH], "Operations": list(operations)})

    def stop(self):
        self.served.close()
