"""Replays requests to a SCIM service and compares what comes back; tests/data/scim/README says how the files are written.

    client = ScimClient(base, token, headers)
    answer = client.send("GET /Users?count=1")
    replay(client, steps)                   fails at the first answer that differs, and says at which step
    replay_folder(client, folder)           all files of a folder, then end.json
"""

import http.client
import json
import re
import socket
import urllib.parse

ANY = "{{any}}"
NAME = re.compile(r"\{\{([\w-]+)\}\}")
PAGE = 500


class Answered:
    """Status, headers, raw body, and the body as JSON (None: there is none, or it is something else)."""

    def __init__(self, response):
        self.status, self.headers, self.raw = response.status, response.headers, response.read()
        self.body = json.loads(self.raw) if self.raw and "json" in self.headers.get("Content-Type", "") else None

    def __repr__(self):
        return f"{self.status} {self.raw[:2000].decode(errors='replace')}"


class ScimClient:
    """One connection that is kept, as clients keep it. base: up to and with /v2; shown: how answers call it."""

    def __init__(self, base, token, headers=None, shown=None):
        self.base, self.values = base, {"base": shown or base}
        self.address = urllib.parse.urlsplit(base)
        self.headers = {"Authorization": f"Bearer {token}", **(headers or {})}
        self.connection = None
        self.again = True  # asks once more when a connection that was kept turns out to be closed

    def fill(self, value):
        """The value with {{name}} replaced by what was kept under the name."""
        if isinstance(value, str):
            return NAME.sub(lambda m: m.group() if m.group() == ANY else self.values[m.group(1)], value)
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        return value

    def send(self, what, body=None, raw=None, headers=None):
        """raw: bytes, or text, instead of a body."""
        method, path = self.fill(what).split(" ", 1)
        if raw is None and body is not None:
            raw = json.dumps(self.fill(body), ensure_ascii=False)
        if isinstance(raw, str):
            raw = self.fill(raw).encode()
        sent = {**self.headers, **self.fill(headers or {})}
        if raw is None:
            sent.pop("Content-Type", None)
        return self.exchange(method, self.address.path + path, raw, {k: v for k, v in sent.items() if v is not None})

    def exchange(self, method, path, raw, headers):
        for again in (self.again, False):
            if not self.connection:
                self.connection = http.client.HTTPConnection(self.address.netloc, timeout=120)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                again = False
            try:
                self.connection.request(method, path, raw, headers)
                return Answered(self.connection.getresponse())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # The server gives up connections that rest.
                self.close()
                if not again:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def all(self, kind, **parameters):
        """Every resource of a kind, page by page."""
        found, total = [], 1
        while len(found) < total:
            query = urllib.parse.urlencode({"startIndex": len(found) + 1, "count": PAGE, **parameters})
            page = self.send(f"GET /{kind}?{query}")
            assert page.status == 200, page
            total = page.body["totalResults"]
            assert page.body.get("Resources") or not total, page
            found += page.body.get("Resources", [])
        assert len({r["id"] for r in found}) == len(found) == total, found
        return found


# --- comparing ------------------------------------------------------------------------------------------------------


def differs(wanted, found, ordered=False, at=""):
    """Why what was found is not what was wanted; None when it is."""
    if wanted == ANY:
        return f"{at}: nothing" if found is None else None
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return f"{at}: {found!r} is no object"
        for name, value in wanted.items():
            if value is None:
                if found.get(name) not in (None, []):
                    return f"{at}.{name}: {found[name]!r} should not be there"
            elif why := differs(value, found.get(name), ordered, f"{at}.{name}"):
                return why
        return None
    if isinstance(wanted, list):
        return list_differs(wanted, found, ordered, at)
    same = type(wanted) is type(found) and wanted == found
    return None if same else f"{at}: {found!r}, not {wanted!r}"


def list_differs(wanted, found, ordered, at):
    if found is None and not wanted:
        return None
    if not isinstance(found, list) or len(found) != len(wanted):
        return f"{at}: {found!r}, not {len(wanted)} values"
    if ordered:
        return next(filter(None, (differs(w, f, ordered, f"{at}.{i}") for i, (w, f) in enumerate(zip(wanted, found)))), None)
    left = list(found)
    for value in sorted(wanted, key=lambda w: w == ANY):  # what fits everything comes last
        fits = [f for f in left if not differs(value, f, ordered, at)]
        if not fits:
            return f"{at}: no {value!r} among {left!r}"
        left.remove(fits[0])
    return None


def pick(body, path):
    for part in path.split("."):
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body


# --- replaying ------------------------------------------------------------------------------------------------------


def check(client, step, answer):
    statuses = step["status"] if isinstance(step["status"], list) else [step["status"]]
    if answer.status not in statuses:
        return f"status {answer.status}, not {step['status']}"
    for name, value in client.fill(step.get("answer-headers", {})).items():
        found = answer.headers.get(name)
        if value is None and found is not None:
            return f"header {name}: {found}"
        if value is not None and (found is None or value not in (ANY, found, found.split(";")[0])):
            return f"header {name}: {found}, not {value}"
    if answer.status == 204:
        return "204 with a body" if answer.raw else None
    if "answer" in step:
        return differs(client.fill(step["answer"]), answer.body, step.get("ordered", False))
    return None


def replay(client, steps, name=""):
    for i, step in enumerate(steps):
        known = {"say", "send", "body", "raw", "headers", "status", "answer", "answer-headers", "keep", "ordered"}
        assert step.keys() <= known, f"{name}, step {i + 1}: {step.keys() - known}"
        answer = client.send(step["send"], step.get("body"), step.get("raw"), step.get("headers"))
        why = check(client, step, answer)
        assert not why, f"{name}, step {i + 1}: {step.get('say', '')}: {step['send']}: {why}\n{answer!r}"
        for kept, path in step.get("keep", {}).items():
            client.values[kept] = pick(answer.body, path)


def check_end(client, end):
    """The state behind all of it, as listings and single resources show it."""
    users = client.all("Users")
    why = differs(end["Users"], users)
    assert not why, why
    names = {user["id"]: user["userName"] for user in users}
    groups = client.all("Groups")
    names.update((group["id"], group["displayName"]) for group in groups)
    found = {group["displayName"]: sorted(names[m["value"]] for m in group.get("members", [])) for group in groups}
    assert found == {name: sorted(members) for name, members in end["Groups"].items()}
    for kind, resources in (("Users", users), ("Groups", groups)):
        for resource in resources:
            assert client.send(f"GET /{kind}/{resource['id']}").body == resource


def replay_folder(client, folder, after=None):
    """What end.json says beside the state on the service. after: called behind each file."""
    for path in sorted(folder.glob("[0-9]*.json")):
        replay(client, json.loads(path.read_text(encoding="utf-8")), f"{folder.name}/{path.name}")
        if after:
            after()
    end = json.loads((folder / "end.json").read_text(encoding="utf-8"))
    check_end(client, end)
    return end
