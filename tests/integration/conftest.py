"""Fixtures for the cases that drive the program on its command line."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from site_fixture import Site, Template  # noqa: E402  pylint: disable=wrong-import-position


@pytest.fixture(scope="session", name="template")
def template_fixture(tmp_path_factory):
    """An identity provider, a DNS server, and a state in which the gate of example.com is open: made once, copied by each site."""
    template = Template(tmp_path_factory.mktemp("template"))
    yield template
    template.stop()


@pytest.fixture(name="site")
def site_fixture(template, tmp_path):
    """A site whose gate is open."""
    return Site(tmp_path / "site", template)


@pytest.fixture(name="closed")
def closed_fixture(template, tmp_path):
    """A site where nothing was done yet."""
    return Site(tmp_path / "site", template, gate_open=False)
