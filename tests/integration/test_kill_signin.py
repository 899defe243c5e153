"""kill -9 of serve's children while many sign in: the other child goes on, the dead one is back, nothing counts twice, and no session that was
answered is lost."""

import base64
import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import urllib.error
from collections import Counter

import pytest

from signin_site import ACS, AUDIENCE, Browser, Server
from site_fixture import IDP, ROOT
from slapd import entry_uuid
from test_serve_process import PATIENCE, until

TOOLS = os.environ.get("DOORWARD_TOOLS", str(ROOT / "build/tests/tools"))
THREADS = 6
BETWEEN = 12  # sign-ins from one kill to the next
KILLS = ["doorward-web", "doorward-web", "doorward-sync", "doorward-web", "doorward-sync", "doorward-web"]
PEOPLE = 1000
UNREACHED = (ConnectionError, http.client.HTTPException, urllib.error.URLError, TimeoutError)


class Signer:
    """The identity provider; one for all threads."""

    def __init__(self, idp):
        self.lock = threading.Lock()
        words = [TOOLS + "/sign", str(idp), IDP, ACS, AUDIENCE]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # pylint: disable=consider-using-with

    def sign(self, uid, request):
        with self.lock:
            self.process.stdin.write(f"{uid}@example.com\tGiven\t{uid}\t{entry_uuid(uid)}\t{request}\n")
            self.process.stdin.flush()
            return base64.b64decode(self.process.stdout.readline()).decode()

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        self.process.stdout.close()


class Load:
    """People who sign in, each once, and whose answers are sent several times; what came of it, by assertion."""

    def __init__(self, server, signer):
        self.server, self.signer = server, signer
        self.lock = threading.Lock()
        self.todo = iter(range(PEOPLE))
        self.accepted, self.answered, self.refused = Counter(), {}, Counter()
        self.done, self.ended, self.fault = 0, threading.Event(), None
        self.threads = [threading.Thread(target=self.run) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        try:
            while not self.ended.is_set():
                with self.lock:
                    uid = f"p{next(self.todo)}"
                self.sign_in(uid)
                with self.lock:
                    self.done += 1
        except BaseException as fault:  # pylint: disable=broad-exception-caught
            self.fault = fault

    def asked(self, what):
        """An answer, however often it takes: what is killed is back soon."""
        def attempt():
            with contextlib.suppress(*UNREACHED):
                return what()
            return None
        return until(attempt, lambda: f"an answer: {self.server.served.text()[-3000:]}")

    def sign_in(self, uid):
        browser = Browser(self.server)
        request, relay = self.asked(lambda: browser.begin(f"{uid}@example.com"))
        response = self.signer.sign(uid, request)
        assertion = re.search(r'<saml:Assertion [^>]*\bID="(\w+)"', response).group(1)
        copies = [browser.copy() for _ in range(3)]
        sending = [threading.Thread(target=self.post, args=(copy, response, relay, assertion)) for copy in copies]
        for thread in sending:
            thread.start()
        for thread in sending:
            thread.join()
        answer = self.asked(lambda: browser.copy().post(response, relay))  # and once more, when all is over
        with self.lock:
            self.accepted[assertion] += answer.status == 303

    def post(self, browser, response, relay, assertion):
        with contextlib.suppress(*UNREACHED):
            answer = browser.post(response, relay)
            with self.lock:
                if answer.status == 303:
                    self.accepted[assertion] += 1
                    self.answered[assertion] = browser
                else:
                    self.refused[answer.status] += 1

    def wait(self, count):
        until(lambda: self.fault or self.done >= count, lambda: f"{count} sign-ins, but {self.done}: {self.server.served.text()[-3000:]}")
        assert not self.fault, repr(self.fault)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture(name="signer")
def signer_fixture(site):
    signer = Signer(site.idp)
    yield signer
    signer.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def kill(served, name):
    """The child dies in the middle of what it does, and another takes its place, while its sibling stays the same."""
    before = served.members() or until(served.members, "both children")
    said = len(served.text())
    os.kill(before[name], signal.SIGKILL)
    after = until(lambda: (served.members() or {}).get(name, before[name]) != before[name] and served.members(), name)
    assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.items() if k != name}
    served.says(rf"{name[9:]} died: killed by signal 9 \(Killed\); it is started again", said)
    if name == "doorward-web":
        served.says(r"listening on port \d+", said)


def test_killed_while_many_sign_in(site, signer):
    for i in range(PEOPLE):
        site.org.person(f"p{i}")
    site.org.group("cad", *(f"p{i}" for i in range(PEOPLE)))
    site.apply()
    server = Server(site, listen=f"127.0.0.1:{free_port()}")
    load = Load(server, signer)
    try:
        for name in KILLS:
            load.wait(load.done + BETWEEN)
            kill(server.served, name)
        load.wait(load.done + BETWEEN)
    finally:
        load.end()
    assert not load.fault, repr(load.fault)

    # By what the browsers saw, and by the server's own record, where nobody but the one person has this e-mail.
    assert max(load.accepted.values()) == 1, [a for a, n in load.accepted.items() if n > 1]
    accepted = dict(server.sql("SELECT email, count(*) FROM record WHERE result = 1 GROUP BY email"))
    assert set(accepted.values()) == {1}, {email: n for email, n in accepted.items() if n > 1}
    assert len(accepted) >= len(load.answered)
    (sessions, people), = server.sql("SELECT count(*), count(DISTINCT email) FROM session")
    (used,), = server.sql("SELECT count(*) FROM used_once")
    assert sessions == people == len(accepted) == used
    assert load.refused and set(load.refused) <= {403, 503}
    lost = [a for a, browser in load.answered.items() if browser.page().status != 200]
    assert not lost and load.answered
    assert server.sql("PRAGMA integrity_check") == [("ok",)]
    server.stop()
