"""scimmy's SCIM service on a free loopback port, in a process of its own; tests/peers/scim says what it is.

    service = ScimService(); service.dump(); service.stop()
    service = ScimService(options=("no-patch", "members=10"))          as server.js has them
    service = ScimService(certificate="cert.pem", key="key.pem"); service.tls_url
"""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

PEER = Path(os.environ.get("DOORWARD_PEERS", Path(__file__).resolve().parents[2] / "build/peers")) / "scim"
TOKEN = "a-token-of-the-tests-8d1f"


class ScimService:
    def __init__(self, token=TOKEN, certificate=None, key=None, options=()):
        if not shutil.which("node") or not (PEER / "node_modules").is_dir():
            assert not os.environ.get("CI"), "node or build/peers/scim is missing: make peers"
            pytest.skip("missing: node and npm, or build/peers/scim; run: sudo sh packaging/deps.sh --test && make peers")
        self.token = token
        more = [certificate, key] if certificate else []
        self.process = subprocess.Popen(["node", PEER / "server.js", token, *more, *(f"--{option}" for option in options)], stdout=subprocess.PIPE, text=True)
        ports = self.process.stdout.readline().split()
        self.port = int(ports[0])
        self.url = f"http://127.0.0.1:{self.port}/scim/v2"
        self.tls_url = f"https://localhost:{ports[-1]}/scim/v2"

    def ask(self, method, path, body=None):
        """As an administrator of the service would, past the program."""
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body else None,
                                         headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return json.load(answer)

    def dump(self):
        return self.get("/dump")

    def counts(self):
        """How many requests came, by method and kind: {"PATCH Groups": 3}."""
        return self.get("/counts")

    # --- the state, as cases compare it

    def users(self):
        """Our id -> account; and no id twice, nor an account without one."""
        users = self.dump()["users"]
        found = {user.get("externalId", user["userName"]): user for user in users}
        assert len(found) == len(users), f"an account stands twice: {sorted(u.get('externalId', '') for u in users)}"
        return found

    def active(self):
        return {user["userName"] for user in self.users().values() if user["active"]}

    def groups(self):
        """Name -> user names of the members; and no group twice."""
        state = self.dump()
        names = {user["id"]: user["userName"] for user in state["users"]}
        found = {group["displayName"]: {names[m["value"]] for m in group["members"]} for group in state["groups"]}
        assert len(found) == len(state["groups"]) == len({group.get("externalId") for group in state["groups"]}), "a group stands twice"
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
