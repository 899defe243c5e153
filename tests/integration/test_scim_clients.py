"""What SCIM clients send to a pushed directory (tests/data/scim), replayed in order: each answer, and what is there at the end."""

import json

import pytest

from scim_push_site import PushSite
from scim_replay import replay_folder
from site_fixture import ROOT

DATA = ROOT / "tests/data/scim"
FOLDERS = sorted(p for p in DATA.iterdir() if p.is_dir())


@pytest.fixture(name="site", scope="module")
def site_fixture(template, tmp_path_factory):
    site = PushSite(tmp_path_factory.mktemp("push") / "site", template, [folder.name for folder in FOLDERS])
    yield site
    site.stop()


@pytest.fixture(name="client")
def client_fixture(site, folder):
    """A directory of its own for each client; all of one server."""
    client = site.client(folder.name, json.loads((folder / "client.json").read_text())["headers"])
    yield client
    client.close()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)
def test_client(client, folder):
    replay_folder(client, folder)
