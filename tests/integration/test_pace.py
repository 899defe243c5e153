"""How long a plan is going to take, from the pace of the platform's last run; and what a run that was cut off leaves to be told."""

import json
import re

from test_audit import past_the_triggers


def crowd(site, n):
    for i in range(n):
        site.org.person(f"p{i:03d}")


def test_no_pace_is_known_at_first(site):
    crowd(site, 3)
    assert site.plan()["summary"]["estimate"] is None
    site.apply()
    crowd(site, 6)
    assert site.plan()["summary"]["estimate"] is None, "three changes tell how long the connection took"


def test_estimate_from_the_last_run(site):
    crowd(site, 20)
    site.apply()
    crowd(site, 110)
    estimate = site.plan()["summary"]["estimate"]
    assert estimate["per_second"] > 0 and estimate["seconds"] * estimate["per_second"] == 90
    for milliseconds, said in ((10000, "about 45 seconds, at 2.0 changes a second as in run 1"),
                               (60000, "about 5 minutes, at 20 changes a minute as in run 1"),
                               (4000000, "about 5 hours, at 18 changes an hour as in run 1"),
                               (1, None)):
        past_the_triggers(site, f"UPDATE run SET millis = {milliseconds}")
        out = site.run("plan")[0]
        assert said in out if said else "as in run" not in out, out
        assert site.plan()["summary"]["estimate"]["seconds"] == 90 * milliseconds / 1000 / 20
    # Nothing to do takes no time.
    site.apply()
    assert site.plan()["summary"]["estimate"] is None


def cut_off(site):
    """As a kill leaves it on a platform elsewhere, behind the program's back."""
    past_the_triggers(site, "UPDATE run SET state = 'running', elsewhere = 1, platform = 'gone'",
                      "INSERT INTO delivery VALUES (1, 1, 'sent', 1, 0, NULL)",
                      "INSERT INTO delivery VALUES (1, 2, 'skipped', 1, 0, 'the platform said no')",
                      "INSERT INTO delivery VALUES (1, 3, 'confirmed', 1, 0, NULL)")


def test_a_run_that_was_cut_off_is_told(site):
    crowd(site, 4)
    site.apply()
    cut_off(site)
    note = "run 1 was cut off with 1 changes sent and not answered; the next doorward apply settles them first"
    assert note in site.run("plan")[0]
    assert note in site.plan()["notes"]
    assert note in site.run()[0]
    assert site.sql("SELECT state FROM run") == [("running",)], "plan closes nothing that is unanswered"
    shown, _ = site.run("runs", "show", "1")
    assert "Skipped\n! Given P001  p001@example.com  invite: the platform said no\n" in shown
    assert "Sent and not answered: 1; the next doorward apply settles them first\nNot sent: 1; planned again\n" in shown
    assert [re.split("  +", line)[1] for line in shown.splitlines() if line.startswith("+")] == ["p002@example.com"], "only what was done"
    run = json.loads(site.run("runs", "show", "1", "--json")[0])
    assert [c["state"] for c in run["journal"]] == ["sent", "skipped", "confirmed", "intended"]
    assert run["journal"][1]["reason"] == "the platform said no" and "reason" not in run["journal"][0]
    # Its platform is configured no more: closed, with what is not known.
    site.apply()
    assert site.sql("SELECT state, message LIKE '%gone is no longer configured%did 1 changes' FROM run WHERE id = 1") == [("failed", 1)]
    assert "cut off" not in site.run("plan")[0]


def test_what_sync_off_leaves_alone(site):
    crowd(site, 4)
    site.apply()
    cut_off(site)
    site.run("sync", "disable", "design")
    site.apply(status=3)
    assert site.sql("SELECT state FROM run WHERE id = 1") == [("running",)]
