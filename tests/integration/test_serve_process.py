"""doorward serve as processes: both children, whoever dies, SIGHUP, SIGTERM, the schedule, and what the service manager hears."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from site_fixture import DOORWARD

PATIENCE = 120  # seconds for what takes a moment, and longer under valgrind; nothing is asserted about less

# Valgrind does not let itself be executed again by the program that it runs.
begins_runs = pytest.mark.skipif("valgrind" in DOORWARD.name, reason="a run is /proc/self/exe, which is valgrind's here")


def until(found, what):
    """What found() gives as soon as it is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"never: {what() if callable(what) else what}")


def alive(pid):
    """There, and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def children(pid):
    """Name -> process id."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        pids = f.read().split()
    found = {}
    for child in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            with open(f"/proc/{child}/comm", encoding="ascii") as f:
                found[f.read().strip()] = int(child)
    return found


class Served:
    """doorward serve of a site, with a service manager that listens."""

    def __init__(self, site, *words, **environment):
        self.site, self.log = site, site.folder / "serve.log"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(site.folder / "notify"))
        self.manager.settimeout(PATIENCE)
        self.heard = []
        site.write()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([DOORWARD, "-c", site.folder / "doorward.conf", *words, "serve"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log,
                                            env={**os.environ, "NOTIFY_SOCKET": str(site.folder / "notify"), **environment})
        self.pid = self.process.pid

    def hears(self, assignment):
        """The first message from now on with this in it."""
        while True:
            message = self.manager.recv(4096).decode()
            self.heard.append(message)
            if assignment in message.split("\n"):
                return message

    def ready(self):
        self.hears("READY=1")
        return self

    def text(self):
        return self.log.read_text()

    def says(self, pattern, after=0):
        return until(lambda: re.search(pattern, self.text()[after:]), lambda: f"{pattern} in {self.text()}")

    def members(self):
        found = children(self.pid)
        return found if {"doorward-web", "doorward-sync"} <= set(found) else None

    def member(self, name):
        return until(lambda: children(self.pid).get(name), name)

    def port(self):
        """Of the web process that began last."""
        self.says(r"listening on port \d+")
        return int(re.findall(r"listening on port (\d+)", self.text())[-1])

    def answers(self):
        """Somebody accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port()), timeout=PATIENCE).close()
            return True
        except OSError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """Exit status, after which nobody is left."""
        pids = [self.pid, *children(self.pid).values()]
        pids += [run for pid in pids[1:] for run in children(pid).values()]
        self.signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        assert not [pid for pid in pids if alive(pid)]
        return status

    def close(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.manager.close()


@pytest.fixture(name="serve")
def serve_fixture():
    """Starts doorward serve; ends whatever is left."""
    begun = []

    def start(site, *words, **environment):
        begun.append(Served(site, *words, **environment))
        return begun[-1]

    yield start
    for served in begun:
        served.close()


@pytest.fixture(name="home")
def home_fixture(site):
    """A site that serves on any free port, without a schedule."""
    site.org.person("ann")
    site.org.group("cad", "ann")
    site.conf["serve"] = {"listen": "127.0.0.1:0", "status-listen": "none"}
    site.conf["sync"]["schedule"] = "none"
    return site


# --- refusals -------------------------------------------------------------------------------------------------------


def test_needs_its_section_and_the_url(home):
    del home.conf["serve"]
    assert "there is no [serve] section; add one, see: doorward help serve" in home.refused("serve", status=78)
    home.conf["serve"] = {"listen": "127.0.0.1:0"}
    del home.conf["organization"]["url"]
    assert "organization: url is missing; write the address" in home.refused("serve", status=78)


@pytest.mark.parametrize("keys, said", [
    ({"listen": "0.0.0.0:8080"}, "listen '0.0.0.0:8080' would speak plain HTTP to the network; write certificate-file"),
    ({"listen": "[::]:8080"}, "would speak plain HTTP"),
    ({"listen": "localhost:8080"}, "listen 'localhost:8080' is not an address with a port"),
    ({"listen": "127.0.0.1"}, "is not an address with a port"),
    ({"listen": "::1:8080"}, "is not an address with a port"),
    ({"listen": "127.0.0.1:65536"}, "is not an address with a port"),
    ({"certificate-file": "idp/metadata.xml"}, "certificate-file stands without key-file; write both, or none"),
    ({"trusted-proxy": "proxy.example.com"}, "trusted-proxy 'proxy.example.com' is not an address"),
    ({"status-listen": "9080"}, "status-listen '9080' is not an address with a port"),
])
def test_wrong_keys_are_named_with_their_line(home, keys, said):
    home.conf["serve"].update(keys)
    err = home.refused("serve", status=78)
    assert said in err and re.search(r"doorward\.conf:\d+: serve: ", err), err


@pytest.mark.parametrize("keys", [{"listen": "0.0.0.0:8080", "trusted-proxy": "10.0.0.80"}, {"listen": "[::1]:0"},
                                  {"listen": "127.0.0.2:8080"}])
def test_right_keys(home, keys):
    home.conf["serve"].update(keys)
    home.run("check-config")


def test_a_port_that_is_taken_is_said(home, serve):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        home.conf["serve"]["listen"] = f"127.0.0.1:{port}"
        served = serve(home)
        assert served.process.wait(PATIENCE) == 1
        assert re.search(rf"\ndoorward: .*listen address 127\.0\.0\.1 port {port}: Address already in use; another program listens",
                         served.text())


def test_a_second_serve_on_the_same_port_says_so(home, serve):
    served = serve(home).ready()
    home.conf["serve"]["listen"] = f"127.0.0.1:{served.port()}"
    assert "Address already in use" in home.refused("serve", status=1)
    assert served.answers() and served.end() == 0


# --- a life ---------------------------------------------------------------------------------------------------------


def test_ready_then_all_end_at_sigterm(home, serve):
    served = serve(home).ready()
    assert served.answers()
    assert served.end() == 0
    served.hears("STOPPING=1")
    assert not served.answers()


def test_ctrl_c_ends_it_too(home, serve):
    served = serve(home).ready()
    for pid in [*served.members().values(), served.pid]:  # as a terminal does
        with contextlib.suppress(ProcessLookupError):  # one of them may have ended the others by now
            os.kill(pid, signal.SIGINT)
    assert served.process.wait(PATIENCE) == 0


def test_the_watchdog_hears_of_us(home, serve):
    served = serve(home, WATCHDOG_USEC="200000").ready()
    for _ in range(3):
        served.hears("WATCHDOG=1")


@pytest.mark.parametrize("name, other", [("doorward-web", "doorward-sync"), ("doorward-sync", "doorward-web")])
def test_a_killed_child_is_back_and_the_other_goes_on(home, serve, name, other):
    served = serve(home).ready()
    before = served.members()
    os.kill(before[name], signal.SIGKILL)
    after = until(lambda: (served.members() or {}).get(name, before[name]) != before[name] and served.members(), name)
    assert after[other] == before[other] and alive(after[other])
    served.says(rf"{name[9:]} died: killed by signal 9 \(Killed\); it is started again at once")
    until(served.answers, "an answer")
    assert served.end() == 0


def test_nobody_outlives_a_killed_parent(home, serve):
    served = serve(home).ready()
    pids = served.members().values()
    served.process.kill()
    served.process.wait()
    until(lambda: not any(alive(pid) for pid in pids), "the children's end")


def test_a_child_that_hangs_does_not_keep_it_from_ending(home, serve):
    """SIGTERM to the parent ends a stopped child as soon as it goes on; the parent waits for it."""
    served = serve(home).ready()
    web = served.members()["doorward-web"]
    os.kill(web, signal.SIGSTOP)
    served.signal(signal.SIGTERM)
    served.hears("STOPPING=1")
    assert served.process.poll() is None
    os.kill(web, signal.SIGCONT)
    assert served.process.wait(PATIENCE) == 0


# --- the configuration ----------------------------------------------------------------------------------------------


def test_sighup_with_a_wrong_configuration_keeps_the_old(home, serve):
    served = serve(home).ready()
    before = served.members()
    home.raw = "[serve]\nlisten = nowhere\n"
    home.write()
    served.signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in served.hears("RELOADING=1")
    served.ready()
    served.says(r"level=error role=main .*the configuration is wrong, the one of before stays: .*doorward\.conf:\d+: serve")
    assert served.members() == before and served.answers()
    # A child that dies meanwhile begins with the one of before, too.
    os.kill(before["doorward-web"], signal.SIGKILL)
    until(lambda: (served.members() or before)["doorward-web"] != before["doorward-web"], "another web")
    until(served.answers, "an answer")
    assert served.end() == 0


@begins_runs
def test_sighup_takes_a_right_configuration(home, serve):
    served = serve(home).ready()
    before = served.members()
    home.conf["sync"]["schedule"] = "5s"
    home.write()
    served.signal(signal.SIGHUP)
    served.hears("RELOADING=1")
    served.ready()
    served.says("role=main .*the configuration was read anew")
    served.says(r"run \d+ ended: exit status 0, done")
    assert served.members() == before and home.states() == {"ann@example.com": "invited"}
    assert served.end() == 0


def test_sighup_does_not_move_the_listener(home, serve):
    served = serve(home).ready()
    home.conf["serve"].update({"listen": "127.0.0.2:0", "threads": 3})
    home.write()
    served.signal(signal.SIGHUP)
    served.says(r"level=warning role=main .*doorward\.conf:\d+: serve: another listen takes a restart")
    served.says("another number of threads takes a restart")
    assert served.answers()


def test_sighup_does_not_move_the_state(home, serve):
    served = serve(home).ready()
    home.conf["organization"]["state-dir"] = "elsewhere"
    home.write()
    served.signal(signal.SIGHUP)
    served.says("state-dir is another; that takes a restart")


# --- the schedule ---------------------------------------------------------------------------------------------------


@begins_runs
def test_the_schedule_applies_what_the_directory_says(home, serve):
    home.conf["sync"]["schedule"] = "5s"
    served = serve(home).ready()
    until(lambda: home.states() == {"ann@example.com": "invited"}, lambda: served.text())
    home.org.person("bob")
    home.write()
    until(lambda: "bob@example.com" in home.states(), lambda: served.text())
    served.says("role=run ")  # what a run prints is in the log
    assert served.end() == 0
    home.settled()


@begins_runs
def test_a_run_that_fails_is_said_in_words_and_the_next_comes(home, serve):
    home.conf["sync"]["schedule"] = "5s"
    home.conf["directory hq"]["file"] = str(home.folder / "moved.ldif")
    (home.folder / "moved.ldif").write_text("no ldif\n")
    served = serve(home).ready()
    served.says(r"level=error role=sync .*run \d+ ended: exit status 1, it failed")
    (home.folder / "moved.ldif").write_text(home.org.ldif())
    served.says(r"run \d+ ended: exit status 0, done")
    assert served.end() == 0


@begins_runs
def test_a_run_ends_cleanly_with_serve(home, serve):
    """A run that waits for its directory is told to end and waited for."""
    home.conf["sync"]["schedule"] = "5s"
    home.conf["directory hq"] = {"type": "ldap", "uri": None, "base": "dc=example,dc=com"}
    with socket.socket() as s:  # a directory that accepts and says nothing
        s.bind(("127.0.0.1", 0))
        s.listen()
        home.conf["directory hq"]["uri"] = f"ldap://127.0.0.1:{s.getsockname()[1]}"
        served = serve(home).ready()
        served.says(r"run \d+ begins")
        sync = served.member("doorward-sync")
        run = until(lambda: list(children(sync).values()), "a run")[0]
        assert served.end() == 0
        assert not alive(run)


def test_without_a_team_no_run_begins(home, serve):
    for section in ("team design", "product autocad"):
        del home.conf[section]
    home.conf["sync"]["schedule"] = "5s"
    served = serve(home).ready()
    served.says("no run begins by itself: there is no schedule, or no team")


@begins_runs
def test_no_second_run_beside_one_that_lasts(home, serve):
    home.conf["sync"]["schedule"] = "5s"
    home.conf["directory hq"] = {"type": "ldap", "uri": None, "base": "dc=example,dc=com"}
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        home.conf["directory hq"]["uri"] = f"ldap://127.0.0.1:{s.getsockname()[1]}"
        served = serve(home).ready()
        served.says(r"run \d+ begins")
        sync = served.member("doorward-sync")
        run = until(lambda: list(children(sync).values()), "a run")
        time.sleep(7)
        assert list(children(sync).values()) == run and served.text().count(" begins") == 1
        # Its sync process killed, the run is told to end, and is waited for by the parent.
        os.kill(sync, signal.SIGKILL)
        until(lambda: not alive(run[0]), "the run's end")
        assert served.end() == 0
