"""How a SCIM service is reached when it is not at once: tokens that end, services that let only so many requests through."""

import json
import time

import pytest

from scim_front import Limit, ScimFront
from scim_service import TOKEN, ScimService
from slapd import entry_uuid

SECRET = "s:cret%+of&the-tests"


@pytest.fixture(name="service")
def service_fixture():
    service = ScimService()
    yield service
    service.stop()


@pytest.fixture(name="front")
def front_fixture(service):
    front = ScimFront(service.port, TOKEN)
    yield front
    front.stop()


def secret_file(site, name, text):
    path = site.folder / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def crowd(site, n):
    for i in range(n):
        site.org.person(f"p{i:03d}")
    site.org.group("cad", *list(site.org.people)[:10])


@pytest.fixture(name="by_file")
def by_file_fixture(site, front):
    site.conf["platform builtin"] = {"type": "scim", "url": front.url, "token-file": secret_file(site, "token", TOKEN), "retry-wait": "20ms",
                                     "bulk": "no"}
    crowd(site, 12)
    return site


@pytest.fixture(name="by_oauth")
def by_oauth_fixture(site, front):
    front.oauth = {"client": ("door ward", SECRET), "seconds": 3600}
    site.conf["platform builtin"] = {"type": "scim", "url": front.url, "token-url": front.token_url, "client-id": "door ward",
                                     "client-secret-file": secret_file(site, "secret", SECRET), "retry-wait": "20ms", "bulk": "no"}
    crowd(site, 12)
    return site


def complete(site, service):
    assert service.active() == set(site.org.people)
    site.settled()


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_for_the_clients_secret(by_oauth, front, service):
    by_oauth.conf["platform builtin"]["scope"] = "scim.write more"
    by_oauth.apply()
    complete(by_oauth, service)
    assert front.counts[401] == 0
    assert front.log[0] == {"token": {"grant_type": "client_credentials", "scope": "scim.write more"}, "basic": True}


def test_the_secret_in_the_body(by_oauth, front, service):
    by_oauth.conf["platform builtin"]["client-authentication"] = "client_secret_post"
    by_oauth.apply()
    complete(by_oauth, service)
    assert not front.log[0]["basic"] and front.log[0]["token"]["client_secret"] == SECRET


def test_one_token_serves_a_whole_run(by_oauth, front):
    by_oauth.apply()
    before = front.counts["token"]
    crowd(by_oauth, 40)
    by_oauth.apply()
    opened = front.counts["token"] - before
    assert opened <= 3, "one each time that the platform is opened: to read, and to write"


def test_a_token_that_ends_in_the_middle(by_oauth, front, service):
    """It says nothing of its end, and ends after seven requests, in the middle of those that go out together."""
    front.oauth.update(seconds=None, uses=7)
    crowd(by_oauth, 60)
    by_oauth.apply()
    complete(by_oauth, service)
    assert front.counts["token"] > 5 and front.counts[401] > 0
    assert len(service.users()) == 60, "nobody twice"


def test_a_token_that_says_when_it_ends_is_renewed_before(by_oauth, front, service):
    front.oauth.update(seconds=1)
    front.limit = Limit(10, 1, "ratelimit")  # so that the run takes longer than the token
    crowd(by_oauth, 40)
    by_oauth.apply()
    front.limit = None
    complete(by_oauth, service)
    assert front.counts["token"] >= 3


def test_a_client_that_is_not_known(by_oauth, front, service):
    secret_file(by_oauth, "secret", "another%secret")
    text = by_oauth.refused("apply", "--yes", status=1)
    assert "it does not know us; compare client-id, client-secret-file" in text, text
    assert "another%secret" not in text and not service.dump()["users"]
    assert front.counts[200] == 0


def test_a_token_that_is_refused_all_the_same(by_oauth, front):
    front.accepts = set()
    text = by_oauth.refused("apply", "--yes", status=1)
    assert "the service refuses the token" in text and "the token is not valid here" in text, text
    assert front.counts["token"] <= 3, "a new one would be refused as well"


def test_a_token_server_that_is_out_of_order(by_oauth, front, service):
    front.token_status = 503
    by_oauth.conf["platform builtin"]["retries"] = 2
    text = by_oauth.refused("apply", "--yes", status=1)
    assert "out of order or busy (503)" in text, text
    front.token_status = None
    by_oauth.apply()
    complete(by_oauth, service)


