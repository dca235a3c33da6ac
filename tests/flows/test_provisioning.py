"""A site that has nothing is made ready by the command and by the flow, and the nights can work on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.nightly import nightly
from flows.provision_sharepoint import provision_sharepoint
from tests.flows.conftest import FIRST_NIGHT, MakeTown, PrefectServer
from tests.waiting import AT_MOST

BIN = Path(sys.executable).parent / "hjemmekontor"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: no database is looked into."""
    return sqlite_url


def _provision(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN), "provision-sharepoint", *options]
    return subprocess.run(  # noqa: S603 - our own words
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=AT_MOST, check=False
    )


def test_an_empty_site_is_made_ready_and_a_night_is_run_on_it(
    prefect_server: PrefectServer, make_town: MakeTown
) -> None:
    town = make_town(is_site_empty=True)
    environment = prefect_server.environment | town.environment

    told = _provision(environment, "--dry-run")
    done = _provision(environment)
    again = _provision(environment)

    assert (told.returncode, done.returncode, again.returncode) == (0, 0, 0), done.stderr
    *changes, _ = done.stderr.splitlines()
    assert told.stderr.splitlines()[:-1] == changes
    assert "+ Soknader: listen lages." in changes
    assert again.stderr.splitlines() == ["0 endringer gjort."]
    state = town.night(FIRST_NIGHT)
    assert state.is_completed(), state.message
    assert town.count("cases") == town.count("inbox", "source = 'Soknader'") > 0
    assert len(town.mails()) == town.count("outbox", "kind = 'mail'") > 0


def test_the_flow_says_how_much_was_done_and_what_is_missing(make_town: MakeTown) -> None:
    town = make_town(is_site_empty=True)
    town.sandbox.tenant.grants.site_role = "owner"
    refused = provision_sharepoint(return_state=True)
    town.sandbox.tenant.grants.site_role = "fullcontrol"
    told, done, again = (provision_sharepoint(dry_run=dry, return_state=True) for dry in (True, False, False))

    assert refused.is_failed()
    assert "rollen fullcontrol" in (refused.message or "")
    assert "endringer ville blitt gjort" in (told.message or "")
    assert done.is_completed(), done.message
    assert (again.message or "").startswith("0 endringer gjort")


def test_a_night_before_the_site_is_ready_says_what_to_do(make_town: MakeTown) -> None:
    make_town(is_site_empty=True)
    state = nightly(on=FIRST_NIGHT, return_state=True)
    assert state.is_failed()
    assert "`hjemmekontor provision-sharepoint` makes it" in (state.message or "")