def test_a_file_that_is_rotated_while_the_run_lasts(by_file, front, service):
    front.accepts = {"new-token-of-the-tests"}
    front.limit = Limit(10, 0.3)
    crowd(by_file, 60)
    front.accepts.add(TOKEN)
    process = by_file.start("apply", "--yes")
    deadline = time.monotonic() + 60
    while front.counts[200] < 15 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    new = secret_file(by_file, "token.new", "new-token-of-the-tests")
    new.rename(by_file.folder / "token")
    with front.lock:
        front.accepts.remove(TOKEN)
    assert process.wait(timeout=120) == 0
    front.limit = None
    assert service.active() == set(by_file.org.people)
    assert front.counts[401] >= 1


@pytest.mark.parametrize("change, fault", [
    ({"token-file": None}, "neither token-file nor token-url is written"),
    ({"token-url": "https://login.example.net/token"}, "there are both token-file and token-url"),
    ({"scope": "x"}, "scope goes with token-url"),
    ({"token-file": None, "token-url": "https://login.example.net/token"}, "token-url needs client-id"),
    ({"token-file": None, "token-url": "http://login.example.net/token", "client-id": "a"}, "token-url"),
])
def test_what_does_not_go_together(by_file, change, fault):
    by_file.conf["platform builtin"].update(change)
    assert fault in by_file.refused("check-config", status=78)


# --- as fast as it lets us --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers, retry", [("ratelimit", True), ("structured", True), ("x", False), (None, True)])
def test_a_service_that_lets_only_so_many_through(by_file, front, service, headers, retry):
    by_file.conf["platform builtin"].update({"connections": 8, "retries": 2})
    front.limit = Limit(25, 0.4, headers, retry)
    crowd(by_file, 120)
    by_file.apply()
    front.limit = None
    complete(by_file, service)
    assert len(service.users()) == 120
    if headers:
        assert front.counts[429] <= front.counts[200] / 5, "who says what is left is seldom asked for more"


def test_too_many_without_a_word_when_to_come_again(by_file, front, service):
    by_file.conf["platform builtin"].update({"connections": 8, "retries": 3, "retry-wait": "200ms"})
    front.limit = Limit(30, 0.3, None, False)
    crowd(by_file, 100)
    by_file.apply()
    front.limit = None
    complete(by_file, service)


@pytest.mark.parametrize("says", [True, False])
def test_a_service_that_is_closed_for_a_while(by_file, front, service, says):
    by_file.conf["platform builtin"].update({"retry-wait": "300ms"})
    crowd(by_file, 60)
    front.closed_says = says
    front.closed_until = time.monotonic() + 1.5
    by_file.apply()
    complete(by_file, service)
    assert front.counts[503] > 0


def test_a_service_that_is_closed_in_the_middle(by_file, front, service):
    crowd(by_file, 80)
    front.limit = Limit(20, 0.2, "ratelimit")
    process = by_file.start("apply", "--yes")
    deadline = time.monotonic() + 60
    while front.counts[200] < 30 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with front.lock:
        front.closed_until = time.monotonic() + 1
    assert process.wait(timeout=120) == 0
    front.limit = None
    complete(by_file, service)
    assert front.counts[503] > 0


def test_nobody_is_looked_up_one_by_one(by_file, front, service):
    """The listing tells that nobody is there; and of who is, by our id, which account it is."""
    crowd(by_file, 80)
    asked = []
    judge = front.judge
    front.judge = lambda authorization: asked.append(1) or judge(authorization)
    by_file.apply()
    complete(by_file, service)
    assert len(asked) < 80 + 40, "one request for each, and a few beside"
    assert json.dumps(service.dump()).count("p001@example.com") == 1


# --- doorward check ---------------------------------------------------------------------------------------------------


def platform_row(site, status=0):
    rows = site.json("check", status=status)["checks"]
    return next(row for row in rows if row["what"] == "platform builtin")


def test_check_tells_what_a_service_can_and_cannot_do(by_file, front, service):
    out, _ = by_file.run("check")
    assert f"platform builtin: {front.url}, 0 accounts, 0 groups" in out
    can, cannot = (next(line for line in out.splitlines() if line.strip().startswith(word + " ")) for word in ("can", "cannot"))
    assert "change single attributes (PATCH)" in can and "enterprise extension" in can and "entitlements" in can
    assert "page by cursor" in cannot and "PATCH" not in cannot
    row = platform_row(by_file)
    assert row["ok"] and {a["name"]: a["can"] for a in row["abilities"]}["patch"] is True
    assert service.dump() == {"users": [], "groups": []}, "it changes nothing"


def test_check_tells_what_was_guessed(by_file, front):
    documents = ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes")
    front.hidden = documents
    row = platform_row(by_file)
    abilities = {a["name"]: a["can"] for a in row["abilities"]}
    assert row["ok"] and abilities["patch"] and abilities["filter"] and not abilities["bulk"] and not abilities["etag"]
    for document in documents:
        assert any(note.startswith(document[1:] + ": not shown (404); ") for note in row["notes"]), row["notes"]
    assert "note" in by_file.run("check")[0]
    by_file.apply()
    by_file.settled()


@pytest.mark.parametrize("wrong, status", [("token", 1), ("gone", 1)])
def test_check_tells_that_it_is_not_let_in(by_file, front, wrong, status):
    if wrong == "token":
        front.accepts = set()
    else:
        front.stop()
    row = platform_row(by_file, status=status)
    assert not row["ok"]
    assert ("the service refuses the token" if wrong == "token" else "cannot connect") in row["detail"], row["detail"]


def test_check_of_oauth(by_oauth, front):
    assert platform_row(by_oauth)["ok"] and front.counts["token"] == 1
    secret_file(by_oauth, "secret", "wrong")
    assert "it does not know us" in platform_row(by_oauth, status=1)["detail"]


def old_account(site, service, uid, name):
    """As an earlier installation left it: with our id, and another name by now."""
    service.ask("POST", "/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": True,
                                   "externalId": entry_uuid(uid), "emails": [{"value": name + "@example.com"}]})


def test_who_is_there_already_is_no_second_time(by_file, service):
    """Its name would be no hindrance."""
    crowd(by_file, 40)
    old_account(by_file, service, "p007", "another-name")
    by_file.apply()
    complete(by_file, service)
    assert len(service.users()) == 40 and service.users()[entry_uuid("p007")]["userName"] == "p007"


def is_listing(method, path):
    return method == "GET" and path.startswith("/scim/v2/Users?") and "filter=" not in path


LISTINGS = {
    "no listing": (404, b"{}"),
    "HTML": (200, b"<html>", (), "text/html"),
    "out of order": (500, b""),
    "empty, and says that there is one": (200, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[]}'),
    "without names": (200, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{"id":"x"}]}'),
}


@pytest.mark.parametrize("lie", LISTINGS, ids=lambda lie: lie.replace(" ", "-"))
def test_a_listing_that_is_none_proves_nothing(by_file, front, service, lie):
    """Then everybody is looked up, as ever."""
    by_file.conf["platform builtin"]["drift-every"] = "never"
    crowd(by_file, 40)
    old_account(by_file, service, "p007", "another-name")
    front.changed = lambda method, path: LISTINGS[lie] if is_listing(method, path) else None
    by_file.apply()
    front.changed = None
    assert service.active() == set(by_file.org.people) and len(service.users()) == 40


# --- how long it is going to take -------------------------------------------------------------------------------------


def took(site):
    """Seconds of the last run, as the program recorded them."""
    return site.sql("SELECT millis FROM run ORDER BY id DESC LIMIT 1")[0][0] / 1000


@pytest.mark.parametrize("faults", ["429", "503"])
def test_the_estimate_is_within_a_factor_of_two(by_file, front, service, faults):
    """What plan shows is compared with what the run then took, as a ratio: the limit is the service's, so that the machine hardly matters."""
    front.limit = Limit(15, 1) if faults == "429" else Limit(20, 1, "ratelimit")
    crowd(by_file, 60)
    by_file.apply()
    crowd(by_file, 160)
    shown = by_file.plan()["summary"]["estimate"]
    if faults == "503":
        front.closed_until = time.monotonic() + 1
    out, _ = by_file.apply()
    assert "about " in out and "changes a second as in run 1" in out
    ratio = shown["seconds"] / took(by_file)
    print(f"estimated {shown['seconds']:.1f} s, took {took(by_file):.1f} s")
    assert 0.5 < ratio < 2, shown
    assert front.counts[int(faults)] > 0 and service.active() == set(by_file.org.people)


def test_each_kind_has_its_own_pace(by_file, front, service):
    """Sixty accounts took their time; many members are one request."""
    front.limit = Limit(20, 0.5, "ratelimit")
    crowd(by_file, 60)
    by_file.org.group("cad")
    by_file.apply()
    by_file.org.group("cad", *by_file.org.people)
    by_file.apply()
    front.limit = None
    rows = dict(by_file.sql("SELECT op, sum(millis) / sum(changes) FROM pace GROUP BY op"))
    assert rows["invite"] > 3 * rows["join"], rows
